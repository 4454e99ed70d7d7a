"""办理登记: on a gate that passes now, evidence is written, the officer signs, the register changes, the serial is kept.

A crash at any point is resumed by calling again: the signed act and its evidence are stored before the register is asked,
and the register gives the same act the same serial number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import format_instant
from hub.protocol.station_event import StationEventKind
from hub.protocol.verdict import Verdict
from hub.reports.evidence import print_evidence_report
from hub.signing.envelopes import SignedEnvelope
from hub.signing.purposes import OfficerRole
from station_agent.agent import Agent
from station_agent.desk.acting import require_own, sign, store_act
from station_agent.desk.claim import require_owner
from station_agent.desk.gate.checks import persons_of
from station_agent.desk.gate.evaluate import Readers, evaluate
from station_agent.desk.gate.material import Decision
from station_agent.desk.inquiry import require_inquiry
from station_agent.desk.steps import step_case, step_gate
from station_agent.events import note_event
from station_agent.evidence import PrintReport, write_version
from station_agent.history import standstill
from station_agent.people import Person
from station_agent.register.acts import Change, Operation, RegisterDetails
from station_agent.register.interface import ChangeRequest, Register
from station_agent.register.reference import return_changes
from station_agent.store.acts import find_act
from station_agent.store.cases import require_case, save_case
from station_agent.store.gates import (
    DONE,
    PENDING,
    REFUSED,
    RegisterActRow,
    UsedLetter,
    add_register_act,
    add_used_letter,
    register_acts_of,
    settle_register_act,
    use_of_letter,
)


@dataclass(frozen=True, slots=True)
class Acted:
    """A change of the register: its business serial number, the evidence file it rests on, the officer's act."""

    serial: str
    evidence: Digest
    act: Digest


def act(
    agent: Agent,
    person: Person,
    case: CaseId,
    *,
    register: Register,
    readers: Readers,
    decisions: tuple[Decision, ...] | None = None,
    now: datetime,
    print_report: PrintReport = print_evidence_report,
) -> Acted:
    """Change the register as `case` asks for: the return move of a C06, the corrections of a C04 (`decisions`).

    The gate is evaluated now; there is no way past it. Raises: NotVerified (a gate that does not pass, with every check),
    Refused (E701, `station.no_decisions`, `station.nothing_to_correct`, what the register refuses), NotPermitted, Unavailable.
    """
    require_own(agent, person)
    person.require_role(OfficerRole.WINDOW)
    with agent.store.read() as tx:
        if (still := standstill(tx)) is not None:
            raise still
        pending = register_acts_of(tx, case, PENDING)
        row = require_case(tx, case)
        require_owner(row, person)
        case_type = agent.catalogue.case_type(row.type)
        inquiry = require_inquiry(tx, agent, case)
        if not pending:
            _require_unused(tx, inquiry)
    if not pending:
        # Only a case that could be answered now is acted on: claimed, and not withdrawn, returned or waiting.
        step_case(row, "answer", person=person, facts=("gate_passed_if_register_changed",))
        operation = Operation(case_type.register_operation or "")
        changes = _changes(operation, inquiry, decisions)
        verdict = evaluate(agent, case, readers=readers, register=register, decisions=decisions, now=now)
        pending = (_sign(agent, person, case, operation, inquiry, changes, verdict, print_report, now),)
    return _carry_out(agent, person, pending[0], register, now)


def _require_unused(tx: Connection, inquiry: SignedEnvelope) -> None:
    # Said before anything about the case's state: who acts again on a letter that was used must be told just that.
    for attachment in inquiry.envelope.attachments:
        if attachment.role is Role.LETTER and (used := use_of_letter(tx, attachment.digest)) is not None:
            raise Refused(Code.LETTER_ALREADY_USED, values={"case": used.case})


def _changes(
    operation: Operation, inquiry: SignedEnvelope, decisions: tuple[Decision, ...] | None
) -> tuple[Change, ...]:
    body = inquiry.envelope.body
    if operation is Operation.RETURN:
        return return_changes(body)
    if decisions is None:
        raise Refused(Code.NO_DECISIONS)
    (id18,) = persons_of(body)
    proposed = {entry["item"]: entry["proposed"] for entry in body["items"]}
    changes = tuple(
        Change(id18=id18, item=decision.item, value=proposed[decision.item], approval_number=decision.approval_number)
        for decision in decisions
        if decision.correct and decision.item in proposed
    )
    if not changes:
        raise Refused(Code.NOTHING_TO_CORRECT)
    return changes


def _sign(
    agent: Agent,
    person: Person,
    case: CaseId,
    operation: Operation,
    inquiry: SignedEnvelope,
    changes: tuple[Change, ...],
    verdict: Verdict,
    print_report: PrintReport,
    now: datetime,
) -> RegisterActRow:
    verdict.require()
    evidence = write_version(agent, case, print_report=print_report, now=now)
    details = RegisterDetails(
        operation=operation, persons=tuple(persons_of(inquiry.envelope.body)), changes=changes, evidence=evidence.digest
    )
    signed = sign(
        agent,
        person,
        ActKind.REGISTER,
        case=case,
        subject=evidence.digest,
        details=details.as_details,
        now=now,
        previous=inquiry.digest,
    )
    letter = next((file.digest for file in inquiry.envelope.attachments if file.role is Role.LETTER), None)
    row = RegisterActRow(signed.digest, case, operation.value, evidence.digest, letter, PENDING)
    with agent.store.write() as tx:
        store_act(tx, agent.store, signed)
        note_event(tx, agent, StationEventKind.REGISTER_ACT, case=case, subject=signed.digest, now=now)
        add_register_act(tx, row)
    return row


def _carry_out(agent: Agent, person: Person, row: RegisterActRow, register: Register, now: datetime) -> Acted:
    with agent.store.read() as tx:
        signed = find_act(tx, row.act)
    if signed is None or signed.officer != person.number:
        # Somebody else's act waits for its answer: only its signer may bring it to an end.
        raise Refused(Code.OTHER_OFFICERS_ACT, values={"owner": signed.officer if signed else "—"})
    request = ChangeRequest(signed.raw, person.certified.pem, agent.store.blobs.get(row.evidence))
    operations: dict[str, Callable[[ChangeRequest], str]] = {
        Operation.RETURN.value: register.return_move,
        Operation.CORRECT.value: register.correct,
    }
    try:
        serial = operations[row.operation](request)
    except Refused as error:
        with agent.store.write() as tx:
            settle_register_act(tx, row.act, state=REFUSED, serial=None, trouble=error.code.value)
        raise
    with agent.store.write() as tx:
        settle_register_act(tx, row.act, state=DONE, serial=serial, trouble=None)
        if row.letter is not None:
            add_used_letter(tx, UsedLetter(row.letter, row.case, serial, format_instant(now)))
        case = require_case(tx, row.case)
        save_case(tx, step_gate(case, "use", person=person, facts=("serial_recorded", "letter_unused")), now=now)
    return Acted(serial, row.evidence, row.act)
