"""转办 within the station: one case, or several of the inbox, handed to a colleague with one note."""

from dataclasses import dataclass, replace

from hub.pages.drafts import draft_of, forget_draft
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import CaseId, parse_case
from station_agent.desk.forward import Colleague, colleagues, forward
from station_agent.store.cases import find_case, require_case
from station_agent.web.actions import can_forward
from station_agent.web.desk import Desk
from station_agent.web.rules import may_see
from station_agent.web.visit import Answer, Html, Redirect, Visit

MOST_AT_ONCE = 50
BULK = "/inbox/forward"


@dataclass(frozen=True, slots=True)
class ForwardPage:
    """The form: which cases, the colleagues whose work they can be, and what was typed; ticked ones that this officer may not
    hand on are `left_out`."""

    cases: tuple[str, ...]
    place: str
    back: str
    colleagues: tuple[Colleague, ...]
    to: str
    note: str
    kept_at: str | None
    left_out: tuple[str, ...] = ()
    error: str = ""
    remedy: str = ""


def show_forward(desk: Desk, visit: Visit) -> Answer:
    """The form for one case."""
    values, kept_at = draft_of(desk, visit, visit.path)
    return Html(
        "forward.html", _page(desk, visit, (visit.case,), values.get("to", ""), values.get("note", ""), kept_at)
    )


def forward_case(desk: Desk, visit: Visit) -> Answer:
    """Hand it over."""
    to, note = visit.form.get("to", ""), visit.form.get("note", "")
    try:
        forward(desk.agent, visit.person, visit.case, to=to, note=note, now=visit.now)
    except HanxunError as error:
        return _told(desk, visit, (visit.case,), error)
    forget_draft(desk, visit, visit.path)
    return Redirect(f"/cases/{visit.case}", "case.forward_done")


def forward_several(desk: Desk, visit: Visit) -> Answer:
    """The ticked cases of the inbox: first the form, then done for each that may be handed on by this officer."""
    cases, left_out = _ticked(desk, visit)
    if not cases:
        return Redirect("/inbox", "case.forward_none")
    if "to" not in visit.form:
        page = _page(desk, visit, cases, "", "", None)
        return Html("forward.html", replace(page, left_out=left_out))
    try:
        for case in cases:
            forward(desk.agent, visit.person, case, to=visit.form["to"], note=visit.form.get("note", ""), now=visit.now)
    except HanxunError as error:
        return _told(desk, visit, cases, error)
    return Redirect("/inbox", "case.forward_done")


def _ticked(desk: Desk, visit: Visit) -> tuple[tuple[CaseId, ...], tuple[CaseId, ...]]:
    """The cases ticked that this officer may hand on, and those that stay where they are. Raises: Refused (`desk.not_found`)."""
    found, left_out = [], []
    names = [name.removeprefix("case.") for name in visit.form if name.startswith("case.")]
    with desk.agent.store.read() as tx:
        for name in names[:MOST_AT_ONCE]:
            row = find_case(tx, parse_case(name))
            if row is None or not may_see(desk.agent.catalogue, visit.person, row):
                raise Refused(Code.DESK_NOT_FOUND)
            if can_forward(row, visit.person):
                found.append(row.case)
            else:
                left_out.append(row.case)
    return tuple(found), tuple(left_out)


def _page(desk: Desk, visit: Visit, cases: tuple[CaseId, ...], to: str, note: str, kept_at: str | None) -> ForwardPage:
    with desk.agent.store.read() as tx:
        rows = [require_case(tx, case) for case in cases]
    each = [set(colleagues(desk.agent, desk.agent.catalogue.case_type(row.type), now=visit.now)) for row in rows]
    common = set.intersection(*each) if each else set()
    owners = {row.owner for row in rows}
    others = tuple(sorted((one for one in common if {one.number} != owners), key=lambda one: one.number))
    single = len(cases) == 1 and visit.path != BULK
    back = f"/cases/{cases[0]}" if single else "/inbox"
    return ForwardPage(tuple(cases), visit.path if single else BULK, back, others, to, note, kept_at)


def _told(desk: Desk, visit: Visit, cases: tuple[CaseId, ...], error: HanxunError) -> Answer:
    text, remedy = visit.words.error(error)
    page = _page(desk, visit, cases, visit.form.get("to", ""), visit.form.get("note", ""), None)
    return Html("forward.html", replace(page, error=text, remedy=remedy), 422)
