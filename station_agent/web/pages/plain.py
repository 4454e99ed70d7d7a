"""Small answers: drafts as they are typed, the way from the bare address."""

from hub.pages.sign_in import local_path
from station_agent.web.desk import Desk
from station_agent.web.drafts import forget_draft, keep_draft
from station_agent.web.visit import Answer, Html, Redirect, Short, Visit


def go_to_desk(_desk: Desk, _visit: Visit) -> Answer:
    """The bare address leads to the desk."""
    return Redirect("/desk")


def show_more(_desk: Desk, _visit: Visit) -> Answer:
    """Everywhere one may go, for small screens."""
    return Html("more.html", None)


def autosave(desk: Desk, visit: Visit) -> Answer:
    """Keep what is being typed, and say when."""
    return Short({"kept_at": keep_draft(desk, visit.person.number, visit) or ""})


def throw_away(desk: Desk, visit: Visit) -> Answer:
    """The officer throws a draft away."""
    place = visit.form.get("_place", "")
    forget_draft(desk, visit, place)
    return Redirect(local_path(place), "frame.thrown_away")
