"""Does a delivery hold? Envelope, receipt, trail, addressee, case and body are judged here, never by the hub's word."""

from dataclasses import dataclass
from datetime import datetime

from hub.cases.body import check_body
from hub.cases.late import require_started
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.instants import SHANGHAI, parse_instant
from hub.protocol.verdict import NotVerified, Verdict, failures, passed
from hub.signing.envelopes import SignedEnvelope, check_envelope, open_envelope
from hub.signing.receipts import SignedReceipt, open_receipt
from hub.trail.position import parse_position
from station_agent.agent import Agent
from station_agent.receipts import check_receipt_for
from station_agent.store.cases import find_case
from station_agent.store.envelopes import find_envelope
from station_agent.store.trust import CheckpointRow, find_checkpoint


@dataclass(frozen=True, slots=True)
class Verified:
    """A delivery that holds, apart from its attachments' bytes."""

    signed: SignedEnvelope
    receipt: SignedReceipt
    verdict: Verdict


def verify_delivery(agent: Agent, envelope: bytes | None, receipts: tuple[bytes, ...], *, now: datetime) -> Verified:
    """Return the opened delivery. Raises: NotVerified with every check that was made."""
    try:
        signed, receipt = _open(agent, envelope, receipts)
    except Refused as error:
        raise NotVerified(Verdict(failures("delivery.open", (error,)))) from error
    at = parse_instant(receipt.receipt.time)
    verdict = check_envelope(signed, trust=agent.knowledge.trust(), at=at, now=now)
    verdict += _check_receipt(agent, signed, receipt, now)
    try:
        _require_for_us(agent, signed)
        check_body(
            agent.catalogue.case_type(signed.envelope.type),
            signed.envelope.kind,
            signed.envelope.body,
            signed.envelope.attachments,
            today=at.astimezone(SHANGHAI).date(),
        )
        if signed.envelope.kind is Kind.INQUIRY:
            case_type = agent.catalogue.case_type(signed.envelope.type)
            require_started(case_type, signed.envelope.body, created=parse_instant(signed.envelope.created))
    except Refused as error:
        verdict += Verdict(failures("delivery.content", (error,)))
    else:
        verdict += Verdict((passed("delivery.content"),))
    verdict.require()
    return Verified(signed, receipt, verdict)


def _open(agent: Agent, envelope: bytes | None, receipts: tuple[bytes, ...]) -> tuple[SignedEnvelope, SignedReceipt]:
    if envelope is None or not receipts:
        raise Refused(Code.NO_RECEIPT, detail="delivery without envelope or receipt")
    signed = open_envelope(envelope, certificates=agent.knowledge.find)
    return signed, open_receipt(receipts[0], certificates=agent.knowledge.find)


def _check_receipt(agent: Agent, signed: SignedEnvelope, receipt: SignedReceipt, now: datetime) -> Verdict:
    is_handover = signed.envelope.kind is Kind.HANDOVER
    return check_receipt_for(
        receipt,
        envelope=handed_over(signed) if is_handover else signed.digest,
        handover=signed.digest if is_handover else None,
        trust=agent.knowledge.trust(),
        log_key=agent.log_key,
        seen=_seen(agent, receipt),
        now=now,
    )


def handed_over(signed: SignedEnvelope) -> Digest:
    """Return the digest of the envelope that a handover speaks of."""
    return Digest(str(signed.envelope.body.get("received")))


def _seen(agent: Agent, receipt: SignedReceipt) -> CheckpointRow | None:
    if receipt.receipt.trail is None:
        return None
    try:
        size = parse_position(receipt.receipt.trail).signed.checkpoint.size
    except Refused:
        return None  # the position's own check says what is wrong with it
    with agent.store.read() as tx:
        return find_checkpoint(tx, agent.log_key.name, size)


def _require_for_us(agent: Agent, signed: SignedEnvelope) -> None:
    envelope = signed.envelope
    if envelope.to != agent.station:
        raise Refused(Code.OTHER_ADDRESSEE, values={"to": envelope.to})
    with agent.store.read() as tx:
        case = find_case(tx, envelope.case)
        delivered = find_envelope(tx, handed_over(signed)) if envelope.kind is Kind.HANDOVER else None
    if case is None:
        # Only an inquiry opens a case, and only one with its opener's number.
        if envelope.kind is not Kind.INQUIRY or not envelope.case.startswith(f"{envelope.type}-{envelope.from_}-"):
            raise Refused(Code.OTHER_CASE, detail=envelope.case)
    elif (case.peer, case.type) != (envelope.from_, envelope.type):
        raise Refused(Code.OTHER_CASE, detail=envelope.case)
    if envelope.kind is Kind.HANDOVER and (delivered is None or delivered.incoming or delivered.case != envelope.case):
        raise Refused(Code.OTHER_CASE, detail="handover of nothing that was sent")
