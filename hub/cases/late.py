"""Late letters (迟发): judged by the case type's clock, allowed with a reason, always flagged; never a failed gate.

A limit counts from what the sender enters, so that is held, too: not after the message was made, and a corrected letter
that names another time is judged by the earliest and shows the change.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.cases.calendar import Calendar
from hub.cases.catalogue import CaseType, ClockRule
from hub.cases.clocks import Due, SiteHours, due_at
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import parse_instant


@dataclass(frozen=True, slots=True)
class Lateness:
    """One limit of an inquiry held against when it was sent."""

    step: str
    due: Due
    late: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class StartChange:
    """A corrected inquiry whose `field`, from which a limit counts, was `before` and is `after`."""

    field: str
    before: str
    after: str


def judge_late(
    case_type: CaseType,
    body: Mapping[str, Any],
    *,
    sent_at: datetime,
    calendar: Calendar,
    hours: SiteHours,
    earlier: Sequence[Mapping[str, Any]] = (),
) -> tuple[Lateness, ...]:
    """Say of each limit that starts at a field of the inquiry whether it was kept.

    `body` has passed `check_body`; `sent_at` is the instant of sending (the hub's acceptance where there is a receipt).
    `earlier` are the bodies of the case's inquiries before this one: the earliest start that was ever named counts.
    """
    return tuple(
        _judge(clock, field, (body, *earlier), sent_at, calendar, hours) for clock, field in _started(case_type, body)
    )


def require_started(case_type: CaseType, body: Mapping[str, Any], *, created: datetime) -> None:
    """Raise Refused (`body.after_created`) when a limit starts at a time after the message was made.

    `body` has passed `check_body`.
    """
    for _, field in _started(case_type, body):
        if parse_instant(body[field], field=f"/body/{field}") > created:
            raise Refused(Code.BODY_AFTER_CREATED, field=f"/body/{field}", detail=body[field])


def changed_starts(
    case_type: CaseType, body: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]
) -> tuple[StartChange, ...]:
    """Return what a corrected inquiry says otherwise than the one before it about when a limit starts.

    `earlier` are the bodies of the case's inquiries before this one, oldest first.
    """
    changes = []
    for _, field in _started(case_type, body):
        before = next((str(old[field]) for old in reversed(earlier) if field in old), body[field])
        if parse_instant(before) != parse_instant(body[field]):
            changes.append(StartChange(field, before, body[field]))
    return tuple(changes)


def require_reason_if_late(
    case_type: CaseType,
    body: Mapping[str, Any],
    *,
    sent_at: datetime,
    calendar: Calendar,
    hours: SiteHours,
    earlier: Sequence[Mapping[str, Any]] = (),
) -> tuple[Lateness, ...]:
    """Return what `judge_late` says, unless something is late without a reason. Raises: Refused (E801)."""
    judged = judge_late(case_type, body, sent_at=sent_at, calendar=calendar, hours=hours, earlier=earlier)
    for lateness in judged:
        reason_field = case_type.clock(lateness.step).late_reason_field
        if lateness.late and reason_field is not None and not lateness.reason:
            raise Refused(Code.LATE_NEEDS_REASON, field=f"/body/{reason_field}", detail=lateness.step)
    return judged


def _started(case_type: CaseType, body: Mapping[str, Any]) -> Iterator[tuple[ClockRule, str]]:
    for clock in case_type.clocks:
        if clock.starts_at_field is not None and clock.starts_at_field in body:
            yield clock, clock.starts_at_field


def _judge(
    clock: ClockRule,
    field: str,
    bodies: Sequence[Mapping[str, Any]],
    sent_at: datetime,
    calendar: Calendar,
    hours: SiteHours,
) -> Lateness:
    body = bodies[0]
    start = min(parse_instant(each[field], field=f"/body/{field}") for each in bodies if field in each)
    due = due_at(clock.kind, clock.limit, start, calendar, hours)
    reason = body.get(clock.late_reason_field) if clock.late_reason_field is not None else None
    return Lateness(clock.step, due, due.is_late(sent_at), reason)
