"""What somebody has typed and not sent: kept under their number until it is sent or thrown away, through the session's end and a restart.

A form names its `_place`: the page that it stands on, which is also where one comes back to after signing in.
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from hub.pages.sign_in import is_local
from hub.pages.visit import Answer, P, Redirect, Short, Visit
from hub.protocol.instants import format_instant

MOST_BYTES = 256 << 10
MOST_PLACE = 200
_NEVER_KEPT = frozenset({"_token", "_place", "password", "again", "seal_password", "code"})


@dataclass(frozen=True, slots=True)
class DraftRow:
    """What somebody has typed into the form at `place`: `fields` as JSON, names to texts."""

    number: str
    place: str
    fields: bytes
    saved_at: str


class DraftStore(Protocol):
    """Where drafts are kept; each call is a transaction of its own."""

    @property
    def withheld(self) -> frozenset[str]:
        """Names of further fields that are never kept here."""

    def find(self, number: str, place: str) -> DraftRow | None:
        """Return somebody's draft of the form at `place`, or None."""

    def save(self, row: DraftRow) -> None:
        """Keep a draft; the same form's draft before it is replaced."""

    def drop(self, number: str, place: str) -> None:
        """Forget a draft."""


class Keeps(Protocol):
    """A desk that keeps drafts."""

    @property
    def drafts(self) -> DraftStore:
        """Where."""


def keep_draft(desk: Keeps, number: str, visit: Visit[P]) -> str | None:
    """Keep what the visit's form holds, for the form's own place, and return when; None when there is nothing to keep.

    Passwords and codes are never kept, files neither.
    """
    place, withheld = visit.form.get("_place", ""), _NEVER_KEPT | desk.drafts.withheld
    typed = {name: value for name, value in visit.form.items() if name not in withheld}
    fields = msgspec.json.encode(typed)
    if not is_place(place) or len(fields) > MOST_BYTES or not any(typed.values()):
        return None
    at = format_instant(visit.now)
    desk.drafts.save(DraftRow(number, place, fields, at))
    return at


def draft_of(desk: Keeps, visit: Visit[P], place: str) -> tuple[dict[str, str], str | None]:
    """Return what the visitor has typed into the form at `place` and when it was kept."""
    row = desk.drafts.find(visit.person.number, place)
    return ({}, None) if row is None else (msgspec.json.decode(row.fields, type=dict[str, str]), row.saved_at)


def forget_draft(desk: Keeps, visit: Visit[P], place: str) -> None:
    """What was typed is sent, or thrown away."""
    desk.drafts.drop(visit.person.number, place)


def autosave(desk: Keeps, visit: Visit[P]) -> Answer:
    """Keep what is being typed, and say when."""
    return Short({"kept_at": keep_draft(desk, visit.person.number, visit) or ""})


def throw_away(desk: Keeps, visit: Visit[P]) -> Answer:
    """Throw a draft away."""
    place = visit.form.get("_place", "")
    forget_draft(desk, visit, place)
    return Redirect(place if is_place(place) else "/desk", "drafts.thrown_away")


def is_place(text: str) -> bool:
    """Whether this can be the place of a form: a path of these pages."""
    # A browser takes a tab or a line's end out of an address: "/\t/elsewhere" would lead elsewhere.
    return len(text) <= MOST_PLACE and is_local(text)
