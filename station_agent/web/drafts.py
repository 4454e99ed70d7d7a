"""What officers have typed and not sent: kept on this machine under their number until it is sent or thrown away."""

import msgspec

from hub.protocol.instants import format_instant
from station_agent.store.desk import DraftRow, drop_draft, find_draft, save_draft
from station_agent.web.desk import Desk
from station_agent.web.visit import Visit

MOST_BYTES = 256 << 10
_NEVER_KEPT = ("_token", "_place", "password", "seal_password", "code")


def keep_draft(desk: Desk, number: str, visit: Visit) -> str | None:
    """Keep what the visit's form holds, for the form's own place, and return when; None when there is nothing to keep.

    Passwords and codes are never kept, files neither.
    """
    place = visit.form.get("_place", "")
    typed = {name: value for name, value in visit.form.items() if name not in _NEVER_KEPT}
    fields = msgspec.json.encode(typed)
    if not place.startswith("/") or len(place) > 200 or len(fields) > MOST_BYTES or not any(typed.values()):
        return None
    at = format_instant(visit.now)
    with desk.agent.store.write() as tx:
        save_draft(tx, DraftRow(number, place, fields, at))
    return at


def draft_of(desk: Desk, visit: Visit, place: str) -> tuple[dict[str, str], str | None]:
    """Return what the officer has typed into the form at `place` and when it was kept."""
    with desk.agent.store.read() as tx:
        row = find_draft(tx, visit.person.number, place)
    return ({}, None) if row is None else (msgspec.json.decode(row.fields, type=dict[str, str]), row.saved_at)


def forget_draft(desk: Desk, visit: Visit, place: str) -> None:
    """What was typed is sent, or thrown away."""
    with desk.agent.store.write() as tx:
        drop_draft(tx, visit.person.number, place)
