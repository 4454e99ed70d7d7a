"""O16: search. Only what the officer may see; a person without an open case here only with a reason, which is on record first."""

from dataclasses import dataclass

from sqlalchemy import Connection

from hub.cases.machine import default_machine
from hub.protocol.errors import HanxunError
from hub.protocol.identifiers import CaseId
from station_agent.search import Hit, find, index_due, names_a_person, note_looking_up
from station_agent.store.case_lists import CaseLine, lines_of
from station_agent.web.desk import Desk
from station_agent.web.pages.lists import Row, rows_of
from station_agent.web.rules import may_see
from station_agent.web.visit import Answer, Html, Visit

MOST = 20


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`found` None: nothing was asked yet. `ask_reason`: the person has no open case here; `logged`: the look-up is on record."""

    query: str
    rows: tuple[Row, ...] = ()
    found: int | None = None
    ask_reason: bool = False
    logged: bool = False
    error: str = ""
    remedy: str = ""


def show_search(_desk: Desk, _visit: Visit) -> Answer:
    """The empty form. What is looked for never stands in an address: it is posted."""
    return Html("search.html", SearchPage(""))


def search(desk: Desk, visit: Visit) -> Answer:
    """Find cases."""
    query, reason = visit.form.get("query", "").strip()[:64], visit.form.get("reason", "").strip()
    try:
        desk.searches.take(visit.person.number, now=visit.now)
        index_due(desk.agent.store)
        hits = find(desk.agent.store, query)
        with desk.agent.store.read() as tx:
            lines = _seen_by(tx, desk, visit, hits)
        shown, hidden = _apart(hits, lines)
        asks = names_a_person(query) and (bool(hidden) or not shown)
        logged = asks and bool(reason)
        if logged:
            shown = shown + hidden
            # Before anything is shown: what is on record cannot be undone by closing the page.
            note_looking_up(desk.agent, visit.person, query, reason=reason, found=len(shown), now=visit.now)
    except HanxunError as error:
        text, remedy = visit.words.error(error)
        return Html("search.html", SearchPage(query, error=text, remedy=remedy), 422)
    newest = sorted(shown, key=lambda line: line.row.changed_at, reverse=True)[:MOST]
    with desk.agent.store.read() as tx:
        rows = rows_of(tx, desk, visit, newest)
    return Html("search.html", SearchPage(query, rows, len(shown), asks and not logged, logged))


def _seen_by(tx: Connection, desk: Desk, visit: Visit, hits: tuple[Hit, ...]) -> dict[CaseId, CaseLine]:
    lines = lines_of(tx, [hit.case for hit in hits], number=visit.person.number)
    return {line.row.case: line for line in lines if may_see(desk.agent.catalogue, visit.person, line.row)}


def _apart(hits: tuple[Hit, ...], lines: dict[CaseId, CaseLine]) -> tuple[list[CaseLine], list[CaseLine]]:
    """What may be shown at once, and what only with a reason: closed cases of people who have no open one here."""
    states = default_machine("case").rules.states
    seen = [(hit, lines[hit.case]) for hit in hits if hit.case in lines]
    present = {hit.person for hit, line in seen if hit.person and not states[line.row.state].final}
    shown = [line for hit, line in seen if hit.person is None or hit.person in present]
    return shown, [line for hit, line in seen if hit.person is not None and hit.person not in present]
