"""The table of addresses of the hub's desk. Each declares its rule; a test walks the table and makes the requests that each forbids."""

from hub.pages import drafts, sign_in, static
from hub.pages.routing import Rule
from hub.signing.purposes import OfficerRole
from hub.web.desk.pages import (
    acts,
    cases,
    figures,
    log,
    lookups,
    organisation,
    overdue,
    overrides,
    overview,
    people,
    seals,
    stations,
    supervision,
    trail,
)
from hub.web.desk.rules import Route

_CASE = "/cases/{case}"
_STATION = "/stations/{code}"
_PROPOSAL = "/pending/{number}"
_ADMINISTRATORS = (OfficerRole.ADMINISTRATOR,)

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
    Route("POST", "/drafts", Rule.SIGNED_IN, drafts.autosave, keeps_form=True, by_itself=True),
    Route("POST", "/drafts/throw-away", Rule.SIGNED_IN, drafts.throw_away),
    Route("GET", "/desk", Rule.SIGNED_IN, overview.show_overview),
    Route("GET", "/cases", Rule.SIGNED_IN, cases.show_cases),
    Route("POST", "/cases/search", Rule.SIGNED_IN, cases.ask),
    Route("POST", "/cases/search-person", Rule.REASON, cases.ask_person, keeps_form=True),
    Route("POST", "/cases/save-view", Rule.SIGNED_IN, cases.save),
    Route("POST", "/cases/drop-view", Rule.SIGNED_IN, cases.drop),
    Route("GET", "/cases/export/{form}", Rule.SIGNED_IN, cases.export),
    Route("GET", _CASE, Rule.CASE, trail.show_trail),
    Route("POST", f"{_CASE}/check", Rule.CASE, trail.check),
    Route("POST", f"{_CASE}/reveal", Rule.REASON, trail.reveal, keeps_form=True),
    Route("POST", f"{_CASE}/evidence", Rule.REASON, trail.evidence, keeps_form=True),
    Route("GET", f"{_CASE}/urge", Rule.ROLE, supervision.show_urge, roles=_ADMINISTRATORS),
    Route("POST", f"{_CASE}/urge", Rule.ROLE, supervision.preview_urge, roles=_ADMINISTRATORS, keeps_form=True),
    Route("POST", f"{_CASE}/urge/sign", Rule.ROLE, supervision.sign_urge, roles=_ADMINISTRATORS, keeps_form=True),
    Route("GET", f"{_CASE}/extend", Rule.ROLE, supervision.show_extend, roles=_ADMINISTRATORS),
    Route("POST", f"{_CASE}/extend", Rule.ROLE, supervision.preview_extend, roles=_ADMINISTRATORS, keeps_form=True),
    Route("POST", f"{_CASE}/extend/sign", Rule.ROLE, supervision.sign_extend, roles=_ADMINISTRATORS, keeps_form=True),
    Route("GET", "/overdue", Rule.SIGNED_IN, overdue.show_overdue),
    Route("GET", "/log", Rule.SIGNED_IN, log.show_log),
    Route("POST", "/log/check", Rule.SIGNED_IN, log.start_check),
    Route("GET", "/log/check", Rule.SIGNED_IN, log.check_state, by_itself=True),
    Route("GET", "/log/export/{form}", Rule.SIGNED_IN, log.export),
    Route("GET", "/figures", Rule.SIGNED_IN, figures.show_figures),
    Route("GET", "/figures/export/{form}", Rule.SIGNED_IN, figures.export),
    Route("GET", "/lookups", Rule.SIGNED_IN, lookups.show_lookups),
    Route("GET", "/overrides", Rule.SIGNED_IN, overrides.show_overrides),
    Route("GET", "/seals", Rule.SIGNED_IN, seals.show_seals),
    Route("GET", "/seals/{seal}", Rule.SIGNED_IN, seals.show_seal),
    Route("GET", "/stations", Rule.SIGNED_IN, stations.show_stations),
    Route("GET", f"{_STATION}/rename", Rule.ROLE, organisation.show_rename, roles=_ADMINISTRATORS),
    Route("POST", f"{_STATION}/rename", Rule.ROLE, organisation.preview_rename, roles=_ADMINISTRATORS, keeps_form=True),
    Route(
        "POST", f"{_STATION}/rename/sign", Rule.ROLE, organisation.sign_rename, roles=_ADMINISTRATORS, keeps_form=True
    ),
    Route("GET", f"{_STATION}/move", Rule.ROLE, organisation.show_move, roles=_ADMINISTRATORS),
    Route("POST", f"{_STATION}/move", Rule.ROLE, organisation.preview_move, roles=_ADMINISTRATORS, keeps_form=True),
    Route("POST", f"{_STATION}/move/sign", Rule.ROLE, organisation.sign_move, roles=_ADMINISTRATORS, keeps_form=True),
    Route("GET", "/people", Rule.ROLE, people.show_people, roles=_ADMINISTRATORS),
    Route("GET", "/acts/preview", Rule.ROLE, acts.show_preview, roles=_ADMINISTRATORS),
    Route("POST", "/acts/preview", Rule.ROLE, acts.preview, roles=_ADMINISTRATORS),
    Route("POST", "/acts/sign", Rule.ROLE, acts.sign, roles=_ADMINISTRATORS, keeps_form=True),
    Route("GET", "/pending", Rule.ROLE, acts.show_pending, roles=_ADMINISTRATORS),
    Route("GET", _PROPOSAL, Rule.ROLE, acts.show_proposal, roles=_ADMINISTRATORS),
    Route("POST", f"{_PROPOSAL}/approve", Rule.ROLE, acts.approve_proposal, roles=_ADMINISTRATORS),
    Route("POST", f"{_PROPOSAL}/withdraw", Rule.ROLE, acts.withdraw_proposal, roles=_ADMINISTRATORS, keeps_form=True),
)
