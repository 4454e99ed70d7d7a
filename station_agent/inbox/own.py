"""Filing an envelope that this station has sent and no longer knows: its case, letter, numbers, acts and used letters."""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.cases.machine import Side, case_event, default_machine
from hub.protocol.act import ActKind
from hub.protocol.envelope import Envelope, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.strict_json import encode_json
from hub.signing.acts import SignedAct, open_act
from hub.signing.envelopes import SignedEnvelope, open_envelope
from hub.signing.receipts import SignedReceipt
from station_agent.agent import Agent
from station_agent.desk.inquiry import require_inquiry
from station_agent.desk.steps import replay_case
from station_agent.inbox.verify import handed_over
from station_agent.lateness import is_late
from station_agent.receipts import checkpoint_of
from station_agent.store import outbox
from station_agent.store.acts import ActRow, find_act, insert_act
from station_agent.store.cases import CaseRow, add_files, find_case, insert_case, note_case_number, save_case
from station_agent.store.envelopes import (
    EnvelopeRow,
    ReceiptRow,
    add_receipts,
    delete_envelope,
    envelopes_of,
    find_envelope,
    insert_envelope,
)
from station_agent.store.gates import (
    DONE,
    RegisterActRow,
    UsedLetter,
    add_register_act,
    add_used_letter,
    register_acts_of,
    use_of_letter,
)
from station_agent.store.letters import LetterRow, find_letter, insert_letter, note_letter_number, save_letter
from station_agent.store.trust import add_checkpoints

log = logging.getLogger(__name__)
_LETTER_ACTS = {
    ActKind.DRAFT: "draft_act",
    ActKind.APPROVAL: "approval_act",
    ActKind.SEAL_USE: "seal_use_act",
    ActKind.SCAN: "scan_act",
}
_LETTER_OFFICERS = {ActKind.DRAFT: "drafter", ActKind.APPROVAL: "approver", ActKind.SEAL_USE: "custodian"}


def file_own(agent: Agent, signed: SignedEnvelope, receipt: SignedReceipt, *, now: datetime) -> bool:
    """Store a verified envelope of this station, whose attachments are here, and say whether it was unknown."""
    envelope, at = signed.envelope, receipt.receipt.time
    checkpoint = checkpoint_of(receipt, seen_at=format_instant(now))
    with agent.store.write() as tx:
        if find_envelope(tx, signed.digest) is not None:
            return False  # if it waits in the outbox, sending it again gets this same receipt
        if envelope.kind is Kind.HANDOVER:
            _take_back_rival(tx, agent, signed)
        row = EnvelopeRow(signed.digest, envelope.id, envelope.case, envelope.kind.value, False, signed.raw, at)
        insert_envelope(tx, row)
        add_receipts(tx, (ReceiptRow(receipt.digest, signed.digest, at, receipt.raw),))
        add_checkpoints(tx, () if checkpoint is None else (checkpoint,))
        outbox.note_sent(tx, signed.digest, lane=envelope.case, sent_at=at)
        if envelope.kind is not Kind.HANDOVER:
            _file_in_case(tx, agent, signed, at=at, now=now)
    log.info("own envelope learnt case=%s kind=%s", envelope.case, envelope.kind.value)
    return True


def _take_back_rival(tx: Connection, agent: Agent, signed: SignedEnvelope) -> None:
    """Forget the handover that this agent has just queued for a delivery which it had handed over before it was restored."""
    for row in envelopes_of(tx, signed.envelope.case):
        if row.kind == Kind.HANDOVER.value and not row.incoming:
            mine = open_envelope(row.raw, certificates=agent.knowledge.find)
            if handed_over(mine) == handed_over(signed):
                outbox.take_back(tx, row.digest)
                delete_envelope(tx, row.digest)


def _file_in_case(tx: Connection, agent: Agent, signed: SignedEnvelope, *, at: str, now: datetime) -> None:
    envelope = signed.envelope
    if find_case(tx, envelope.case) is None:
        insert_case(tx, _new_case(envelope, at))
    if envelope.kind is Kind.INQUIRY and envelope.previous is None:
        note_case_number(tx, envelope.case)
    add_files(tx, envelope.case, envelope.attachments)
    acts = _acts(agent, envelope)
    for act in acts:
        if find_act(tx, act.digest) is None:
            insert_act(tx, _act_row(act))
    case = find_case(tx, envelope.case)
    assert case is not None
    case = _moved(case, envelope)
    if envelope.kind is Kind.INQUIRY:
        case = replace(case, late=is_late(tx, agent, signed, sent_at=parse_instant(at)))
        _restore_letter(tx, envelope, acts, at=at)
    if envelope.kind is Kind.REPLY and _restore_register_acts(tx, agent, envelope, acts, at=at):
        # A letter that was acted on is never acted on again.
        case = replace(case, gate="used")
    save_case(tx, case, now=now)


def _new_case(envelope: Envelope, at: str) -> CaseRow:
    gate = default_machine("gate").initial
    state = default_machine("case").initial
    # The case's number names the station that opened it.
    side = Side.OPENER if f"-{envelope.from_}-" in envelope.case else Side.ANSWERER
    return CaseRow(envelope.case, envelope.type, side.value, envelope.to, state, gate, at, at)


def _moved(case: CaseRow, envelope: Envelope) -> CaseRow:
    event = case_event(envelope.kind)
    owner = envelope.officer.number if envelope.kind is Kind.CLAIM else case.owner
    try:
        return replace(replay_case(case, event), owner=owner)
    except Refused:
        if envelope.kind is not Kind.INQUIRY:
            log.warning("own envelope out of order case=%s kind=%s", envelope.case, envelope.kind.value)
            return case
    # The backup knows only the draft: whatever came between, it was sent.
    return replay_case(replace(case, state=default_machine("case").initial), event)


def _acts(agent: Agent, envelope: Envelope) -> list[SignedAct]:
    found = []
    for item in envelope.attachments:
        if item.role is Role.ACT:
            try:
                found.append(open_act(agent.store.blobs.get(item.digest), certificates=agent.knowledge.find))
            except Refused as error:
                log.warning("own act not read case=%s code=%s", envelope.case, error.code.value)
    return [act for act in found if act.act.station == agent.station]


def _act_row(act: SignedAct) -> ActRow:
    inner = act.act
    return ActRow(
        act.digest, inner.id, inner.case, inner.act.value, inner.officer.number, inner.subject, inner.at, act.raw
    )


def _restore_letter(tx: Connection, envelope: Envelope, acts: list[SignedAct], *, at: str) -> None:
    files = {item.role: item for item in envelope.attachments}
    before = find_letter(tx, envelope.case)
    number = envelope.body.get("letter_number")
    sealed: dict[str, Any] = {}
    for act in acts:
        if (name := _LETTER_ACTS.get(act.act.act)) is not None:
            sealed[name] = act.digest
        if (name := _LETTER_OFFICERS.get(act.act.act)) is not None:
            sealed[name] = act.act.officer.number
        if act.act.act is ActKind.SEAL_USE:
            sealed["seal"] = act.act.details.get("seal")
    sealed.setdefault("drafter", envelope.officer.number)
    if (scan := files.get(Role.SCAN)) is not None:
        sealed |= {"scan": scan.digest, "scan_media_type": scan.media_type, "scan_name": scan.name}
    row = LetterRow(
        case=envelope.case,
        version=1 if before is None else before.version,
        state="sent" if Role.LETTER in files else "drafting",
        body=encode_json(envelope.body),
        number=None if number is None else str(number),
        pages=envelope.body.get("pages"),
        attested_original=envelope.body.get("original_attested"),
        letter=files[Role.LETTER].digest if Role.LETTER in files else None,
        **sealed,
    )
    if before is None:
        insert_letter(tx, row)
    else:
        save_letter(tx, row)
    if row.number is not None:
        note_letter_number(tx, envelope.case, row.number, at=at)


def _restore_register_acts(tx: Connection, agent: Agent, envelope: Envelope, acts: list[SignedAct], *, at: str) -> bool:
    """Note what this reply says was changed in the register; return whether anything was."""
    if envelope.body.get("outcome") not in agent.catalogue.case_type(envelope.type).outcomes_through_gate:
        return False
    serial = _serial(envelope.body)
    letter = _letter_answered(tx, agent, envelope.case)
    known = {row.act for row in register_acts_of(tx, envelope.case)}
    for act in acts:
        if act.act.act is ActKind.REGISTER and act.digest not in known:
            operation = str(act.act.details.get("operation"))
            done = RegisterActRow(act.digest, envelope.case, operation, act.act.subject, letter, DONE, serial=serial)
            add_register_act(tx, done)
    if letter is not None and use_of_letter(tx, letter) is None:
        add_used_letter(tx, UsedLetter(letter, envelope.case, serial, at))
    return True


def _letter_answered(tx: Connection, agent: Agent, case: CaseId) -> Digest | None:
    try:
        attachments = require_inquiry(tx, agent, case).envelope.attachments
    except Refused:
        # The inquiry is put aside, e.g. its sender's key is doubted since: the case is used up all the same.
        log.warning("own reply to an inquiry that is not filed case=%s", case)
        return None
    return next((item.digest for item in attachments if item.role is Role.LETTER), None)


def _serial(body: dict[str, Any]) -> str:
    items = [str(item["serial"]) for item in body.get("items", ()) if item.get("serial")]
    return str(body.get("serial") or (items[0] if items else ""))
