"""Whom the rule of a page of the hub's desk lets through, and that a reason is given where one must be."""

from hub.pages import routing
from hub.pages.reasons import reason_of
from hub.pages.routing import Rule
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.store.filed import cases_by_id
from hub.web.desk.ground import Ground
from hub.web.desk.officials import KEEPERS, Official
from hub.web.desk.visit import Visit

Route = routing.Route[Ground, Official]


def require_rule(route: Route, ground: Ground, visit: Visit) -> None:
    """Let pass only whom the route's rule lets.

    Raises: NotPermitted (E901, `station.role`), Refused (`desk.not_found`, `desk.reason`).
    """
    if route.rule is Rule.PUBLIC:
        return
    if visit.session is None:
        raise NotPermitted(Code.SESSION_EXPIRED)
    visit.person.require_role(*(route.roles or KEEPERS))
    if route.rule is Rule.CASE or "{case}" in route.path:
        case = visit.case
        if not ground.read(lambda tx: cases_by_id(tx, [case])):
            raise Refused(Code.DESK_NOT_FOUND)
    if route.rule is Rule.REASON:
        reason_of(visit)
