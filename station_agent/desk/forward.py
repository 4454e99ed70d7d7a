"""转办 within the station: an officer, or the head, hands a case to a colleague, with a note. The other station need not know.

For it the case stays signed for by this station; whose it is here is this station's own affair, and is kept with its reason.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from hub.cases.catalogue import CaseType
from hub.cases.machine import Side
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import format_instant
from hub.signing.certificates import Certified
from hub.signing.purposes import CertificateKind, OfficerRole
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.approve import require_reason
from station_agent.people import Person, own_certificates
from station_agent.store.cases import require_case, save_case
from station_agent.store.handlings import FORWARDED, HandlingRow, add_handling

OPEN = ("delivered", "claimed", "in_progress", "awaiting_supply")
_MAY = (OfficerRole.HEAD, OfficerRole.WINDOW)


@dataclass(frozen=True, slots=True)
class Colleague:
    """An officer of this station whose work a case can be."""

    number: str
    name: str
    roles: tuple[str, ...]


def colleagues(agent: Agent, case_type: CaseType, *, now: datetime) -> tuple[Colleague, ...]:
    """Return the officers here who answer cases of this type, by number; only those whose certificate is in its period."""
    found = {}
    for each in own_certificates(agent.folder, purposes=agent.settings.purposes):
        if (
            each.kind is CertificateKind.OFFICER
            and _works_on(each, case_type)
            and each.not_before <= now <= each.not_after
        ):
            roles = tuple(sorted(role.value for role in each.roles))
            found[each.number or ""] = Colleague(each.number or "", each.name, roles)
    return tuple(found[number] for number in sorted(found))


def forward(agent: Agent, person: Person, case: CaseId, *, to: str, note: str, now: datetime) -> None:
    """Make the case the colleague's. Its owner may, and the head; what nobody has signed for yet, any window officer.

    Raises: Refused (E701, `station.reason_missing`, `station.officer_unknown`, `station.not_forwarded`), NotPermitted.
    """
    require_own(agent, person)
    require_reason(note)
    role = person.require_role(*_MAY)
    with agent.store.write() as tx:
        row = require_case(tx, case)
        if row.side != Side.ANSWERER.value or row.state not in OPEN:
            raise Refused(Code.NOT_FORWARDED, detail=row.state)
        if row.owner not in (None, person.number) and role is not OfficerRole.HEAD:
            raise Refused(Code.CASE_TAKEN, values={"owner": row.owner})
        here = colleagues(agent, agent.catalogue.case_type(row.type), now=now)
        if to == row.owner or not any(each.number == to for each in here):
            raise Refused(Code.OFFICER_UNKNOWN, field="to", detail=to[:32])
        save_case(tx, replace(row, owner=to), now=now)
        add_handling(tx, HandlingRow(case, format_instant(now), person.number, FORWARDED, to, note.strip()))


def _works_on(certified: Certified, case_type: CaseType) -> bool:
    wanted = {actor.value for actor in case_type.answers} | {OfficerRole.HEAD.value}
    return bool(wanted & {role.value for role in certified.roles})
