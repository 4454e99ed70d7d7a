"""What an administrator does about a late case: 督办 (urging the station that is late), 延期 (a later end of one limit).

Whether a limit runs, is late or may be extended is reckoned from the case's messages in the transaction that files the act: what
was looked at may have moved on since.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.cases.extension import MOST_EXTENDED, require_extendable
from hub.exchange.limits import CaseLimit, Reckoning, usual_reckoning
from hub.exchange.search_index import Entry, entry_now, put_entry
from hub.pages.shown import moment
from hub.protocol.administration import AdministrationKind, AdministrativeAct, ExtendDetails, UrgeDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, StationId, parse_case
from hub.protocol.instants import format_instant, parse_instant
from hub.store.case_acts import CaseActRow, insert_case_act

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class LateCase:
    """A case with the limits that have begun."""

    entry: Entry
    limits: tuple[CaseLimit, ...]

    def limit(self, step: str) -> CaseLimit:
        """Return the limit `step` that somebody has to keep now. Raises: Refused (`supervision.not_running`)."""
        found = next((each for each in self.limits if each.rule.step == step), None)
        if found is None or not found.runs or not self.entry.row.open:
            raise Refused(Code.SUPERVISION_NOT_RUNNING, field="step", detail=step)
        return found


def case_for(tx: sa.Connection, case: CaseId, reckoning: Reckoning) -> LateCase:
    """Return a case with its limits as they are now. Raises: Refused (`case.unknown`)."""
    entry = entry_now(tx, case, reckoning)
    if entry is None:
        raise Refused(Code.CASE_UNKNOWN, detail=case)
    return LateCase(entry, entry.reckoned)


def require_late(limit: CaseLimit, *, now: datetime) -> None:
    """Raise Refused (`supervision.not_late`) unless the limit has run out."""
    if not limit.is_over(now):
        raise Refused(Code.SUPERVISION_NOT_LATE, field="step", detail=f"due {format_instant(limit.due)}")


def require_new_end(limit: CaseLimit, due: datetime, *, now: datetime) -> None:
    """Raise Refused (`limit.*`) unless the limit may end at `due` instead: later than now and than it does, not without end."""
    require_extendable(limit.rule)
    if due <= max(limit.due, now):
        raise Refused(Code.EXTENSION_NOT_LATER, field="due_at", values={"before": moment(limit.due)})
    latest = limit.own_due + MOST_EXTENDED
    if due > latest:
        raise Refused(
            Code.EXTENSION_TOO_LONG,
            field="due_at",
            values={"days": MOST_EXTENDED.days, "latest": moment(latest)},
        )


def urge(tx: sa.Connection, act: AdministrativeAct, details: UrgeDetails, raw: bytes, *, now: datetime) -> None:
    """Keep the urging of the station that is late. Raises: Refused (`case.unknown`, `supervision.*`)."""
    found = case_for(tx, parse_case(act.subject), usual_reckoning())
    limit = found.limit(details.step)
    _require_as_seen(limit, details.station, details.due_at)
    require_late(limit, now=now)
    insert_case_act(tx, _row(act, details.station, details.step, None, details.reason, raw), now=now)


def extend(tx: sa.Connection, act: AdministrativeAct, details: ExtendDetails, raw: bytes, *, now: datetime) -> None:
    """Keep the extension, and let the board and the search say the new end. Raises: Refused (`case.unknown`, `supervision.*`,
    `limit.*`)."""
    case, reckoning = parse_case(act.subject), usual_reckoning()
    limit = case_for(tx, case, reckoning).limit(details.step)
    _require_as_seen(limit, details.station, details.before)
    due = parse_instant(details.due_at, field="/details/due_at")
    require_new_end(limit, due, now=now)
    insert_case_act(tx, _row(act, details.station, details.step, format_instant(due), details.reason, raw), now=now)
    entry = entry_now(tx, case, reckoning)
    assert entry is not None
    put_entry(tx, entry)


def _require_as_seen(limit: CaseLimit, station: StationId, due_at: str) -> None:
    seen = parse_instant(due_at, field="/details/due_at")
    if limit.station != station or abs(limit.due - seen) >= _SECOND:
        raise Refused(Code.SUPERVISION_CHANGED, field="due_at", detail=format_instant(limit.due))


def _row(
    act: AdministrativeAct, station: StationId, step: str, due_at: str | None, reason: str, raw: bytes
) -> CaseActRow:
    return CaseActRow(
        id=act.id,
        case_id=parse_case(act.subject),
        kind=AdministrationKind(act.act),
        station=station,
        step=step,
        at=act.at,
        due_at=due_at,
        by_number=act.by.number,
        by_name=act.by.name,
        reason=reason,
        raw=raw,
    )
