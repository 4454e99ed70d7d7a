"""Was an inquiry sent in time? Judged by the hub's clock where it has a receipt; what only the station says is shown as that.

For the time that the hub was away nobody but the station knows when its letter was ready: `Claim` repeats its word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from hub.cases.calendar import default_calendar
from hub.cases.catalogue import CaseType, Catalogue
from hub.cases.clocks import SiteHours
from hub.cases.late import StartChange, changed_starts, judge_late
from hub.protocol.envelope import Kind
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import format_instant, parse_instant
from hub.signing.certificates import CertificateSource, Certified, read_certificate
from hub.signing.envelopes import SignedEnvelope, open_envelope
from station_agent.agent import Agent
from station_agent.store.envelopes import envelopes_of, receipts_for
from station_agent.store.outbox import outbox_row_of
from station_agent.store.trust import find_certificate

CLAIMED_FROM = timedelta(seconds=60)  # a receipt that follows sooner needs no word of the station


@dataclass(frozen=True, slots=True)
class Claim:
    """What the sending station says, unproved: when the message was made (its clock), when its agent first failed to reach
    the hub (known at the sender's only), and whether that would have been in time."""

    made_at: str
    first_failed_at: str | None
    in_time: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """One limit of one inquiry. `received_at` is the hub's time, None while there is no receipt; `late` is judged by it, or
    by the time of making until there is one. `changed` says what a correction moved; `claim` is None when nothing is claimed."""

    envelope: Digest
    step: str
    due_at: str
    received_at: str | None
    late: bool
    reason: str | None
    claim: Claim | None
    changed: tuple[StartChange, ...]


def is_late(tx: Connection, agent: Agent, signed: SignedEnvelope, *, sent_at: datetime) -> bool:
    """Say whether an inquiry is late when it was sent at `sent_at`; the inquiries of its case before it count, too."""
    envelope = signed.envelope
    case_type = agent.catalogue.case_type(envelope.type)
    earlier = [
        before.envelope.body for before in _inquiries(tx, envelope.case, agent.knowledge.find, before=signed.digest)
    ]
    judged = judge_late(
        case_type,
        envelope.body,
        sent_at=sent_at,
        calendar=default_calendar(),
        hours=agent.settings.hours,
        earlier=earlier,
    )
    return any(lateness.late for lateness in judged)


def earlier_bodies(tx: Connection, agent: Agent, case: CaseId) -> list[Mapping[str, Any]]:
    """Return the bodies of the inquiries of `case` so far, oldest first."""
    return [signed.envelope.body for signed in _inquiries(tx, case, agent.knowledge.find)]


def timings(tx: Connection, case: CaseId, *, catalogue: Catalogue, hours: SiteHours) -> tuple[Timing, ...]:
    """Return every limit of the case's inquiries as it stands, oldest first."""
    found: list[Timing] = []
    earlier: list[Mapping[str, Any]] = []
    for signed in _inquiries(tx, case, _certificates(tx)):
        case_type = catalogue.case_type(signed.envelope.type)
        found += _of_inquiry(tx, signed, case_type, earlier, hours)
        earlier.append(signed.envelope.body)
    return tuple(found)


def _of_inquiry(
    tx: Connection, signed: SignedEnvelope, case_type: CaseType, earlier: list[Mapping[str, Any]], hours: SiteHours
) -> list[Timing]:
    envelope = signed.envelope
    receipts = receipts_for(tx, signed.digest)
    made_at = parse_instant(envelope.created)
    received_at = parse_instant(receipts[0].time) if receipts else None
    item = outbox_row_of(tx, signed.digest)
    first_failed_at = None if item is None else item.first_failed_at

    def judged(at: datetime) -> dict[str, bool]:
        return {
            each.step: each.late
            for each in judge_late(
                case_type, envelope.body, sent_at=at, calendar=default_calendar(), hours=hours, earlier=earlier
            )
        }

    as_made = judged(made_at)
    claims = received_at is None or received_at - made_at > CLAIMED_FROM or first_failed_at is not None
    return [
        Timing(
            envelope=signed.digest,
            step=lateness.step,
            due_at=format_instant(lateness.due.at),
            received_at=None if received_at is None else format_instant(received_at),
            late=lateness.late,
            reason=lateness.reason,
            claim=Claim(envelope.created, first_failed_at, not as_made[lateness.step]) if claims else None,
            changed=changed_starts(case_type, envelope.body, earlier),
        )
        for lateness in judge_late(
            case_type,
            envelope.body,
            sent_at=received_at or made_at,
            calendar=default_calendar(),
            hours=hours,
            earlier=earlier,
        )
    ]


def _inquiries(
    tx: Connection, case: CaseId, find: CertificateSource, *, before: Digest | None = None
) -> list[SignedEnvelope]:
    found = []
    for row in envelopes_of(tx, case):
        if row.digest == before:
            break
        item = outbox_row_of(tx, row.digest)
        given_up = item is not None and item.state == "dropped"
        if row.kind == Kind.INQUIRY.value and not given_up:
            found.append(open_envelope(row.raw, certificates=find))
    return found


def _certificates(tx: Connection) -> CertificateSource:
    def find(x5t: str) -> Certified | None:
        pem = find_certificate(tx, x5t)
        return None if pem is None else read_certificate(pem)

    return find
