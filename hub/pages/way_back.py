"""Where a visitor comes back to: after signing in anew, or after choosing the other language."""

from collections.abc import Iterable
from urllib.parse import urlencode

from hub.pages.drafts import is_place
from hub.pages.routing import D, Route
from hub.pages.visit import P, Visit

DESK = "/desk"
SIGN_IN = "/sign-in"


def way_back(routes: Iterable[Route[D, P]], route: Route[D, P] | None, visit: Visit[P]) -> str:
    """Return the page that was asked for, with its query; for an address that only takes forms, the nearest page above it.

    Without a route (there is no such page) it is the desk.
    """
    if route is None:
        return DESK
    if route.path == SIGN_IN and visit.form.get("next"):
        return f"{SIGN_IN}?{urlencode({'next': visit.form['next']})}"  # a wrong password does not change where one wants to go
    place = visit.form.get("_place", "")
    if route.keeps_form and is_place(place):
        return place  # where the form stands, with what was typed
    pages = {each.path for each in routes if each.method == "GET" and not each.by_itself}
    if visit.method == "GET" and route.path in pages - {"/"}:
        return f"{visit.path}?{urlencode(visit.query)}" if visit.query else visit.path
    pattern, path = route.path, visit.path
    while pattern and pattern not in pages:
        pattern, path = pattern.rpartition("/")[0], path.rpartition("/")[0]
    return path if len(path) > 1 else DESK
