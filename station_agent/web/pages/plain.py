"""Small answers: our static files, drafts as they are typed, the way from the bare address."""

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from station_agent.web.desk import Desk
from station_agent.web.drafts import forget_draft, keep_draft
from station_agent.web.templates import static_files
from station_agent.web.visit import Answer, File, Redirect, Short, Visit

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain"}


def go_to_desk(_desk: Desk, _visit: Visit) -> Answer:
    """The bare address leads to the desk."""
    return Redirect("/desk")


def static_file(_desk: Desk, visit: Visit) -> Answer:
    """One of our own files."""
    name = visit.params.get("name", "")
    raw = static_files().get(name)
    media_type = _TYPES.get(name.rpartition(".")[2])
    if raw is None or media_type is None:
        raise Refused(Code.DESK_NOT_FOUND)
    return File(raw, media_type)


def autosave(desk: Desk, visit: Visit) -> Answer:
    """Keep what is being typed, and say when."""
    return Short({"kept_at": keep_draft(desk, visit.person.number, visit) or ""})


def throw_away(desk: Desk, visit: Visit) -> Answer:
    """The officer throws a draft away."""
    place = visit.form.get("_place", "")
    forget_draft(desk, visit, place)
    return Redirect(place if place.startswith("/") and not place.startswith("//") else "/desk", "frame.thrown_away")
