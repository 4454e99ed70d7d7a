"""A1: what is open, due today and overdue, by organisation, with a way down; which stations are silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import StationId
from hub.protocol.instants import SHANGHAI, format_instant, parse_instant
from hub.store.search import Standing, first_people, held_cases, opened_between, standings
from hub.store.sign_ins import stations_seen
from hub.store.stations import stations_known
from hub.web.desk.ground import Ground
from hub.web.desk.pages.cases import CaseLine, line_of
from hub.web.desk.shown import day_bounds
from hub.web.desk.visit import Answer, Html, Redirect, Visit

SILENT = timedelta(minutes=15)
DAYS = 14
MOST_HELD = 20
CHART = 1000
"""How many units wide the charts are drawn; the page scales them."""


@dataclass(frozen=True, slots=True)
class OrgLine:
    """One organisation with all below it; the bar's parts are in units of the chart's width."""

    code: str
    name: str
    open: int
    due: int
    late: int
    silent: int
    stations: int
    has_inside: bool
    late_width: int
    due_width: int
    rest_width: int


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day of the chart of cases opened: `date` as month and day, `day` of the month alone, `height` of 100."""

    date: str
    day: str
    count: int
    height: int


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The overview of one organisation (`org` "" : the whole hub) with those right below it.

    An organisation shows in `rows` what it and those below it hold, the most urgent first; the whole hub shows `days` instead.
    """

    before: str | None
    org: str
    name: str
    parents: tuple[tuple[str, str], ...]
    total: OrgLine
    lines: tuple[OrgLine, ...]
    days: tuple[DayBar, ...]
    rows: tuple[CaseLine, ...]
    at: str


def go_to_desk(_ground: Ground, _visit: Visit) -> Answer:
    """The bare address leads to the desk."""
    return Redirect("/desk")


def show_overview(ground: Ground, visit: Visit) -> Answer:
    """A1."""
    return Html("overview.html", overview_page(ground, visit))


def overview_page(ground: Ground, visit: Visit) -> OverviewPage:
    """Return the overview of the organisation that the address names."""
    now, (today, tomorrow) = format_instant(visit.now), day_bounds(visit.now)

    def look(
        tx: sa.Connection,
    ) -> tuple[tuple[StationEntry, ...], tuple[Standing, ...], Mapping[StationId, str]]:
        return stations_known(tx), standings(tx, now=now, today_ends=tomorrow), stations_seen(tx)

    tree = Organisations(*ground.read(look), visit.now)
    org = visit.query.get("org", "")
    org = org if org in tree.by_code else ""
    codes = tree.inside(org)
    most = max((tree.sum(code).open for code in codes), default=0)
    return OverviewPage(
        before=None if visit.session is None else visit.session.before,
        org=org,
        name=tree.by_code[org].name if org else "",
        parents=tree.way_up(org),
        total=tree.line(org, most=0),
        lines=tuple(sorted((tree.line(code, most=most) for code in codes), key=lambda line: (-line.late, -line.open))),
        days=() if org else ground.read(lambda tx: _days(tx, parse_instant(today))),
        rows=_held(ground, visit, tree.all_below(org)) if org else (),
        at=now,
    )


class Organisations:
    """The stations as a tree, with what each has to do; what is counted for one counts for those above it."""

    def __init__(
        self,
        entries: Sequence[StationEntry],
        standing: Sequence[Standing],
        seen: Mapping[StationId, str],
        now: datetime,
    ) -> None:
        self.by_code: dict[str, StationEntry] = {entry.code: entry for entry in entries}
        self._own = {each.station: each for each in standing}
        self._silent = {
            entry.code
            for entry in entries
            if entry.active and (entry.code not in seen or now - parse_instant(seen[entry.code]) > SILENT)
        }
        self._inside: dict[str, list[str]] = {}
        for entry in entries:
            parent = entry.parent if entry.parent in self.by_code else ""
            self._inside.setdefault(parent or "", []).append(entry.code)

    def inside(self, org: str) -> tuple[str, ...]:
        """Return the organisations right below; for one that has none, itself."""
        return tuple(self._inside.get(org, [org] if org else []))

    def all_below(self, org: str) -> tuple[str, ...]:
        """Return an organisation and everything below it."""
        found, waiting = [], [org]
        while waiting:
            code = waiting.pop()
            found.append(code)
            waiting += self._inside.get(code, [])
        return tuple(found)

    def sum(self, org: str) -> Standing:
        """Return what an organisation and all below it have to do."""
        own = [self._own[StationId(code)] for code in self.all_below(org) if code in self._own]
        return Standing(
            StationId(org), sum(each.open for each in own), sum(each.due for each in own), sum(e.late for e in own)
        )

    def way_up(self, org: str) -> tuple[tuple[str, str], ...]:
        """Return code and name of the organisations above, the top first."""
        found: list[tuple[str, str]] = []
        entry = self.by_code.get(org)
        while entry is not None and entry.parent and entry.parent in self.by_code and len(found) < 10:
            entry = self.by_code[entry.parent]
            found.insert(0, (entry.code, entry.name))
        return tuple(found)

    def line(self, org: str, *, most: int) -> OrgLine:
        """Return an organisation's line; `most` open cases fill the chart's width."""
        whole, below = self.sum(org), self.all_below(org)
        entry = self.by_code.get(org)

        def width(count: int) -> int:
            return round(count * CHART / most) if most else 0

        rest = max(0, whole.open - whole.due - whole.late)
        return OrgLine(
            code=org,
            name="" if entry is None else entry.name,
            open=whole.open,
            due=whole.due,
            late=whole.late,
            silent=len(self._silent & set(below)),
            stations=len([code for code in below if code]),
            has_inside=bool(self._inside.get(org)),
            late_width=width(whole.late),
            due_width=width(whole.due),
            rest_width=width(rest),
        )


def _held(ground: Ground, visit: Visit, stations: Sequence[str]) -> tuple[CaseLine, ...]:
    def look(tx: sa.Connection) -> tuple[CaseLine, ...]:
        found = held_cases(tx, stations, limit=MOST_HELD)
        people = {str(case): person for case, person in first_people(tx, [row.case_id for row in found]).items()}
        return tuple(line_of(ground, visit, row, names, people) for row in found)

    names = ground.station_names()
    return ground.read(look)


def _days(tx: sa.Connection, today: datetime) -> tuple[DayBar, ...]:
    begins = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counts = [opened_between(tx, format_instant(day), format_instant(day + timedelta(days=1))) for day in begins]
    highest = max(counts)
    local = [day.astimezone(SHANGHAI) for day in begins]
    return tuple(
        DayBar(day.strftime("%m-%d"), day.strftime("%d"), count, round(count * 100 / highest) if highest else 0)
        for day, count in zip(local, counts, strict=True)
    )
