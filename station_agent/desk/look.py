"""印文核对: an officer of the answering station compares the ink impression on the scan. Software cannot authenticate ink."""

from dataclasses import dataclass
from datetime import datetime

from hub.cases.machine import Side
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.protocol.station_event import StationEventKind
from hub.signing.purposes import OfficerRole
from station_agent.agent import Agent
from station_agent.desk.acting import require_own, sign, store_act
from station_agent.desk.inquiry import require_inquiry
from station_agent.events import note_event
from station_agent.people import Person
from station_agent.store.acts import ActRow
from station_agent.store.cases import require_case

CONSISTENT = "consistent"
INCONSISTENT = "inconsistent"


@dataclass(frozen=True, slots=True)
class Impression:
    """What the officer saw: legible, the unit's name equals the sender's, a colour scan; and the conclusion."""

    legible: bool
    unit_name_equals: bool
    colour: bool
    consistent: bool


def look(agent: Agent, person: Person, case: CaseId, *, impression: Impression, now: datetime) -> ActRow:
    """Record what `person` saw on the sealed letter of `case`, signed by their own key. Looking again is a further act.

    Raises: Refused (`station.no_letter`, `station.not_answerer`), NotPermitted (`station.role`).
    """
    require_own(agent, person)
    person.require_role(OfficerRole.WINDOW, OfficerRole.HEAD)
    with agent.store.write() as tx:
        row = require_case(tx, case)
        if row.side != Side.ANSWERER.value:
            raise Refused(Code.NOT_ANSWERER)
        inquiry = require_inquiry(tx, agent, case)
        letter = next((file for file in inquiry.envelope.attachments if file.role is Role.LETTER), None)
        if letter is None:
            raise Refused(Code.NO_LETTER, detail=case)
        details = {
            "legible": impression.legible,
            "unit_name_equals": impression.unit_name_equals,
            "colour": impression.colour,
            "result": CONSISTENT if impression.consistent else INCONSISTENT,
        }
        act = sign(
            agent,
            person,
            ActKind.LOOK,
            case=case,
            subject=letter.digest,
            details=details,
            now=now,
            previous=inquiry.digest,
        )
        note_event(tx, agent, StationEventKind.READING, case=case, subject=act.digest, now=now)
        return store_act(tx, agent.store, act)
