"""Late letters (迟发): judged by the case type's clock, allowed with a reason, always flagged; never a failed gate."""

from collections.abc import Mapping
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


def judge_late(
    case_type: CaseType, body: Mapping[str, Any], *, sent_at: datetime, calendar: Calendar, hours: SiteHours
) -> tuple[Lateness, ...]:
    """Say of each limit that starts at a field of the inquiry whether it was kept.

    `body` has passed `check_body`; `sent_at` is the instant of sending (the hub's acceptance where there is a receipt).
    """
    return tuple(
        _judge(clock, body, sent_at, calendar, hours)
        for clock in case_type.clocks
        if clock.starts_at_field is not None and clock.starts_at_field in body
    )


def require_reason_if_late(
    case_type: CaseType, body: Mapping[str, Any], *, sent_at: datetime, calendar: Calendar, hours: SiteHours
) -> tuple[Lateness, ...]:
    """Return what `judge_late` says, unless something is late without a reason. Raises: Refused (E801)."""
    judged = judge_late(case_type, body, sent_at=sent_at, calendar=calendar, hours=hours)
    for lateness in judged:
        reason_field = case_type.clock(lateness.step).late_reason_field
        if lateness.late and reason_field is not None and not lateness.reason:
            raise Refused(Code.LATE_NEEDS_REASON, field=f"/body/{reason_field}", detail=lateness.step)
    return judged


def _judge(
    clock: ClockRule, body: Mapping[str, Any], sent_at: datetime, calendar: Calendar, hours: SiteHours
) -> Lateness:
    start = parse_instant(body[clock.starts_at_field or ""], field=f"/body/{clock.starts_at_field}")
    due = due_at(clock.kind, clock.limit, start, calendar, hours)
    reason = body.get(clock.late_reason_field) if clock.late_reason_field is not None else None
    return Lateness(clock.step, due, due.is_late(sent_at), reason)
