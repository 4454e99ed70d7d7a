"""A1: what is open, due and late, by organisation."""

from dataclasses import dataclass

from hub.web.desk.ground import Ground
from hub.web.desk.visit import Answer, Html, Redirect, Visit


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The overview."""

    before: str | None


def go_to_desk(_ground: Ground, _visit: Visit) -> Answer:
    """The bare address leads to the desk."""
    return Redirect("/desk")


def show_overview(_ground: Ground, visit: Visit) -> Answer:
    """A1."""
    return Html("overview.html", OverviewPage(None if visit.session is None else visit.session.before))
