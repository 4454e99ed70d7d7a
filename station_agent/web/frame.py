"""What stands around every page: station and officer, the connection, what waits, where one may go. Only what there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.cases.calendar import default_calendar
from hub.cases.catalogue import ClockKind
from hub.cases.clocks import due_at
from hub.cases.machine import Side
from hub.protocol.errors import HanxunError
from hub.protocol.instants import SHANGHAI, format_instant, parse_instant
from hub.signing.purposes import OfficerRole
from station_agent.clock_skew import clock_warning, skew_of
from station_agent.history import standstill
from station_agent.people import Person
from station_agent.personnel_record import resets_for
from station_agent.store.case_lists import CaseFilter, count_cases, count_unread
from station_agent.store.outbox import count_queued
from station_agent.store.tray import count_waiting
from station_agent.web.desk import Desk
from station_agent.web.rules import visible_types
from station_agent.web.visit import Visit

STALE = timedelta(minutes=2)
OPEN_AT_ANSWERER = ("delivered", "claimed", "reassigned", "in_progress", "awaiting_supply")


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation: its name's key, address, what waits there (0: nothing to show), whether one is there now;
    `tool` belongs to the second group, `narrow` has a place on a small screen too."""

    word: str
    path: str
    count: int
    here: bool
    tool: bool = False
    narrow: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one visit. `seen_hub_at` is when the hub last answered (None: never), `stale` more than two minutes ago;
    `closes_in` the time to the window's closing today (None: closed)."""

    station: str
    officer: str
    number: str
    roles: tuple[str, ...]
    signed_in: bool
    places: tuple[Place, ...]
    waiting: int
    seen_hub_at: str | None
    stale: bool
    closes_in: timedelta | None
    now: str
    path: str
    csrf: str
    notice: str | None
    warnings: tuple[tuple[str, str, str], ...]
    unread: int


def frame_of(desk: Desk, visit: Visit) -> Frame:
    """Return the frame, with the notice that the session has for its next page."""
    session, settings = visit.session, desk.agent.settings
    if session is None:
        return Frame(
            station=settings.name,
            officer="",
            number="",
            roles=(),
            signed_in=False,
            places=(),
            waiting=0,
            seen_hub_at=None,
            stale=False,
            closes_in=None,
            now=format_instant(visit.now),
            path=visit.path,
            csrf=visit.csrf,
            notice=None,
            warnings=(),
            unread=0,
        )
    person = session.person
    with desk.agent.store.read() as tx:
        skew = skew_of(tx)
        waiting, places = count_queued(tx), _places(tx, desk, person, visit.path, visit.now)
        warnings = _warnings(tx, desk, visit)
        unread = count_unread(tx, inbox_filter(desk, person, OPEN_AT_ANSWERER), number=person.number)
    seen = None if skew is None else skew.measured_at
    return Frame(
        station=settings.name,
        officer=person.certified.name,
        number=person.number,
        roles=tuple(sorted(role.value for role in person.certified.roles)),
        signed_in=True,
        places=places,
        waiting=waiting,
        seen_hub_at=seen,
        stale=seen is None or visit.now - parse_instant(seen) > STALE,
        closes_in=_closes_in(desk, visit.now),
        now=format_instant(visit.now),
        path=visit.path,
        csrf=visit.csrf,
        notice=session.notice,
        warnings=warnings,
        unread=unread,
    )


def inbox_filter(desk: Desk, person: Person, states: tuple[str, ...] = ()) -> CaseFilter:
    """Return the filter of what came to this station and this officer may see."""
    return CaseFilter(visible_types(desk.agent.catalogue, person, Side.ANSWERER), Side.ANSWERER.value, states)


def sent_filter(desk: Desk, person: Person, states: tuple[str, ...] = ()) -> CaseFilter:
    """Return the filter of what this station opened and this officer may see."""
    return CaseFilter(visible_types(desk.agent.catalogue, person, Side.OPENER), Side.OPENER.value, states)


def _places(tx: Connection, desk: Desk, person: Person, path: str, now: datetime) -> tuple[Place, ...]:
    inbox, sent = inbox_filter(desk, person, ("delivered", "reassigned")), sent_filter(desk, person)
    asked = sent_filter(desk, person, ("returned", "awaiting_supply", "answered"))
    entries = [("desk", "/desk", 0)]
    if inbox.types:
        entries.append(("inbox", "/inbox", count_cases(tx, inbox)))
    if sent.types:
        entries.append(("sent", "/sent", count_cases(tx, asked)))
    if {OfficerRole.HEAD, OfficerRole.CUSTODIAN} & person.certified.roles:
        entries.append(("seal", "/seal-use", count_cases(tx, seal_filter(desk, person))))
    if OfficerRole.WINDOW in person.certified.roles:
        entries.append(("new", "/new", 0))
    tools = _TOOLS
    first = [_place(entry, path, narrow=True) for entry in entries]
    if {OfficerRole.WINDOW, OfficerRole.COMMUNITY, OfficerRole.HEAD} & person.certified.roles:
        first.append(_place(("tray", "/tray", count_waiting(tx)), path))
    else:
        tools = tuple(entry for entry in tools if entry[0] != "phrases")
    first.append(_place(("search", "/search", 0), path))
    resets = resets_for(tx, person.number, now=now)
    if resets or OfficerRole.HEAD in person.certified.roles:
        tools = (("people", "/people", resets), *tools)
    return (*first, *(_place(entry, path, tool=True) for entry in tools))


_TOOLS: tuple[tuple[str, str, int], ...] = (
    ("authentic", "/authentic", 0),
    ("directory", "/directory", 0),
    ("phrases", "/phrases", 0),
    ("diagnostics", "/diagnostics", 0),
)


def _place(entry: tuple[str, str, int], path: str, *, tool: bool = False, narrow: bool = False) -> Place:
    word, to, count = entry
    return Place(word, to, count, path == to or path.startswith(f"{to}/"), tool, narrow)


def seal_filter(desk: Desk, person: Person) -> CaseFilter:
    """Return the filter of the letters that wait for this head (approval) or custodian (stamp, seal)."""
    roles, states = person.certified.roles, []
    if OfficerRole.HEAD in roles:
        states.append("awaiting_approval")
    if OfficerRole.CUSTODIAN in roles:
        states += ["awaiting_stamp", "checked"]
    wanted = sent_filter(desk, person, ("awaiting_seal", "returned"))
    return CaseFilter(wanted.types, wanted.side, wanted.states, tuple(states) or ("-",))


def _warnings(tx: Connection, desk: Desk, visit: Visit) -> tuple[tuple[str, str, str], ...]:
    found: list[HanxunError] = []
    if (still := standstill(tx)) is not None:
        found.append(still)
    if (clock := clock_warning(tx, limit_s=desk.agent.settings.limits.clock_skew_s)) is not None:
        found.append(clock)
    return tuple((error.code.value, *visit.words.error(error)) for error in found)


def _closes_in(desk: Desk, now: datetime) -> timedelta | None:
    due = due_at(ClockKind.SITE_CLOSING, 0, now, default_calendar(), desk.agent.settings.hours)
    same_day = due.at.astimezone(SHANGHAI).date() == now.astimezone(SHANGHAI).date()
    return due.at - now if same_day else None
