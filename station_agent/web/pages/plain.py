"""Small answers: the way from the bare address, and to everywhere on a small screen."""

from station_agent.web.desk import Desk
from station_agent.web.visit import Answer, Html, Redirect, Visit


def go_to_desk(_desk: Desk, _visit: Visit) -> Answer:
    """The bare address leads to the desk."""
    return Redirect("/desk")


def show_more(_desk: Desk, _visit: Visit) -> Answer:
    """Everywhere one may go, for small screens."""
    return Html("more.html", None)
