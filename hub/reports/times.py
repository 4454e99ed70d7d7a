"""Was each inquiry of a case in time? For the evidence report: judged by the hub's receipts, the sender's word beside it.

Only limits of whole calendar days are judged here: they need no station's opening hours, so that anybody derives the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.cases.calendar import default_calendar
from hub.cases.catalogue import CaseType, ClockKind, default_catalogue
from hub.cases.clocks import SiteHours
from hub.cases.late import Lateness, changed_starts, judge_late
from hub.protocol.envelope import Envelope, Kind
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant, parse_instant
from hub.trail.evidence.report import ReportTime, TimedEnvelope


def judge_times(timeline: Sequence[TimedEnvelope]) -> tuple[ReportTime, ...]:
    """Return the limits of the inquiries in `timeline`, oldest first. Never raises: what cannot be read has no line."""
    found: list[ReportTime] = []
    earlier: list[Mapping[str, Any]] = []
    for line in timeline:
        if line.envelope.kind is not Kind.INQUIRY:
            continue
        try:
            case_type = default_catalogue().case_type(line.envelope.type)
            found += _of_inquiry(line, case_type, earlier)
            earlier.append(line.envelope.body)
        except (Refused, TypeError):  # another catalogue's type, a field that is no instant
            continue
    return tuple(found)


def _of_inquiry(line: TimedEnvelope, case_type: CaseType, earlier: list[Mapping[str, Any]]) -> list[ReportTime]:
    envelope = line.envelope
    as_made = {each.step: each.late for each in _judged(envelope, case_type, envelope.created, earlier)}
    changes = {change.field: change.before for change in changed_starts(case_type, envelope.body, earlier)}
    return [
        ReportTime(
            envelope=line.number,
            step=each.step,
            due_at=format_instant(each.due.at),
            received_at=line.accepted_at,
            late=each.late,
            reason=each.reason,
            made_at=envelope.created,
            in_time_as_claimed=not as_made[each.step],
            start_before=changes.get(case_type.clock(each.step).starts_at_field or ""),
        )
        for each in _judged(envelope, case_type, line.accepted_at or envelope.created, earlier)
        if each.due.kind is ClockKind.CALENDAR_DAY
    ]


def _judged(envelope: Envelope, case_type: CaseType, at: str, earlier: list[Mapping[str, Any]]) -> tuple[Lateness, ...]:
    return judge_late(
        case_type,
        envelope.body,
        sent_at=parse_instant(at),
        calendar=default_calendar(),
        hours=SiteHours(),
        earlier=earlier,
    )
