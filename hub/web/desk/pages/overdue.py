"""A4: every open case whose limit has run out, by the organisation above the one that holds it, the longest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.cases.extension import why_fixed
from hub.protocol.errors import Refused
from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import CaseId, StationId
from hub.protocol.instants import format_instant, parse_instant
from hub.signing.purposes import OfficerRole
from hub.store.case_acts import urges_counted
from hub.store.search import IndexedCase, overdue_cases
from hub.store.stations import stations_known
from hub.web.desk.ground import Ground
from hub.web.desk.shown import TONES, clock_rule, state_name, step_name, type_name
from hub.web.desk.visit import Answer, Html, Visit

MOST = 200


@dataclass(frozen=True, slots=True)
class OverdueLine:
    """One case that is overdue: who holds it, which limit, since when, for how long; how often it was urged. `fixed`: why the limit
    is never extended, "" when it may be."""

    case: str
    type: str
    state: str
    tone: str
    holder: str
    step: str
    due_at: str
    over: timedelta
    other: str
    urged: int
    fixed: str


@dataclass(frozen=True, slots=True)
class OverdueGroup:
    """The overdue cases below one organisation."""

    name: str
    rows: tuple[OverdueLine, ...]


@dataclass(frozen=True, slots=True)
class OverduePage:
    """The board; `more`: there are further ones behind those shown. `administrator`: the visitor may urge and extend."""

    groups: tuple[OverdueGroup, ...]
    count: int
    more: bool
    at: str
    administrator: bool


def show_overdue(ground: Ground, visit: Visit) -> Answer:
    """A4."""
    now = format_instant(visit.now)

    def look(tx: sa.Connection) -> tuple[tuple[StationEntry, ...], tuple[IndexedCase, ...], dict[CaseId, int]]:
        found = overdue_cases(tx, now=now, stations=None, limit=MOST + 1)
        return stations_known(tx), found, urges_counted(tx, [row.case_id for row in found])

    entries, found, urged = ground.read(look)
    groups = _grouped(ground, visit, entries, found[:MOST], urged)
    administrator = OfficerRole.ADMINISTRATOR in visit.person.roles
    return Html("overdue.html", OverduePage(groups, len(found[:MOST]), len(found) > MOST, now, administrator))


def _grouped(
    ground: Ground,
    visit: Visit,
    entries: Sequence[StationEntry],
    found: Sequence[IndexedCase],
    urged: Mapping[CaseId, int],
) -> tuple[OverdueGroup, ...]:
    by_code = {entry.code: entry for entry in entries}
    groups: dict[str, list[OverdueLine]] = {}
    for row in found:
        holder = by_code.get(row.holder) if row.holder is not None else None
        above = by_code.get(holder.parent) if holder is not None and holder.parent is not None else None
        line = _line(ground, visit, row, by_code, urged.get(row.case_id, 0))
        groups.setdefault(above.name if above is not None else "", []).append(line)
    return tuple(OverdueGroup(name, tuple(rows)) for name, rows in sorted(groups.items(), key=lambda g: -len(g[1])))


def _line(
    ground: Ground, visit: Visit, row: IndexedCase, by_code: Mapping[StationId, StationEntry], urged: int
) -> OverdueLine:
    def name(code: str | None) -> str:
        entry = by_code.get(StationId(code or ""))
        return (code or "") if entry is None else entry.name

    return OverdueLine(
        case=row.case_id,
        type=type_name(ground, visit.words, row.type),
        state=state_name(visit.words, row.state),
        tone=TONES.get(row.state, "idle"),
        holder=name(row.holder),
        step=step_name(ground, visit.words, row.type, row.step),
        due_at=row.due_at or "",
        over=_over(visit.now, row.due_at),
        other=name(row.opener if row.holder == row.respondent else row.respondent),
        urged=urged,
        fixed=_fixed(ground, visit, row),
    )


def _fixed(ground: Ground, visit: Visit, row: IndexedCase) -> str:
    rule = clock_rule(ground, row.type, row.step)
    code = None if rule is None else why_fixed(rule)
    if rule is None or code is None:
        return ""
    return visit.words.error(Refused(code, values={"step": visit.words.of(rule)}))[0]


def _over(now: datetime, due_at: str | None) -> timedelta:
    return timedelta() if due_at is None else now - parse_instant(due_at)
