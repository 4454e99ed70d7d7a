"""Letters whose seal turned out not to have been in force: gates not used yet lock again; for used letters an alarm is raised."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.cases.machine import Side
from hub.protocol.act import ActKind
from hub.protocol.alarm import SealAlarm
from hub.protocol.envelope import Role
from hub.protocol.errors import Damaged, Refused
from hub.protocol.identifiers import CaseId, Digest, StationId, new_uuid7
from hub.protocol.instants import beijing, format_instant, parse_instant
from hub.protocol.verdict import Result
from hub.signing.acts import open_act
from hub.signing.alarms import sign_alarm
from hub.signing.envelopes import SignedEnvelope
from hub.signing.receipts import open_receipt
from hub.signing.seal_lists import SealBook, check_seal_state, compromised_since
from station_agent.agent import Agent
from station_agent.desk.inquiry import require_inquiry
from station_agent.desk.steps import step_gate, step_letter
from station_agent.store.cases import all_cases, save_case
from station_agent.store.envelopes import receipts_for
from station_agent.store.gates import UsedLetter, use_of_letter
from station_agent.store.letters import find_letter, save_letter
from station_agent.store.seals import add_alarm, add_statement, has_own_alarm

ALARM = "alarm"
ADMITTED = frozenset({"open", "used"})


@dataclass(frozen=True, slots=True)
class SealedLetter:
    """A letter that came here: by whom, under which seal (x5t), received by the hub when."""

    case: CaseId
    sender: StationId
    letter: Digest
    seal: str
    received_at: datetime


def reconsider(agent: Agent, book: SealBook, *, now: datetime) -> tuple[CaseId, ...]:
    """Look again at every letter that was let through, by what is known of seals now; return the cases touched."""
    with agent.store.read() as tx:
        rows = [row for row in all_cases(tx) if row.side == Side.ANSWERER.value and row.gate in ADMITTED]
        letters = [(row, sealed) for row in rows if (sealed := _sealed(tx, agent, row.case)) is not None]
    touched = []
    for row, sealed in letters:
        check = check_seal_state(sealed.seal, book=book, at=sealed.received_at, now=now)
        if check.result in (Result.PASSED, Result.NOT_APPLICABLE):
            continue
        with agent.store.write() as tx:
            changed = (
                _lock_again(tx, row.case, now) if row.gate == "open" else _raise_alarm(tx, agent, sealed, book, now)
            )
        if changed:
            touched.append(row.case)
    return tuple(touched)


def _lock_again(tx: Connection, case: CaseId, now: datetime) -> bool:
    row = next(row for row in all_cases(tx) if row.case == case)
    if row.gate != "open":
        return False
    save_case(tx, step_gate(row, "lock", person=None, facts=("check_not_passed",)), now=now)
    letter = find_letter(tx, case)
    if letter is not None and letter.state == "accepted":
        save_letter(tx, step_letter(letter, "seal_lost", person=None, facts=("signed_after_compromise",)))
    return True


def _raise_alarm(tx: Connection, agent: Agent, sealed: SealedLetter, book: SealBook, now: datetime) -> bool:
    since, use, newest = compromised_since(book.events_of(sealed.seal)), use_of_letter(tx, sealed.letter), book.newest
    if since is None or since > sealed.received_at or use is None or newest is None or has_own_alarm(tx, sealed.letter):
        return False
    raw = sign_alarm(_alarm(agent, sealed, use, since, newest.number, now), signer=agent.signer)
    add_alarm(tx, letter=sealed.letter, own=True, raw=raw, now=now)
    add_statement(tx, kind=ALARM, subject=sealed.letter, raw=raw, now=now)
    return True


def _alarm(
    agent: Agent, sealed: SealedLetter, use: UsedLetter, since: datetime, number: int, now: datetime
) -> SealAlarm:
    return SealAlarm(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        at=format_instant(now),
        station=agent.station,
        sender=sealed.sender,
        cases=(use.case,),
        letter=sealed.letter,
        serial=use.serial,
        seal=sealed.seal,
        received_at=format_instant(sealed.received_at),
        compromised_since=format_instant(since),
        list_number=number,
        problem_class="假",
        facts=(
            f"印章自 {beijing(since)} 起可能失控,该函 {beijing(sealed.received_at)} 由中心受理,"
            f"本所已据此办理,流水号 {use.serial}。"
        ),
        harm="登记可能是依据失控印章所签的函办理的。",
        proposal="双方核对说明函原件、用印登记簿和经办人;不属实的,按原途径更正,并报共同上级定责(C10)。",
        fault="未定",
    )


def _sealed(tx: Connection, agent: Agent, case: CaseId) -> SealedLetter | None:
    try:
        inquiry = require_inquiry(tx, agent, case)
        seal = _seal_named(agent, inquiry)
        received = _received_at(tx, agent, inquiry.digest)
    except (Refused, Damaged):
        return None
    letter = next((item.digest for item in inquiry.envelope.attachments if item.role is Role.LETTER), None)
    if letter is None or seal is None or received is None:
        return None
    return SealedLetter(case, inquiry.envelope.from_, letter, seal, received)


def _seal_named(agent: Agent, inquiry: SignedEnvelope) -> str | None:
    """Return the seal that the seal-use act names; the gate has held the letter's own seal against it (G4)."""
    for item in inquiry.envelope.attachments:
        if item.role is Role.ACT:
            act = open_act(agent.store.blobs.get(item.digest), certificates=agent.knowledge.find).act
            if act.act is ActKind.SEAL_USE:
                return str(act.details.get("seal", "")) or None
    return None


def _received_at(tx: Connection, agent: Agent, envelope: Digest) -> datetime | None:
    for row in receipts_for(tx, envelope):
        receipt = open_receipt(row.raw, certificates=agent.knowledge.find).receipt
        if receipt.trail is not None and receipt.handover is None and receipt.envelope == envelope:
            return parse_instant(receipt.time)
    return None
