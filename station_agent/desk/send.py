"""发出: the inquiry, with its letter and the signed acts behind it, goes into the outbox. Works with the hub unreachable."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from hub.cases.calendar import default_calendar
from hub.cases.late import require_reason_if_late
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from station_agent.agent import Agent
from station_agent.desk.acting import act_file, require_own
from station_agent.desk.posting import post
from station_agent.desk.steps import step_case, step_letter
from station_agent.lateness import earlier_bodies
from station_agent.people import Person
from station_agent.store.acts import find_act
from station_agent.store.cases import files_of, require_case, save_case
from station_agent.store.letters import LetterRow, require_letter, save_letter


@dataclass(frozen=True, slots=True)
class Sent:
    """An inquiry on its way: its envelope's digest, and whether it is late (迟发)."""

    envelope: Digest
    late: bool


def send(agent: Agent, person: Person, case: CaseId, *, late_reason: str | None = None, now: datetime) -> Sent:
    """Send the inquiry of `case`.

    A letter past its limit is sent with `late_reason` and flagged (迟发). Raises: Refused (E301, E801, `state.*`,
    `body.*`), NotPermitted.
    """
    require_own(agent, person)
    with agent.store.write() as tx:
        row, letter = require_case(tx, case), require_letter(tx, case)
        case_type = agent.catalogue.case_type(row.type)
        body: dict[str, Any] = msgspec.json.decode(letter.body)
        attachments = files_of(tx, case, Role.PROOF, Role.OTHER)
        if case_type.needs_letter(body):
            letter = step_letter(letter, "send", person=person)
            body |= _later_fields(letter)
            attachments += _letter_files(tx, case, letter) + _act_files(tx, _letter_acts(letter))
        else:
            attachments += _act_files(tx, ((ActKind.DRAFT, letter.draft_act),))
        if late_reason is not None:
            body["late_reason"] = late_reason
        judged = require_reason_if_late(
            case_type,
            body,
            sent_at=now,
            calendar=default_calendar(),
            hours=agent.settings.hours,
            earlier=earlier_bodies(tx, agent, case),
        )
        late = any(lateness.late for lateness in judged)
        if late_reason is not None and not late:
            raise Refused(Code.NOT_LATE)
        row = replace(step_case(row, "send", person=person), late=late)
        envelope = post(
            tx, agent, row, Kind.INQUIRY, officer=person.officer, body=body, attachments=attachments, now=now
        )
        save_letter(tx, letter)
        save_case(tx, row, now=now)
    return Sent(envelope.digest, late)


def _later_fields(letter: LetterRow) -> dict[str, Any]:
    if letter.number is None or letter.letter is None:
        raise Refused(Code.APPROVAL_MISSING)
    return {
        "letter_number": letter.number,
        "original_attested": bool(letter.attested_original),
        "pages": letter.pages,
    }


def _letter_files(tx: Connection, case: CaseId, letter: LetterRow) -> tuple[Attachment, ...]:
    # Only the scan and letter of this version: earlier ones stay at the desk.
    wanted = {(Role.LETTER, letter.letter), (Role.SCAN, letter.scan)}
    files = files_of(tx, case, Role.LETTER, Role.SCAN)
    return tuple(file for file in files if (file.role, file.digest) in wanted)


def _letter_acts(letter: LetterRow) -> tuple[tuple[ActKind, Digest | None], ...]:
    return (
        (ActKind.DRAFT, letter.draft_act),
        (ActKind.APPROVAL, letter.approval_act),
        (ActKind.SEAL_USE, letter.seal_use_act),
        (ActKind.SCAN, letter.scan_act),
    )


def _act_files(tx: Connection, acts: tuple[tuple[ActKind, Digest | None], ...]) -> tuple[Attachment, ...]:
    files = []
    for kind, digest in acts:
        act = None if digest is None else find_act(tx, digest)
        if act is None:
            raise Refused(Code.APPROVAL_MISSING, detail=kind.value)
        files.append(act_file(act))
    return tuple(files)
