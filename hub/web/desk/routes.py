"""The table of addresses of the hub's desk. Each declares its rule; a test walks the table and makes the requests that each forbids."""

from hub.pages import sign_in, static
from hub.pages.routing import Rule
from hub.web.desk.pages import cases, overview, trail
from hub.web.desk.rules import Route

_CASE = "/cases/{case}"

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
    Route("GET", "/cases", Rule.SIGNED_IN, cases.show_cases),
    Route("POST", "/cases/search", Rule.SIGNED_IN, cases.ask),
    Route("POST", "/cases/search-person", Rule.REASON, cases.ask_person),
    Route("POST", "/cases/save-view", Rule.SIGNED_IN, cases.save),
    Route("POST", "/cases/drop-view", Rule.SIGNED_IN, cases.drop),
    Route("GET", "/cases/export/{form}", Rule.SIGNED_IN, cases.export),
    Route("GET", _CASE, Rule.CASE, trail.show_trail),
    Route("POST", f"{_CASE}/check", Rule.CASE, trail.check),
    Route("POST", f"{_CASE}/reveal", Rule.REASON, trail.reveal),
    Route("POST", f"{_CASE}/evidence", Rule.REASON, trail.evidence),
)
