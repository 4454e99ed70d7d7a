"""答复: the answering officer tells the outcome; one that says the register was changed needs the register's serial number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from station_agent.agent import Agent
from station_agent.desk.acting import act_file, require_own
from station_agent.desk.claim import require_owner
from station_agent.desk.draft import NewFile
from station_agent.desk.posting import post
from station_agent.desk.steps import step_case, step_letter
from station_agent.people import Person
from station_agent.store.acts import acts_of
from station_agent.store.cases import require_case, save_case
from station_agent.store.gates import DONE, RegisterActRow, register_acts_of
from station_agent.store.letters import find_letter, save_letter

REJECTED = "不采信"


def reply(
    agent: Agent,
    person: Person,
    case: CaseId,
    *,
    body: Mapping[str, Any],
    files: tuple[NewFile, ...] = (),
    now: datetime,
) -> Digest:
    """Answer the inquiry of `case`; the looks and register acts of this desk travel with it.

    `body` holds the outcome and what belongs to it. For an outcome that changes the register, `serial` (C06) or each
    item's `serial` (C04) must be the one the register gave, and `evidence` is filled in.
    Raises: Refused (E701, `station.serial_differs`, `state.guard` when the gate was not passed, `state.*`, `body.*`).
    """
    require_own(agent, person)
    for file in files:
        agent.store.blobs.put(file.raw)
    with agent.store.write() as tx:
        row = require_case(tx, case)
        require_owner(row, person)
        case_type = agent.catalogue.case_type(row.type)
        whole = dict(body)
        facts: tuple[str, ...] = ("gate_passed_if_register_changed",)
        if whole.get("outcome") in case_type.outcomes_through_gate:
            done = register_acts_of(tx, case, DONE)
            if row.gate != "used" or not done:
                facts = ()
            else:
                _require_serials(whole, done)
                whole["evidence"] = done[-1].evidence
        row = step_case(row, "answer", person=person, facts=facts)
        attachments = _acts(tx, case) + tuple(file.attachment for file in files)
        envelope = post(
            tx, agent, row, Kind.REPLY, officer=person.officer, body=whole, attachments=attachments, now=now
        )
        _judge_letter(tx, person, case, whole)
        save_case(tx, row, now=now)
    return envelope.digest


def _require_serials(body: Mapping[str, Any], done: tuple[RegisterActRow, ...]) -> None:
    known = {row.serial for row in done}
    items = [entry.get("serial") for entry in body.get("items", ()) if entry.get("decision") == "更正"]
    stated = items if items else [body.get("serial")]
    if any(serial not in known for serial in stated):
        raise Refused(Code.SERIAL_DIFFERS)


def _acts(tx: Connection, case: CaseId) -> tuple[Attachment, ...]:
    return tuple(act_file(act) for kind in (ActKind.LOOK, ActKind.REGISTER) for act in acts_of(tx, case, kind))


def _judge_letter(tx: Connection, person: Person, case: CaseId, body: Mapping[str, Any]) -> None:
    letter = find_letter(tx, case)
    if body.get("outcome") == REJECTED and letter is not None and letter.state in ("delivered", "undetermined"):
        save_letter(tx, step_letter(letter, "verify", "refuse", person=person, facts=("check_failed",)))
