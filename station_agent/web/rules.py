"""Who may ask for a page: every route declares one of these rules, and nothing else lets a request through."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from hub.cases.catalogue import CaseType, Catalogue
from hub.cases.machine import Actor, Side
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.signing.purposes import OfficerRole
from station_agent.people import Person
from station_agent.store.cases import CaseRow, find_case
from station_agent.web.visit import Answer, Visit

if TYPE_CHECKING:
    from station_agent.web.desk import Desk

View = Callable[["Desk", Visit], Answer]


class Rule(StrEnum):
    """What a visitor must be. `CASE`: an officer who may see the case that the path names; others are told that there is none."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    ROLE = "role"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `by_itself`: the page's script asks, not the officer, so the session rests on. `accepts`: how the body is
    read. `roles` belong to `Rule.ROLE`. `keeps_form`: what was typed is kept when the session is over."""

    method: str
    path: str
    rule: Rule
    view: View
    roles: tuple[OfficerRole, ...] = ()
    by_itself: bool = False
    raw_body: bool = False
    keeps_form: bool = False


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
