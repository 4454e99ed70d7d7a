"""O14: the sites of the system: name, kind, whether enabled, how their seals stand by the hub's list, cases open with them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from hub.cases.machine import default_machine
from hub.cases.stations import Site
from hub.protocol.identifiers import StationId
from hub.protocol.instants import SHANGHAI
from hub.signing.seal_lists import SealBook, state_at
from station_agent.seal_states import seal_lists
from station_agent.store.case_lists import open_by_peer
from station_agent.store.seals import seal_lists_taken
from station_agent.web.desk import Desk
from station_agent.web.frame import inbox_filter, sent_filter
from station_agent.web.visit import Answer, Html, Visit

MOST = 500
_WORST_FIRST = ("lost", "suspended", "cancelled", "registered", "active")


@dataclass(frozen=True, slots=True)
class Entry:
    """One site: `seal` the state of its seals (the worst one that counts), empty when the hub states none; `open` cases."""

    code: str
    name: str
    kind: str
    parents: str
    enabled: bool
    here: bool
    seal: str
    open: int


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """The sites that match `wanted`, those with open cases first; `list_at` when the hub stated how seals stand."""

    wanted: str
    entries: tuple[Entry, ...]
    list_at: str | None


def show_directory(desk: Desk, visit: Visit) -> Answer:
    """The page. What is filtered for is a site's name or code, never a person."""
    wanted = visit.query.get("q", "").strip()[:40]
    day = visit.now.astimezone(SHANGHAI).date()
    with desk.agent.store.read() as tx:
        book, taken = _book(tx, desk), seal_lists_taken(tx)
        counts = _open_cases(tx, desk, visit)
    seals = _seal_states(book, visit)
    known: dict[str, Entry] = {
        site.code: _entry(desk, site, day, seals, counts) for site in desk.sites.by_code.values()
    }
    for code in {*counts, *seals, desk.agent.station} - set(known):
        known[code] = Entry(
            code=code,
            name=desk.station_name(StationId(code), now=visit.now),
            kind="station" if code == desk.agent.station else "other",
            parents="",
            enabled=True,
            here=code == desk.agent.station,
            seal=seals.get(code, ""),
            open=counts.get(code, 0),
        )
    matching = [entry for entry in known.values() if wanted in entry.name or entry.code.startswith(wanted)]
    entries = sorted(matching, key=lambda entry: (not entry.here, -entry.open, entry.code))[:MOST]
    list_at = None if not taken or book.newest is None else book.newest.at
    return Html("directory.html", DirectoryPage(wanted, tuple(entries), list_at))


def _entry(desk: Desk, site: Site, day: date, seals: dict[str, str], counts: dict[str, int]) -> Entry:
    return Entry(
        code=site.code,
        name=desk.agent.settings.name if site.code == desk.agent.station else site.name_on(day),
        kind=site.kind.value,
        parents=" › ".join(parent.name_on(day) for parent in reversed(desk.sites.parents(site.code))),
        enabled=site.is_enabled(day),
        here=site.code == desk.agent.station,
        seal=seals.get(site.code, ""),
        open=counts.get(site.code, 0),
    )


def _book(tx: Connection, desk: Desk) -> SealBook:
    lists = seal_lists(tx, desk.agent)
    return SealBook(tuple(item.list for item in lists), max_age=desk.agent.settings.crl_max_age)


def _seal_states(book: SealBook, visit: Visit) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in () if book.newest is None else book.newest.seals:
        event = state_at(book.events_of(entry.seal), visit.now)
        # A seal that was replaced is cancelled; it must not hide the one in use.
        state = "" if event is None else event.state.value
        before = found.get(entry.station, "")
        if state and (not before or before == "cancelled" or _is_worse(state, before)):
            found[entry.station] = state
    return found


def _is_worse(state: str, before: str) -> bool:
    return state != "cancelled" and _WORST_FIRST.index(state) < _WORST_FIRST.index(before)


def _open_cases(tx: Connection, desk: Desk, visit: Visit) -> dict[str, int]:
    states = default_machine("case").rules.states
    running = tuple(code for code, state in states.items() if not state.final)
    counts: dict[str, int] = {}
    for wanted in (inbox_filter(desk, visit.person, running), sent_filter(desk, visit.person, running)):
        for peer, count in open_by_peer(tx, wanted).items():
            counts[peer] = counts.get(peer, 0) + count
    return counts
