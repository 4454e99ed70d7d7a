"""用印: the custodian affixes the station's seal to the printed letter and logs it; a spoilt letter is made void."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from hub.cases.separation import require_separate_persons
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.protocol.station_event import StationEventKind
from hub.signing.certificates import Certified
from hub.signing.purposes import CertificateKind, SealPurpose
from station_agent.agent import Agent
from station_agent.desk.acting import require_own, sign, store_act
from station_agent.desk.approve import require_reason
from station_agent.desk.steps import step_case, step_letter
from station_agent.events import note_event
from station_agent.people import Person
from station_agent.seal_states import require_seal_in_force
from station_agent.store.acts import ActRow, acts_of_kind
from station_agent.store.cases import require_case, save_case
from station_agent.store.letters import LetterRow, require_letter, save_letter, void_letter_number


def stamp(agent: Agent, person: Person, case: CaseId, *, copies: int, now: datetime) -> None:
    """Log that the custodian `person` has stamped `copies` of the approved letter.

    The act names the seal's certificate: the seal that will sign the scan later must be this one.
    Raises: Refused (E301, E302, `letter.custodian_is_drafter`, `station.seal_missing`, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    with agent.store.write() as tx:
        letter = require_letter(tx, case)
        seal = household_seal(agent, _purpose(agent, tx, case))
        approval = letter.approval_act
        if approval is None or letter.approver is None or letter.number is None:
            raise Refused(Code.APPROVAL_MISSING)
        require_separate_persons(drafter=letter.drafter, approver=letter.approver, custodian=person.number)
        require_seal_in_force(agent, seal.x5t)
        facts = ("custodian_is_not_drafter", "seal_use_logged")
        letter = step_letter(letter, "stamp", person=person, facts=facts)
        details = {"letter_number": letter.number, "copies": copies, "custodian": person.number, "seal": seal.x5t}
        act = sign(agent, person, ActKind.SEAL_USE, case=case, subject=approval, details=details, now=now)
        store_act(tx, agent.store, act)
        note_event(tx, agent, StationEventKind.SEAL_USE, case=case, subject=act.digest, now=now)
        save_letter(tx, replace(letter, custodian=person.number, seal_use_act=act.digest, seal=seal.x5t))


def annul(agent: Agent, person: Person, case: CaseId, *, reason: str, now: datetime) -> None:
    """Make a stamped letter void (作废): its number stays visible, and the draft begins again as the next version.

    Raises: Refused (`station.reason_missing`, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    require_reason(reason)
    with agent.store.write() as tx:
        row, letter = require_case(tx, case), require_letter(tx, case)
        void = step_letter(letter, "annul", person=person, facts=("reason_given",))
        void_letter_number(tx, void.number or "", reason=reason)
        save_letter(tx, LetterRow(case, letter.version + 1, "drafting", letter.body, letter.drafter))
        if row.state == "awaiting_seal":
            save_case(tx, step_case(row, "reject", person=person, facts=("reason_given",)), now=now)


def seal_use_log(agent: Agent) -> tuple[ActRow, ...]:
    """Return every logged use of the seal at this station (用印登记簿), in order."""
    with agent.store.read() as tx:
        return acts_of_kind(tx, ActKind.SEAL_USE)


def household_seal(agent: Agent, purpose: SealPurpose) -> Certified:
    """Return the certificate of the station's seal of `purpose`. Raises: Refused (`station.seal_missing`)."""
    for certified in agent.own_certificates():
        if certified.kind is CertificateKind.SEAL and purpose in certified.seal_purposes:
            return certified
    raise Refused(Code.SEAL_MISSING, values={"purpose": purpose.value})


def _purpose(agent: Agent, tx: Connection, case: CaseId) -> SealPurpose:
    rule = agent.catalogue.case_type(require_case(tx, case).type).letter
    if rule is None:
        raise Refused(Code.NO_LETTER, detail=case)
    return SealPurpose(rule.seal)
