"""打印说明函: the approved letter as a page to print, so that what is stamped is what was approved. Nothing is changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from hub.cases.machine import Side
from hub.letters.printing import (
    Sheet,
    correction_from_body,
    explanation_from_body,
    print_correction,
    print_explanation,
    sheet_of,
)
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import SHANGHAI
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.people import Person
from station_agent.store.cases import require_case
from station_agent.store.letters import LetterRow, require_letter


def letter_paper(agent: Agent, person: Person, case: CaseId, *, addressee: str, telephone: str, now: datetime) -> bytes:
    """Return the approved letter of `case` as PDF/A, with its number, for printing and stamping.

    `addressee` is the other station's name as it stands on paper, `telephone` the contact's.
    Raises: Refused (E301 before the approval, `station.no_letter` also at the station that received it, `print.glyph_missing`), NotPermitted.
    """
    require_own(agent, person)
    with agent.store.read() as tx:
        row = require_case(tx, case)
        letter = require_letter(tx, case)
        case_type = agent.catalogue.case_type(row.type)
    if row.side != Side.OPENER.value:
        # Whoever received the letter has it sealed; a page of their own under the sender's number would be another letter.
        raise Refused(Code.NO_LETTER)
    if letter.number is None:
        raise Refused(Code.APPROVAL_MISSING)
    if case_type.letter is None or case_type.letter.kind not in _PAPERS:
        raise Refused(Code.NO_LETTER)
    body = printed_body(letter)
    sheet = sheet_of(
        body,
        case=case,
        addressee=addressee,
        sender=agent.settings.name,
        written_on=now.astimezone(SHANGHAI).date(),
        contact=person.officer.name,
        telephone=telephone,
    )
    return _PAPERS[case_type.letter.kind](body, sheet, now)


def printed_body(letter: LetterRow) -> dict[str, Any]:
    """Return the body as it is printed: what was approved, and the letter's number. Its digest stands in the footer."""
    body: dict[str, Any] = msgspec.json.decode(letter.body)
    return body | {"letter_number": letter.number}


def _explanation(body: Mapping[str, Any], sheet: Sheet, now: datetime) -> bytes:
    letter = explanation_from_body(
        body,
        case=sheet.case,
        addressee=sheet.addressee,
        sender=sheet.sender,
        written_on=sheet.written_on,
        contact=sheet.contact,
        telephone=sheet.telephone,
    )
    return print_explanation(letter, printed_at=now)


def _correction(body: Mapping[str, Any], sheet: Sheet, now: datetime) -> bytes:
    return print_correction(correction_from_body(body, sheet=sheet), printed_at=now)


_PAPERS = {"错迁说明函": _explanation, "差错说明函": _correction}
