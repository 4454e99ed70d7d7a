"""Whom the rule of an officers' page lets through: who is signed in, has the role, may see the case."""

from typing import TYPE_CHECKING

from hub.cases.catalogue import CaseType, Catalogue
from hub.cases.machine import Actor, Side
from hub.pages import routing
from hub.pages.routing import Rule
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from station_agent.people import Person
from station_agent.store.cases import CaseRow, find_case
from station_agent.web.visit import Visit

if TYPE_CHECKING:
    from station_agent.web.desk import Desk

Route = routing.Route["Desk", Person]


def require_rule(route: Route, desk: "Desk", visit: Visit) -> None:
    """Let pass only whom the route's rule lets. Raises: NotPermitted (E901, `station.role`), Refused (`desk.not_found`)."""
    if route.rule is Rule.PUBLIC:
        return
    if visit.session is None:
        raise NotPermitted(Code.SESSION_EXPIRED)
    if route.rule is Rule.ROLE:
        visit.person.require_role(*route.roles)
    if route.rule is Rule.CASE:
        with desk.agent.store.read() as tx:
            row = find_case(tx, visit.case)
        # The same words for a case that is none and for one that is not theirs (DOMAIN 5, 15).
        if row is None or not may_see(desk.agent.catalogue, visit.person, row):
            raise Refused(Code.DESK_NOT_FOUND)


def may_see(catalogue: Catalogue, person: Person, row: CaseRow) -> bool:
    """Whether an officer of this station may see a case: those whose work its type is, the head, the auditor, and the custodian
    where a letter needs the seal."""
    return row.type in visible_types(catalogue, person, Side(row.side))


def visible_types(catalogue: Catalogue, person: Person, side: Side) -> tuple[str, ...]:
    """Return the case types whose cases this officer may see on that side."""
    roles = {role.value for role in person.certified.roles}
    return tuple(code for code, case_type in catalogue.types.items() if roles & _seers(case_type, side))


def _seers(case_type: CaseType, side: Side) -> set[str]:
    workers = case_type.opens if side is Side.OPENER else case_type.answers
    seers = {actor.value for actor in workers} | {Actor.HEAD.value, Actor.AUDITOR.value}
    if side is Side.OPENER and case_type.letter is not None:
        seers.add(Actor.CUSTODIAN.value)
    return seers
