"""The time limits of a case as the hub reckons them: from its messages, the case type, and what administrators have extended. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.cases.calendar import Calendar, default_calendar
from hub.cases.catalogue import CaseType, Catalogue, ClockRule, default_catalogue
from hub.cases.clocks import SiteHours, due_at
from hub.cases.extension import Extension, extended, in_force
from hub.cases.machine import Machine, Side, default_machine
from hub.protocol.administration import AdministrationKind
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId
from hub.protocol.instants import parse_instant
from hub.store.case_acts import CaseActRow
from hub.store.search import CaseRecord, FiledMessage

_OTHERS_TURN = ("awaiting_supply", "returned")
"""States in which the other side is waited for: the answerer's limits stand still."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """By what limits are reckoned: case types, the life of a case, holidays, opening hours."""

    catalogue: Catalogue
    machine: Machine
    calendar: Calendar
    hours: SiteHours


@dataclass(frozen=True, slots=True)
class CaseLimit:
    """One limit that has begun: `station` has to keep it. It ends at `due`, by itself at `own_due`; `extensions` lie between.

    `done_at`: when it was met (None: not yet); `paused`: stands still; `reason` why it was missed, as the station wrote it.
    """

    rule: ClockRule
    station: StationId
    start: datetime
    own_due: datetime
    due: datetime
    extensions: tuple[Extension, ...]
    done_at: datetime | None
    paused: bool
    reason: str | None

    @property
    def runs(self) -> bool:
        """Whether somebody has to keep it now."""
        return self.done_at is None and not self.paused

    def is_over(self, now: datetime) -> bool:
        """Whether it has run out; fractions of the last second are in time."""
        return now.replace(microsecond=0) > self.due


def usual_reckoning() -> Reckoning:
    """Return by what limits are reckoned at the hub: the windows' usual hours, as it does not know each station's own."""
    return Reckoning(default_catalogue(), default_machine("case"), default_calendar(), SiteHours())


def extensions_among(acts: Sequence[CaseActRow]) -> tuple[Extension, ...]:
    """Return the extensions among the acts about a case."""
    return tuple(
        Extension(
            row.step, parse_instant(row.at), parse_instant(row.due_at), f"{row.by_name} {row.by_number}", row.reason
        )
        for row in acts
        if row.kind is AdministrationKind.EXTEND_LIMIT and row.due_at is not None
    )


def limits_of_case(
    record: CaseRecord,
    messages: Sequence[FiledMessage],
    body: Mapping[str, Any],
    case_type: CaseType,
    reckoning: Reckoning,
    extensions: Sequence[Extension],
) -> tuple[CaseLimit, ...]:
    """Return the limits that have begun, in the order of the case type. `body` is the newest inquiry's."""
    moments = _moments(messages, reckoning.machine)
    found = []
    for rule in case_type.clocks:
        start = _start(rule, moments, body)
        if start is None:
            continue
        due = due_at(rule.kind, rule.limit, start, reckoning.calendar, reckoning.hours).at
        counting = in_force(rule, start, due, extensions)
        done_at = moments.get(rule.stops_at_event)
        if done_at is not None and done_at < start:
            done_at = None
        reason = body.get(rule.late_reason_field) if rule.late_reason_field is not None else None
        found.append(
            CaseLimit(
                rule=rule,
                station=record.opener if rule.side is Side.OPENER else record.respondent,
                start=start,
                own_due=due,
                due=extended(due, counting),
                extensions=counting,
                done_at=done_at,
                paused=rule.paused and record.state in _OTHERS_TURN,
                reason=str(reason) if reason else None,
            )
        )
    return tuple(found)


def _moments(messages: Sequence[FiledMessage], machine: Machine) -> dict[str, datetime]:
    """When each event of M1 last happened, since the newest inquiry."""
    moments: dict[str, datetime] = {}
    for message in messages:
        if message.kind == Kind.INQUIRY:
            moments = {}
        event, at = machine.event_of(Kind(message.kind)), parse_instant(message.received_at)
        # Each message is handed over; what the limits run from is when the inquiry was.
        moments[event] = moments.get(event, at) if message.kind == Kind.HANDOVER else at
    return moments


def _start(rule: ClockRule, moments: Mapping[str, datetime], body: Mapping[str, Any]) -> datetime | None:
    if rule.starts_at_event is not None:
        return moments.get(rule.starts_at_event)
    try:
        return parse_instant(str(body.get(rule.starts_at_field or "", "")))
    except Refused:
        return None
