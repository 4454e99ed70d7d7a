"""The gate of one case at this desk: material from the store, verdict kept for ever, machines M2 and M4 moved by it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from hub.cases.approval import default_approval_levels
from hub.cases.machine import Side, default_machine
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Damaged, Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.instants import format_instant
from hub.protocol.station_event import StationEventKind
from hub.protocol.verdict import Verdict, indeterminate
from hub.signing.trust import Trust
from station_agent.agent import Agent
from station_agent.clock_skew import clock_set_back
from station_agent.desk.gate.checks import CountPages, Rules, ScanToPdf, judge, persons_of
from station_agent.desk.gate.material import Circumstances, Decision, Material, make_material
from station_agent.desk.inquiry import require_inquiry
from station_agent.desk.steps import step_gate, step_letter
from station_agent.events import note_event
from station_agent.evidence import trail_gaps
from station_agent.history import standstill
from station_agent.register.interface import Person, Register
from station_agent.seal_states import seal_book
from station_agent.store.acts import acts_of
from station_agent.store.cases import CaseRow, all_cases, require_case, save_case
from station_agent.store.envelopes import envelopes_of, receipts_for
from station_agent.store.gates import GateRow, add_gate_verdict, use_of_letter
from station_agent.store.letters import find_letter, save_letter
from station_agent.store.verdicts import encode_checks

SETTLED_FIRST = frozenset({"C05", "C08", "C10"})
"""Case types that must be settled before a record of the same person is changed (G8)."""


@dataclass(frozen=True, slots=True)
class Readers:
    """How scans are read: both functions work in a limited child process."""

    scan_to_pdf: ScanToPdf
    count_pages: CountPages


def rules_for(readers: Readers, *, two_looks_from: int) -> Callable[[Trust, datetime], Rules]:
    """Return how a gate is judged with `readers`, for a given trust and time."""

    def rules(trust: Trust, now: datetime) -> Rules:
        return Rules(
            trust=trust,
            now=now,
            levels=default_approval_levels(),
            scan_to_pdf=readers.scan_to_pdf,
            count_pages=readers.count_pages,
            two_looks_from=two_looks_from,
        )

    return rules


def evaluate(
    agent: Agent,
    case: CaseId,
    *,
    readers: Readers,
    register: Register | None = None,
    decisions: tuple[Decision, ...] | None = None,
    now: datetime,
) -> Verdict:
    """Evaluate the gate of `case`, store the verdict and open or lock the gate by it.

    `register` is asked for the persons' names and whose they are; `decisions` are the officer's on a correction.
    Raises: Refused (`station.not_answerer`, `station.no_inquiry`, `station.no_receipt`).
    """
    material = gather_material(agent, case, register=register, decisions=decisions)
    rules = rules_for(readers, two_looks_from=agent.settings.limits.two_looks_from)(agent.knowledge.trust(), now)
    rules = replace(rules, seals=seal_book(agent))
    verdict = judge(material, rules) + trail_gaps(agent, case)
    with agent.store.write() as tx:
        if (still := standstill(tx)) is not None:
            verdict += Verdict((indeterminate("hub.history", still.code, None, **still.values),))
        if (clock := clock_set_back(tx, now)) is not None:
            verdict += Verdict((clock,))
        row = require_case(tx, case)
        checks = encode_checks(verdict.checks)
        add_gate_verdict(tx, GateRow(case, format_instant(now), verdict.indication.value, checks))
        note_event(tx, agent, StationEventKind.GATE_VERDICT, case=case, subject=digest_of(checks), now=now)
        _judge_letter(tx, case, verdict)
        save_case(tx, _judge_gate(row, verdict), now=now)
    return verdict


def gather_material(
    agent: Agent,
    case: CaseId,
    *,
    register: Register | None = None,
    decisions: tuple[Decision, ...] | None = None,
) -> Material:
    """Return the material of `case` from this agent's own bytes. Raises: Refused as `evaluate`."""
    with agent.store.read() as tx:
        if require_case(tx, case).side != Side.ANSWERER.value:
            raise Refused(Code.NOT_ANSWERER)
        inquiry = require_inquiry(tx, agent, case)
        envelopes = [row.raw for row in envelopes_of(tx, case) if row.kind != Kind.HANDOVER.value]
        receipts = [row.raw for row in receipts_for(tx, inquiry.digest)]
        looks = [row.raw for row in acts_of(tx, case, ActKind.LOOK)]
        circumstances = _circumstances(tx, agent, inquiry.envelope.body, case)
        letter = next((file.digest for file in inquiry.envelope.attachments if file.role is Role.LETTER), None)
        used = None if letter is None else use_of_letter(tx, letter)
    material = make_material(
        station=agent.station,
        case=case,
        catalogue=agent.catalogue,
        envelopes=envelopes,
        receipts=receipts,
        files=_files(agent, tuple(file.digest for file in inquiry.envelope.attachments)),
        looks=looks,
        certificates=agent.knowledge.find,
    )
    people = None if register is None else _looked_up(register, material)
    names = None if people is None else {person.id18: person.name for person in people}
    holders = None if people is None else {person.id18: person.station for person in people}
    used_in = None if used is None else used.case
    found = replace(circumstances, used_in=used_in, names=names, holders=holders, decisions=decisions)
    return replace(material, circumstances=found)


def _files(agent: Agent, digests: tuple[Digest, ...]) -> dict[Digest, bytes]:
    files = {}
    for digest in digests:
        try:
            files[digest] = agent.store.blobs.get(digest)
        except Damaged:
            continue  # the gate says which file is missing
    return files


def _circumstances(tx: Connection, agent: Agent, body: dict[str, object], case: CaseId) -> Circumstances:
    mine = set(persons_of(body))
    disputes = []
    for row in all_cases(tx):
        final = default_machine("case").rules.states[row.state].final
        if row.type in SETTLED_FIRST and row.case != case and not final:
            other = require_inquiry(tx, agent, row.case)
            if mine & set(persons_of(other.envelope.body)):
                disputes.append(row.case)
    return Circumstances(disputes=tuple(disputes))


def _looked_up(register: Register, material: Material) -> list[Person]:
    found = (register.look_up(id18) for id18 in persons_of(material.body))
    return [person for person in found if person is not None]


def _judge_letter(tx: Connection, case: CaseId, verdict: Verdict) -> None:
    letter = find_letter(tx, case)
    if letter is None or letter.state not in ("delivered", "undetermined"):
        return
    # A letter is rejected (不采信) by an officer's answer only: what fails today may be a look still to be done.
    outcome = ("accept", "checks_passed") if verdict.passed else ("leave_open", "check_open")
    save_letter(tx, step_letter(letter, "verify", outcome[0], person=None, facts=(outcome[1],)))


def _judge_gate(row: CaseRow, verdict: Verdict) -> CaseRow:
    if verdict.passed and row.gate == "locked":
        return step_gate(row, "pass", person=None, facts=("checks_passed", "letter_unused"))
    if not verdict.passed and row.gate == "open":
        return step_gate(row, "lock", person=None, facts=("check_not_passed",))
    return row
