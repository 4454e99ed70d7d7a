"""拟稿: an officer writes an inquiry; with a sealed letter it goes to the head for approval, without one it can be sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.cases.approval import default_approval_levels, require_fitting_items
from hub.cases.body import check_body
from hub.cases.catalogue import CaseType
from hub.cases.late import require_started
from hub.cases.machine import Side, default_machine
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, StationId, digest_of
from hub.protocol.instants import SHANGHAI, format_instant
from hub.protocol.media_types import JOSE, PDF
from hub.protocol.strict_json import encode_json
from station_agent.agent import Agent
from station_agent.desk.acting import require_own, sign, store_act
from station_agent.desk.steps import step_case, step_letter
from station_agent.history import require_numbers_known
from station_agent.people import Person
from station_agent.room import require_room
from station_agent.store.cases import (
    CaseRow,
    add_files,
    files_of,
    insert_case,
    next_case_number,
    require_case,
    save_case,
)
from station_agent.store.letters import LetterRow, insert_letter, require_letter, save_letter

LATER_FIELDS = frozenset({"letter_number", "original_attested", "pages", "late_reason"})
"""Fields of an inquiry that come after its approval; the draft that is signed and approved is the body without them."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that an officer adds to a case, e.g. the proof of an item."""

    raw: bytes
    name: str
    media_type: str
    role: Role = Role.OTHER

    @property
    def attachment(self) -> Attachment:
        """The file as an attachment."""
        return Attachment(
            digest=digest_of(self.raw), size=len(self.raw), media_type=self.media_type, name=self.name, role=self.role
        )


def draft(
    agent: Agent,
    person: Person,
    *,
    type: str,
    to: StationId,
    body: Mapping[str, Any],
    files: tuple[NewFile, ...] = (),
    now: datetime,
) -> CaseId:
    """Open a case with the draft of its inquiry, submit it, and return the case number (which needs no hub).

    `body` holds the fields of the case type without `LATER_FIELDS`. The draft act is signed by `person`.
    Raises: Refused (`body.*`, E101, E102, `case.type_unknown`, `station.to_self`), NotPermitted.
    """
    require_own(agent, person)
    require_room(agent)
    case_type = agent.catalogue.case_type(type)
    if to == agent.station:
        raise Refused(Code.TO_SELF)
    attachments = tuple(file.attachment for file in files)
    _require_complete(case_type, body, attachments, now=now)
    for file in files:
        agent.store.blobs.put(file.raw)
    at = format_instant(now)
    with agent.store.write() as tx:
        require_numbers_known(tx)
        number = next_case_number(tx, type, station=agent.station, year=now.astimezone(SHANGHAI).year)
        gate = default_machine("gate").initial
        row = CaseRow(number, type, Side.OPENER.value, to, default_machine("case").initial, gate, at, at)
        insert_case(tx, step_case(row, "create", person=person, facts=("site_enabled",)))
        letter = LetterRow(number, 1, default_machine("letter").initial, encode_json(body), person.number)
        insert_letter(tx, letter)
        add_files(tx, number, attachments)
        _submit(tx, agent, person, case_type, number, body, now)
    return number


def redraft(
    agent: Agent,
    person: Person,
    case: CaseId,
    *,
    body: Mapping[str, Any],
    files: tuple[NewFile, ...] = (),
    now: datetime,
) -> None:
    """Write the inquiry anew after a rejection here or a return by the other station (退回补正), and submit it again.

    After a return the next version of the letter takes the whole way again: approval, stamp, scan, seal.
    Raises: Refused (as `draft`, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    for file in files:
        agent.store.blobs.put(file.raw)
    with agent.store.write() as tx:
        row = require_case(tx, case)
        case_type = agent.catalogue.case_type(row.type)
        add_files(tx, case, (file.attachment for file in files))
        kept = files_of(tx, case, Role.PROOF, Role.OTHER)
        _require_complete(case_type, body, kept, now=now)
        letter = require_letter(tx, case)
        if row.state == "returned":
            letter = LetterRow(case, letter.version + 1, default_machine("letter").initial, b"", person.number)
        elif row.state != "draft":
            raise Refused(Code.NOT_A_DRAFT, detail=row.state)
        fresh = LetterRow(case, letter.version, letter.state, encode_json(body), person.number)
        save_letter(tx, fresh)
        _submit(tx, agent, person, case_type, case, body, now)


def _submit(
    tx: Connection,
    agent: Agent,
    person: Person,
    case_type: CaseType,
    case: CaseId,
    body: Mapping[str, Any],
    now: datetime,
) -> None:
    row, letter = require_case(tx, case), require_letter(tx, case)
    digest = digest_of(letter.body)
    act = sign(agent, person, ActKind.DRAFT, case=case, subject=digest, details={"body": digest}, now=now)
    store_act(tx, agent.store, act)
    needed = case_type.needs_letter(body)
    if row.state == "draft":
        facts = ("fields_complete", "seal_needed" if needed else "seal_not_needed")
        save_case(tx, step_case(row, "submit", person=person, facts=facts), now=now)
    letter = replace(letter, draft_act=act.digest)
    if needed:
        letter = step_letter(letter, "submit", person=person, facts=("fields_complete",))
    save_letter(tx, letter)


def _require_complete(
    case_type: CaseType, body: Mapping[str, Any], files: tuple[Attachment, ...], *, now: datetime
) -> None:
    # What comes after the approval is stood in for, so that every fault of the draft is told before the head reads it.
    if early := sorted(LATER_FIELDS & set(body)):
        raise Refused(Code.FIELD_COMES_LATER, field=f"/body/{early[0]}")
    whole: dict[str, Any] = dict(body)
    stand_ins: tuple[Attachment, ...] = ()
    if case_type.needs_letter(body):
        whole |= {"letter_number": "(待编号待编号)", "original_attested": True, "pages": 1}
        stand_ins = (_stand_in(Role.LETTER, PDF), _stand_in(Role.SCAN, PDF), _stand_in(Role.ACT, JOSE))
    check_body(case_type, Kind.INQUIRY, whole, files + stand_ins, today=now.astimezone(SHANGHAI).date())
    require_started(case_type, whole, created=now)
    if "items" in body:
        require_fitting_items(default_approval_levels(), body)


def _stand_in(role: Role, media_type: str) -> Attachment:
    return Attachment(digest=Digest("0" * 64), size=1, media_type=media_type, name=role.value, role=role)
