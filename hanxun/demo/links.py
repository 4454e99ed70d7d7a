"""Links that open a demo's desk signed in: each works once, for a quarter of an hour, from this machine.

They exist only in the demo's own process, which adds the one address to a desk's table; `hanxun agent desk` and
`hanxun hub desk` have no such address, so nothing that is set or leaked there can make one.
"""

import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from hub.pages.edge import Pages
from hub.pages.routing import Route, Rule
from hub.pages.sessions import Identified, Sessions
from hub.pages.visit import Answer, SignedIn, Visit
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

LASTS = timedelta(minutes=15)
PATH = "/demo/{ticket}"

D = TypeVar("D")
P = TypeVar("P", bound=Identified)


@dataclass(eq=False)
class Links(Generic[D, P]):
    """The links of one desk that have not been used. Used from several threads: each step is one operation on a dict."""

    sessions: Sessions[P]
    _open: dict[str, tuple[P, datetime]] = field(default_factory=dict)

    def make(self, person: P, *, now: datetime) -> str:
        """Return the path of a new link that signs `person` in."""
        ticket = secrets.token_urlsafe(24)
        self._open[ticket] = (person, now + LASTS)
        return PATH.format(ticket=ticket)

    def follow(self, _desk: D, visit: Visit[P]) -> Answer:
        """Begin the session. Raises: Refused (`demo.link`) when it was used, has ended, or is followed from elsewhere."""
        if not _is_loopback(visit.address):
            raise Refused(Code.DEMO_LINK)
        person, until = self._open.pop(visit.params.get("ticket", ""), (None, visit.now))
        if person is None or visit.now >= until:
            raise Refused(Code.DEMO_LINK)
        return SignedIn(self.sessions.begin(person, now=visit.now).token, "/desk")


def with_links(pages: Pages[D, P], links: Links[D, P]) -> Pages[D, P]:
    """Return the desk's table with the links' address behind all others."""
    follow: Callable[[D, Visit[P]], Answer] = links.follow
    return replace(pages, routes=(*pages.routes, Route("GET", PATH, Rule.PUBLIC, follow)))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
