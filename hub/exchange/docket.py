"""What one envelope may do to its case, judged against what is filed and what this batch has already ruled. Pure.

The hub judges order and parties: whose turn it is, who writes to whom, what belongs together. Whether the officer named
held the role is proved by signed acts, which the agents verify on their own keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from hub.cases.machine import Side, case_event, default_machine
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Envelope, Kind
from hub.protocol.erasure import ERASED
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import CaseId, Digest, EnvelopeId, StationId
from hub.signing.envelopes import SignedEnvelope
from hub.store.filed import Alarm, CaseRow, FiledEnvelope

MAX_DISPUTES = 2
CHECKS = ("hub.station", "hub.addressee", "hub.case", "hub.previous", "hub.attachments")
AGENT_NUMBER = "agent"


@dataclass(slots=True)
class Docket:
    """What is known while one batch is judged. The mappings grow with each ruling, so that later envelopes of the same
    batch see the earlier ones.

    `stations`: code -> active. `held`: (blob, station) -> size in bytes. `handed_over`: filing numbers with a handover.
    """

    stations: Mapping[StationId, bool]
    by_digest: dict[Digest, FiledEnvelope]
    by_id: dict[EnvelopeId, FiledEnvelope]
    cases: dict[CaseId, CaseRow]
    held: dict[tuple[str, str], int]
    handed_over: set[int]
    next_seq: int
    opened: dict[CaseId, CaseRow] = field(default_factory=dict)
    changed: dict[CaseId, CaseRow] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)


class Submission(msgspec.Struct, frozen=True):
    """A verified envelope to file; `verified` names the checks that it has passed."""

    signed: SignedEnvelope
    verified: tuple[str, ...]


class Ruling(msgspec.Struct, frozen=True):
    """An envelope that may be filed: under which number, and for a handover the envelope that it hands over."""

    submission: Submission
    filed: FiledEnvelope
    hands_over: FiledEnvelope | None


def rule(submission: Submission, docket: Docket) -> Ruling:
    """Say that an envelope may be filed, and enter it in the docket.

    The same bytes are recognised before. Raises: Refused; the docket is as before, but for an alarm.
    """
    envelope = submission.signed.envelope
    _require_new_id(submission.signed, docket)
    _require_stations(envelope, docket)
    hands_over = None
    if envelope.kind is Kind.HANDOVER:
        hands_over = _require_handover(envelope, docket)
        case = _after_handover(_case_of(envelope, docket), hands_over)
    elif envelope.kind is Kind.INQUIRY and envelope.previous is None:
        case = _open_case(envelope, docket)
    else:
        case = _step(_case_of(envelope, docket), envelope)
    _require_previous(envelope, docket)
    _require_attachments(envelope.attachments, envelope.from_, docket)
    return _enter(submission, case, hands_over, docket)


def _enter(submission: Submission, case: CaseRow, hands_over: FiledEnvelope | None, docket: Docket) -> Ruling:
    envelope = submission.signed.envelope
    filed = FiledEnvelope(
        docket.next_seq,
        submission.signed.digest,
        envelope.id,
        case.id,
        envelope.kind.value,
        envelope.from_,
        envelope.to,
    )
    if case.id not in docket.cases or case.id in docket.opened:
        docket.opened[case.id] = case
    elif docket.cases[case.id] is not case:
        docket.changed[case.id] = case
    docket.cases[case.id] = case
    docket.by_digest[filed.digest] = docket.by_id[filed.id] = filed
    docket.next_seq += 1
    if hands_over is not None:
        docket.handed_over.add(hands_over.seq)
    for attachment in envelope.attachments:
        docket.held[attachment.digest, envelope.to] = attachment.size
    return Ruling(submission, filed, hands_over)


def _require_new_id(signed: SignedEnvelope, docket: Docket) -> None:
    known = docket.by_id.get(signed.envelope.id)
    if known is None:
        return
    docket.alarms.append(
        Alarm(Code.ENVELOPE_ID_REUSED.value, signed.envelope.from_, signed.envelope.id, signed.digest, known.digest)
    )
    raise Refused(Code.ENVELOPE_ID_REUSED, field="/id", detail=signed.envelope.id)


def _require_stations(envelope: Envelope, docket: Docket) -> None:
    active = docket.stations.get(envelope.from_)
    if not active:
        code = Code.STATION_UNKNOWN if active is None else Code.STATION_SUSPENDED
        raise NotPermitted(code, field="/from", detail=envelope.from_)
    if not docket.stations.get(envelope.to) or envelope.to == envelope.from_:
        raise Refused(Code.ENVELOPE_ADDRESSEE, field="/to", detail=envelope.to)


def _case_of(envelope: Envelope, docket: Docket) -> CaseRow:
    case = docket.cases.get(envelope.case)
    if case is None:
        raise Refused(Code.CASE_UNKNOWN, field="/case", detail=envelope.case)
    if case.state == ERASED:
        raise Refused(Code.CASE_ERASED, field="/case", detail=envelope.case)
    if case.type != envelope.type:
        raise Refused(Code.CASE_OTHER_TYPE, field="/type", detail=f"{envelope.type}, opened as {case.type}")
    if {envelope.from_, envelope.to} != {case.opener, case.respondent}:
        raise NotPermitted(Code.CASE_PARTIES, field="/from", detail=envelope.case)
    return case


def _open_case(envelope: Envelope, docket: Docket) -> CaseRow:
    # The number names its opener, so that no station can take another's numbers.
    if not envelope.case.startswith(f"{envelope.type}-{envelope.from_}-"):
        raise Refused(Code.CASE_NUMBER, field="/case", detail=envelope.case)
    if envelope.case in docket.cases:
        raise Refused(Code.CASE_KNOWN, field="/case", detail=envelope.case)
    new = CaseRow(envelope.case, envelope.type, envelope.from_, envelope.to, default_machine("case").initial, 0)
    return _step(new, envelope)


def _step(case: CaseRow, envelope: Envelope) -> CaseRow:
    side = Side.OPENER if envelope.from_ == case.opener else Side.ANSWERER
    state = _next_state(case.state, case_event(envelope.kind), side, case.disputes < MAX_DISPUTES)
    disputes = case.disputes + (envelope.kind is Kind.DISPUTE)
    return CaseRow(case.id, case.type, case.opener, case.respondent, state, disputes)


@lru_cache(maxsize=1024)
def _next_state(state: str, event: str, side: Side, disputes_left: bool) -> str:
    machine = default_machine("case")
    ways = machine.ways.get((state, event), ())
    actor = ways[0].by[0] if ways else "system"
    facts = set(machine.rules.guards)  # proved to the agents, by what the envelope carries
    if not disputes_left:
        facts.discard("disputes_left")
    return machine.step(state, event, by=actor, side=side, facts=facts)


def _require_handover(envelope: Envelope, docket: Docket) -> FiledEnvelope:
    received = envelope.body.get("received")
    if envelope.officer.number != AGENT_NUMBER or envelope.previous != received or envelope.attachments:
        raise Refused(Code.HANDOVER_FORM, field="/body/received")
    delivered = docket.by_digest.get(Digest(str(received)))
    if (
        delivered is None
        or delivered.kind == Kind.HANDOVER.value
        or (delivered.case, delivered.receiver, delivered.sender) != (envelope.case, envelope.from_, envelope.to)
    ):
        raise Refused(Code.HANDOVER_UNKNOWN, field="/body/received")
    if delivered.seq in docket.handed_over:
        raise Refused(Code.HANDOVER_REPEATED, field="/body/received")
    return delivered


def _after_handover(case: CaseRow, delivered: FiledEnvelope) -> CaseRow:
    # Only an inquiry's handover moves the case; and what was received stays received, whatever happened meanwhile.
    event = case_event(Kind.HANDOVER)
    if delivered.kind != Kind.INQUIRY.value or (case.state, event) not in default_machine("case").ways:
        return case
    return msgspec.structs.replace(case, state=_next_state(case.state, event, Side.ANSWERER, disputes_left=True))


def _require_previous(envelope: Envelope, docket: Docket) -> None:
    if envelope.previous is None:
        if envelope.kind is not Kind.INQUIRY:
            raise Refused(Code.ENVELOPE_PREVIOUS, field="/previous")
        return
    previous = docket.by_digest.get(envelope.previous)
    if previous is None or previous.case != envelope.case:
        raise Refused(Code.ENVELOPE_PREVIOUS, field="/previous")


def _require_attachments(attachments: tuple[Attachment, ...], sender: StationId, docket: Docket) -> None:
    for position, attachment in enumerate(attachments):
        size = docket.held.get((attachment.digest, sender))
        if size is None:
            raise Refused(Code.ATTACHMENT_MISSING, field=f"/attachments/{position}", detail=attachment.digest)
        if size != attachment.size:
            raise Refused(Code.ATTACHMENT_SIZE, field=f"/attachments/{position}/size", detail=f"{size} bytes here")
