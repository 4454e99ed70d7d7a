"""O18: how this station's machine stands, and the same as a file to hand on: counts, codes and ages, nobody's data."""

from dataclasses import dataclass

from hub.cases.calendar import default_calendar
from hub.pages.shown import moment
from hub.pages.wording import Words
from station_agent.diagnostics import Diagnosis, diagnose, package
from station_agent.web.desk import Desk
from station_agent.web.visit import Answer, File, Html, Visit

_INSTANTS = ("at",)
_ORDER = ("bad", "watch", "good")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at, in words."""

    name: str
    says: str
    state: str


@dataclass(frozen=True, slots=True)
class DiagnosticsPage:
    """Everything looked at, what needs doing first; `bad` how many of those."""

    at: str
    lines: tuple[Line, ...]
    bad: int
    program: str
    store: str
    python: str
    system: str


def show_diagnostics(desk: Desk, visit: Visit) -> Answer:
    """The page."""
    found = diagnose(desk.agent, calendar=default_calendar(), now=visit.now)
    return Html("diagnostics.html", page_of(found, visit.words))


def export_package(desk: Desk, visit: Visit) -> Answer:
    """The file."""
    found = diagnose(desk.agent, calendar=default_calendar(), now=visit.now)
    day = found.at[:10]
    return File(package(found), "application/octet-stream", f"hanxun-diagnostics-{found.station}-{day}.json")


def page_of(found: Diagnosis, words: Words) -> DiagnosticsPage:
    """Return a diagnosis in words."""
    lines = [
        Line(words(f"diagnostics.{each.key}"), _says(each.key, each.values, words), each.state)
        for each in found.findings
    ]
    return DiagnosticsPage(
        at=found.at,
        lines=tuple(sorted(lines, key=lambda line: _ORDER.index(line.state))),
        bad=sum(line.state == "bad" for line in lines),
        program=found.version,
        store=found.store,
        python=found.python,
        system=found.system,
    )


def _says(key: str, values: dict[str, str], words: Words) -> str:
    """One finding in words: instants as Beijing time, a certificate by what it is for, no codes where there are none."""
    shown = {name: moment(value) if name in _INSTANTS else value for name, value in values.items()}
    known = f"diagnostics.of_{shown.get('name', '').replace(' ', '_')}"
    if words.has(known):
        shown["name"] = words(known)
    clear = f"diagnostics.{key}_clear_says"
    return words(clear if shown.get("troubles") == "—" and words.has(clear) else f"diagnostics.{key}_says", **shown)
