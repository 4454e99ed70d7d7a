"""Filing a verified delivery: envelope, receipt, case state, handover and cursor in one transaction."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from hub.cases.machine import Side, case_event, default_machine
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import NotVerified, Verdict, failures
from hub.signing.acts import open_act
from station_agent.agent import Agent
from station_agent.desk.posting import post_handover
from station_agent.desk.steps import replay_case, step_gate, step_letter
from station_agent.inbox.verify import Verified, handed_over
from station_agent.lateness import is_late
from station_agent.receipts import checkpoint_of
from station_agent.store.cases import CaseRow, add_files, find_case, insert_case, require_case, save_case
from station_agent.store.deliveries import FILED, REPEATED
from station_agent.store.envelopes import (
    EnvelopeRow,
    ReceiptRow,
    add_receipts,
    find_envelope,
    find_envelope_id,
    insert_envelope,
)
from station_agent.store.letters import LetterRow, find_letter, insert_letter, save_letter
from station_agent.store.trust import add_checkpoints


def file_delivery(tx: Connection, agent: Agent, verified: Verified, *, now: datetime) -> tuple[str, Verdict]:
    """Store a verified delivery whose attachments are here, and queue the handover for it.

    Returns the delivery's state and its verdict. A message that does not fit the case's state is stored all the same, and
    its verdict says so: the hub has accepted it, and the officer must see it. Raises: NotVerified (`envelope.id_reused`).
    """
    signed, envelope = verified.signed, verified.signed.envelope
    receipt = ReceiptRow(verified.receipt.digest, signed.digest, verified.receipt.receipt.time, verified.receipt.raw)
    checkpoint = checkpoint_of(verified.receipt, seen_at=format_instant(now))
    add_receipts(tx, (receipt,))
    add_checkpoints(tx, () if checkpoint is None else (checkpoint,))
    if find_envelope(tx, signed.digest) is not None:
        return REPEATED, verified.verdict
    if find_envelope_id(tx, envelope.id) is not None:
        # A hub that delivers one id with two contents: UNIQUE(id) would refuse the second, so it is put aside.
        refusal = Refused(Code.ENVELOPE_ID_REUSED, detail=envelope.id)
        raise NotVerified(verified.verdict + Verdict(failures("delivery.id", (refusal,))))
    if envelope.kind is Kind.INQUIRY and find_case(tx, envelope.case) is None:
        insert_case(tx, _new_case(envelope, now))
    stored_at = format_instant(now)
    insert_envelope(
        tx, EnvelopeRow(signed.digest, envelope.id, envelope.case, envelope.kind.value, True, signed.raw, stored_at)
    )
    add_files(tx, envelope.case, envelope.attachments)
    verdict = verified.verdict
    try:
        row = _moved(tx, agent, verified, require_case(tx, envelope.case))
    except Refused as error:
        verdict += Verdict(failures("delivery.order", (error,)))
        row = require_case(tx, envelope.case)
    row = save_case(tx, row, now=now)
    if envelope.kind is not Kind.HANDOVER:
        post_handover(tx, agent, row, signed.digest, first=envelope.kind is Kind.INQUIRY, now=now)
    return FILED, verdict


def _new_case(envelope: Envelope, now: datetime) -> CaseRow:
    at, gate = format_instant(now), default_machine("gate").initial
    state = default_machine("case").initial
    return CaseRow(envelope.case, envelope.type, Side.ANSWERER.value, envelope.from_, state, gate, at, at)


def _moved(tx: Connection, agent: Agent, verified: Verified, row: CaseRow) -> CaseRow:
    """Return the case after the message, its letter moved on too."""
    envelope = verified.signed.envelope
    if envelope.kind is Kind.HANDOVER:
        return _handed_over(tx, verified, row)
    missing: Collection[str] = ("gate_not_used",) if row.gate == "used" else ()
    moved = replay_case(row, case_event(envelope.kind), missing=missing)
    if envelope.kind is Kind.INQUIRY:
        _receive_letter(tx, agent, envelope)
        # A corrected letter is judged afresh, by whoever claims it.
        gate = moved.gate if moved.gate == "used" else default_machine("gate").initial
        # By the hub's time on the receipt and this station's own calendar, whatever the sender says.
        late = is_late(tx, agent, verified.signed, sent_at=parse_instant(verified.receipt.receipt.time))
        moved = replace(replay_case(moved, "deliver"), gate=gate, owner=None, late=late)
    if envelope.kind is Kind.WITHDRAW:
        moved = step_gate(moved, "withdraw", person=None)
    return moved


def _handed_over(tx: Connection, verified: Verified, row: CaseRow) -> CaseRow:
    delivered = find_envelope(tx, handed_over(verified.signed))
    if delivered is None or delivered.kind != Kind.INQUIRY.value:
        return row
    letter = find_letter(tx, row.case)
    if letter is not None and letter.state == "sent":
        save_letter(tx, step_letter(letter, "deliver", person=None))
    return replay_case(row, "deliver") if row.state == "to_send" else row


def _receive_letter(tx: Connection, agent: Agent, envelope: Envelope) -> None:
    files = {attachment.role: attachment for attachment in envelope.attachments}
    if Role.LETTER not in files:
        return
    before = find_letter(tx, envelope.case)
    scan = files.get(Role.SCAN)
    row = LetterRow(
        case=envelope.case,
        version=1 if before is None else before.version + 1,
        state="delivered",
        body=encode_json(envelope.body),
        drafter=_drafter(agent, envelope),
        number=str(envelope.body.get("letter_number", "")),
        scan=None if scan is None else scan.digest,
        scan_media_type=None if scan is None else scan.media_type,
        scan_name=None if scan is None else scan.name,
        pages=envelope.body.get("pages"),
        attested_original=envelope.body.get("original_attested"),
        letter=files[Role.LETTER].digest,
    )
    if before is None:
        insert_letter(tx, row)
    else:
        save_letter(tx, row)


def _drafter(agent: Agent, envelope: Envelope) -> str:
    # For display only; who drafted is judged at the gate, from the act itself.
    for attachment in envelope.attachments:
        if attachment.role is Role.ACT and agent.store.blobs.has(attachment.digest):
            try:
                act = open_act(agent.store.blobs.get(attachment.digest), certificates=agent.knowledge.find).act
            except Refused:
                continue
            if act.act is ActKind.DRAFT:
                return act.officer.number
    return envelope.officer.number


def receipts_json(receipts: tuple[bytes, ...]) -> bytes:
    """Return a delivery's receipts as they are stored (a JSON list of compact JWS)."""
    return msgspec.json.encode([raw.decode("ascii", "replace") for raw in receipts])


def receipts_from(raw: bytes) -> tuple[bytes, ...]:
    """Return the receipts that `receipts_json` stored."""
    return tuple(item.encode("ascii", "replace") for item in msgspec.json.decode(raw, type=list[str]))
