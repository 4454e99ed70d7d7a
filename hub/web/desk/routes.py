"""The table of addresses of the hub's desk. Each declares its rule; a test walks the table and makes the requests that each forbids."""

from hub.pages import sign_in, static
from hub.pages.routing import Rule
from hub.web.desk.pages import overview
from hub.web.desk.rules import Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", Rule.PUBLIC, overview.go_to_desk),
    Route("GET", "/static/{name}", Rule.PUBLIC, static.static_file, by_itself=True),
    Route("GET", "/sign-in", Rule.PUBLIC, sign_in.show_sign_in),
    Route("POST", "/sign-in", Rule.PUBLIC, sign_in.sign_in),
    Route("GET", "/first-use", Rule.PUBLIC, sign_in.show_first_use),
    Route("POST", "/first-use", Rule.PUBLIC, sign_in.begin_first_use),
    Route("POST", "/first-use/finish", Rule.PUBLIC, sign_in.finish_first_use),
    Route("POST", "/language", Rule.PUBLIC, sign_in.choose_language),
    Route("POST", "/sign-out", Rule.SIGNED_IN, sign_in.sign_out),
    Route("GET", "/desk", Rule.SIGNED_IN, overview.show_overview),
)
