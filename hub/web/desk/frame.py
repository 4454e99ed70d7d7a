"""What stands around every page of the hub's desk: who is here, where one may go, how far the index is."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.exchange.search_index import progress_of
from hub.protocol.instants import format_instant, parse_instant
from hub.signing.purposes import OfficerRole
from hub.store.administration import proposals_unanswered
from hub.web.desk.ground import Ground
from hub.web.desk.visit import Visit

PLACES = (
    ("overview", "/desk"),
    ("cases", "/cases"),
    ("overdue", "/overdue"),
    ("seals", "/seals"),
    ("stations", "/stations"),
    ("log", "/log"),
    ("figures", "/figures"),
    ("lookups", "/lookups"),
    ("overrides", "/overrides"),
)
OF_ADMINISTRATORS = (("pending", "/pending"), ("people", "/people"))
AT_HAND = ("overview", "cases", "overdue")
"""What a phone's narrow bar shows to everybody, and one place more: what waits for administrators, or the log for auditors."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation: its name's key, address, what waits there (0: nothing to show); `at_hand` on a phone too."""

    word: str
    path: str
    count: int
    here: bool
    at_hand: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one visit."""

    station: str
    officer: str
    number: str
    roles: tuple[str, ...]
    signed_in: bool
    places: tuple[Place, ...]
    now: str
    path: str
    csrf: str
    notice: str | None
    behind: int = 0


def frame_of(ground: Ground, visit: Visit) -> Frame:
    """Return the frame, with the notice that the session has for its next page."""
    session, now = visit.session, format_instant(visit.now)
    if session is None:
        return Frame(ground.name, "", "", (), False, (), now, visit.path, visit.csrf, None)
    person = session.person
    administers = OfficerRole.ADMINISTRATOR in person.roles
    waiting, behind = ground.read(lambda tx: (_waiting(tx, visit) if administers else 0, progress_of(tx).behind))
    places = tuple(
        Place(
            word=word,
            path=path,
            count=waiting if word == "pending" else 0,
            here=visit.path == path or visit.path.startswith(f"{path}/"),
            at_hand=word in (*AT_HAND, "pending" if administers else "log"),
        )
        for word, path in PLACES + (OF_ADMINISTRATORS if administers else ())
    )
    return Frame(
        station=ground.name,
        officer=person.certified.name,
        number=person.number,
        roles=tuple(sorted(role.value for role in person.roles)),
        signed_in=True,
        places=places,
        now=now,
        path=visit.path,
        csrf=visit.csrf,
        notice=session.notice,
        behind=behind,
    )


def _waiting(tx: sa.Connection, visit: Visit) -> int:
    return sum(parse_instant(row.expires_at) >= visit.now for row in proposals_unanswered(tx))
