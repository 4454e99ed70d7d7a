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
        Line(words(f"diagnostics.{each.key}"), words(f"diagnostics.{each.key}_says", **_shown(each.values)), each.state)
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


def _shown(values: dict[str, str]) -> dict[str, str]:
    return {key: moment(value) if key in _INSTANTS else value for key, value in values.items()}
