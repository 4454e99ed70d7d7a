"""审批: the head reads the draft, approves it (it gets its letter number) or sends it back. Never the drafter."""

from dataclasses import replace
from datetime import datetime

from hub.cases.separation import require_separate_persons
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from station_agent.agent import Agent
from station_agent.desk.acting import require_own, sign, store_act
from station_agent.desk.steps import step_case, step_letter
from station_agent.history import require_numbers_known
from station_agent.people import Person
from station_agent.store.cases import require_case, save_case
from station_agent.store.letters import assign_letter_number, require_letter, save_letter, void_letter_number


def approve(agent: Agent, person: Person, case: CaseId, *, now: datetime) -> str:
    """Approve the draft of `case` and return the letter number it got.

    The act is about the very draft act, and so about the exact bytes of the draft.
    Raises: Refused (E303, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    with agent.store.write() as tx:
        require_case(tx, case)
        letter = require_letter(tx, case)
        require_separate_persons(drafter=letter.drafter, approver=person.number)
        letter = step_letter(letter, "approve", person=person, facts=("approver_is_not_drafter",))
        if letter.draft_act is None:
            raise Refused(Code.APPROVAL_MISSING)
        require_numbers_known(tx)
        number = assign_letter_number(tx, case, word=agent.settings.word, now=now)
        details = {"letter_number": number, "draft": letter.draft_act}
        act = sign(agent, person, ActKind.APPROVAL, case=case, subject=letter.draft_act, details=details, now=now)
        store_act(tx, agent.store, act)
        save_letter(tx, replace(letter, approver=person.number, number=number, approval_act=act.digest))
    return number


def reject(agent: Agent, person: Person, case: CaseId, *, reason: str, now: datetime) -> None:
    """Send the draft back to its drafter (head, or custodian before the stamp); a number already given becomes void.

    Raises: Refused (`station.reason_missing`, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    require_reason(reason)
    with agent.store.write() as tx:
        row, letter = require_case(tx, case), require_letter(tx, case)
        letter = step_letter(letter, "reject", person=person, facts=("reason_given",))
        if letter.number is not None:
            void_letter_number(tx, letter.number, reason=reason)
        save_letter(tx, replace(letter, number=None, approver=None, approval_act=None))
        if row.state == "awaiting_seal":
            save_case(tx, step_case(row, "reject", person=person, facts=("reason_given",)), now=now)


def require_reason(reason: str) -> None:
    """Let pass only a stated reason. Raises: Refused (`station.reason_missing`)."""
    if not reason.strip():
        raise Refused(Code.REASON_MISSING)
