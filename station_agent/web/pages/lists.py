"""O2 and O3: the desk with its counts, the inbox and what was sent; lists that refresh by themselves."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from hub.cases.calendar import default_calendar
from hub.cases.machine import default_machine
from hub.protocol.instants import format_instant
from hub.signing.purposes import OfficerRole
from station_agent.personnel_record import resets_for
from station_agent.store.case_acts import urged_cases
from station_agent.store.case_lists import CaseFilter, CaseLine, case_lines, count_by_state, count_cases, lines_of
from station_agent.store.deliveries import quarantined
from station_agent.store.outbox import REFUSED, outbox_rows
from station_agent.web.actions import can_forward
from station_agent.web.clocks import Limit, limits_of, next_limit, standing_urges
from station_agent.web.desk import Desk
from station_agent.web.facts import Facts, facts_of_all
from station_agent.web.frame import OPEN_AT_ANSWERER, inbox_filter, seal_filter, sent_filter
from station_agent.web.rules import may_see
from station_agent.web.visit import Answer, Html, Visit

ROWS = 50
INBOX_TABS = {
    "new": ("delivered", "reassigned"),
    "working": ("claimed", "in_progress"),
    "waiting": ("awaiting_supply", "returned"),
    "answered": ("answered",),
    "all": (),
}
SENT_TABS = {
    "mine": ("returned", "awaiting_supply", "answered"),
    "preparing": ("draft", "awaiting_seal", "to_send"),
    "there": ("delivered", "claimed", "reassigned", "in_progress"),
    "done": ("closed", "withdrawn", "void", "erased"),
    "all": (),
}
TO_ANSWER = (*INBOX_TABS["new"], *INBOX_TABS["working"])
TONES = {
    "delivered": "new",
    "reassigned": "new",
    "claimed": "busy",
    "in_progress": "busy",
    "awaiting_seal": "busy",
    "to_send": "busy",
    "draft": "idle",
    "awaiting_supply": "wait",
    "returned": "wait",
    "answered": "good",
    "closed": "idle",
    "withdrawn": "idle",
    "suspended": "wait",
    "void": "idle",
    "erased": "idle",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: the case in words, its people (full; the template masks them), the limit that ends first."""

    case: str
    type: str
    state: str
    tone: str
    peer: str
    people: tuple[str, ...]
    changed_at: str
    owner: str
    mine: bool
    files: int
    unread: bool
    late: bool
    urged: bool
    limit: Limit | None
    others: tuple[str, ...]
    can_claim: bool
    can_reply: bool
    can_forward: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of a list with how many cases it holds."""

    key: str
    count: int
    here: bool


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list: which, its tabs and rows, more behind them, what did not verify, and when it was made; rows can be ticked,
    printed together and, where it `forwards`, handed to a colleague together."""

    which: str
    tabs: tuple[Tab, ...]
    tab: str
    rows: tuple[Row, ...]
    start: int
    more: bool
    troubled: int
    refused: int
    at: str
    forwards: bool
    version: str


@dataclass(frozen=True, slots=True)
class Card:
    """One card of the desk: what waits, how many, and the list that shows them. `tone` says how much it presses."""

    key: str
    count: int
    path: str
    tone: str


@dataclass(frozen=True, slots=True)
class DeskPage:
    """The desk: its cards, what must be done today, and when the officer signed in before."""

    cards: tuple[Card, ...]
    today: tuple[Row, ...]
    before: str | None
    at: str
    version: str


def show_desk(desk: Desk, visit: Visit) -> Answer:
    """O2."""
    return Html("desk.html", _desk_page(desk, visit))


def desk_cards(desk: Desk, visit: Visit) -> Answer:
    """The part of the desk that refreshes by itself."""
    return Html("_desk_cards.html", _desk_page(desk, visit))


def show_inbox(desk: Desk, visit: Visit) -> Answer:
    """O3, what came here."""
    return Html("list.html", _list(desk, visit, "inbox"))


def inbox_rows(desk: Desk, visit: Visit) -> Answer:
    """The part of the inbox that refreshes by itself."""
    return Html("_rows.html", _list(desk, visit, "inbox"))


def show_sent(desk: Desk, visit: Visit) -> Answer:
    """O3, what this station opened."""
    return Html("list.html", _list(desk, visit, "sent"))


def sent_rows(desk: Desk, visit: Visit) -> Answer:
    """The part of it that refreshes by itself."""
    return Html("_rows.html", _list(desk, visit, "sent"))


def _desk_page(desk: Desk, visit: Visit) -> DeskPage:
    person = visit.person
    inbox, sent, seal = inbox_filter(desk, person), sent_filter(desk, person), seal_filter(desk, person)
    with desk.agent.store.read() as tx:
        today = _due_today(tx, desk, visit)
        cards = [Card("today", len(today), "#today", "urgent")]
        urged = sum(row.urged for row in today)
        if urged:
            cards.append(Card("urged", urged, "#today", "urgent"))
        if inbox.types:
            counts = count_by_state(tx, replace(inbox, states=TO_ANSWER))
            cards.append(Card("to_claim", _sum(counts, "delivered", "reassigned"), "/inbox?tab=new", "new"))
            cards.append(Card("working", _sum(counts, "claimed", "in_progress"), "/inbox?tab=working", "busy"))
        if sent.types and OfficerRole.WINDOW in person.certified.roles:
            counts = count_by_state(tx, replace(sent, states=SENT_TABS["mine"]))
            cards.append(Card("to_supply", _sum(counts, "awaiting_supply", "returned"), "/sent?tab=mine", "wait"))
            cards.append(Card("to_close", _sum(counts, "answered"), "/sent?tab=mine", "good"))
        if {OfficerRole.HEAD, OfficerRole.CUSTODIAN} & person.certified.roles:
            cards.append(Card("to_seal", count_cases(tx, seal), "/seal-use", "new"))
        resets = resets_for(tx, person.number, now=visit.now)
        if resets:
            cards.append(Card("to_confirm", resets, "/people", "wait"))
        refused = len(outbox_rows(tx, REFUSED))
        if refused:
            cards.append(Card("refused", refused, "/sent?tab=all", "urgent"))
    before = None if visit.session is None else visit.session.before
    return DeskPage(tuple(cards), today, before, format_instant(visit.now), version_of(tuple(cards), today))


def _sum(counts: Mapping[str, int], *states: str) -> int:
    """How many there are in these states, in all when none is named."""
    return sum(counts.values()) if not states else sum(counts.get(state, 0) for state in states)


def _due_today(tx: Connection, desk: Desk, visit: Visit) -> tuple[Row, ...]:
    """The open cases whose next limit ends today or is over, and is this station's to keep."""
    person, rows = visit.person, list[Row]()
    open_here = inbox_filter(desk, person, OPEN_AT_ANSWERER)
    preparing = sent_filter(desk, person, ("draft", "awaiting_seal", "to_send", "returned"))
    for wanted in (preparing, open_here):
        if wanted.types:
            # What has rested longest comes first: a late case must not fall out behind many new ones.
            lines = case_lines(tx, wanted, number=person.number, limit=ROWS, oldest_first=True)
            rows += rows_of(tx, desk, visit, lines)
    rows += _urged(tx, desk, visit, {row.case for row in rows})
    pressing = [row for row in rows if row.urged or (row.limit is not None and (row.limit.today or row.limit.over))]
    by_end = sorted(pressing, key=lambda row: row.limit.due.at if row.limit else visit.now)
    return tuple(sorted(by_end, key=lambda row: not row.urged))


def _urged(tx: Connection, desk: Desk, visit: Visit, shown: set[str]) -> tuple[Row, ...]:
    """The cases about which this station was urged from above, besides those that are `shown`, of those the officer may see."""
    states = default_machine("case").rules.states
    over = tuple(code for code, state in states.items() if state.final)
    wanted = [case for case in urged_cases(tx, desk.agent.station, over=over) if case not in shown][:ROWS]
    lines = lines_of(tx, wanted, number=visit.person.number) if wanted else ()
    mine = [line for line in lines if may_see(desk.agent.catalogue, visit.person, line.row)]
    return tuple(row for row in rows_of(tx, desk, visit, mine) if row.urged)


def _list(desk: Desk, visit: Visit, which: str) -> ListPage:
    inbox = which == "inbox"
    tabs = INBOX_TABS if inbox else SENT_TABS
    tab = visit.query.get("tab", next(iter(tabs)))
    tab = tab if tab in tabs else "all"
    text = visit.query.get("from", "0")
    start = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    person = visit.person
    whole = inbox_filter(desk, person) if inbox else sent_filter(desk, person)
    with desk.agent.store.read() as tx:
        counts = count_by_state(tx, whole)
        counted = tuple(Tab(key, _sum(counts, *states), key == tab) for key, states in tabs.items())
        wanted = CaseFilter(whole.types, whole.side, tabs[tab])
        lines = case_lines(tx, wanted, number=person.number, limit=ROWS + 1, offset=start)
        rows = rows_of(tx, desk, visit, lines[:ROWS])
        troubled = len(quarantined(tx)) if inbox else 0
        refused = 0 if inbox else len(outbox_rows(tx, REFUSED))
    at = format_instant(visit.now)
    forwards = sum(row.can_forward for row in rows) > 1
    version = version_of(rows, counted, troubled, refused)
    return ListPage(which, counted, tab, rows, start, len(lines) > ROWS, troubled, refused, at, forwards, version)


def version_of(*shown: object) -> str:
    """Return what changes when the part of a page that shows these values does; times running out do not count."""
    return hashlib.sha256("\n".join(map(_plain, shown)).encode()).hexdigest()[:16]


def _plain(shown: object) -> str:
    if isinstance(shown, tuple):
        return "[" + ", ".join(map(_plain, shown)) + "]"
    return repr(replace(shown, limit=None)) if isinstance(shown, Row) else repr(shown)


def rows_of(tx: Connection, desk: Desk, visit: Visit, lines: Sequence[CaseLine]) -> tuple[Row, ...]:
    """Return the lines of a list."""
    known = facts_of_all(tx, [line.row for line in lines])
    return tuple(_row(desk, visit, line, facts) for line, facts in zip(lines, known, strict=True))


def _row(desk: Desk, visit: Visit, line: CaseLine, facts: Facts) -> Row:
    row = line.row
    case_type = desk.agent.catalogue.case_type(row.type)
    answering = row.side == "answerer"
    window = bool({OfficerRole.WINDOW, OfficerRole.HEAD} & visit.person.certified.roles)
    mine = row.owner == visit.person.number
    limits = _limits(desk, facts, visit)
    return Row(
        case=row.case,
        type=visit.words.of(case_type),
        state=state_name(visit, facts),
        tone=TONES.get(row.state, "idle"),
        peer=desk.station_name(row.peer, now=visit.now),
        people=tuple(str(person.get("name", "")) for person in facts.people),
        changed_at=row.changed_at,
        owner=desk.names(row.owner or ""),
        mine=mine,
        files=line.files,
        unread=line.unread,
        late=row.late,
        urged=any(act.station == desk.agent.station for act in standing_urges(facts, limits)),
        limit=next_limit(tuple(limit for limit in limits if limit.rule.side == row.side)),
        others=tuple(each.name for each in desk.presence.others(row.case, visit.person, now=visit.now)),
        can_claim=answering and window and row.state in ("delivered", "reassigned"),
        can_reply=answering and window and mine and row.state in ("claimed", "in_progress"),
        can_forward=can_forward(row, visit.person),
    )


def state_name(visit: Visit, facts: Facts) -> str:
    """Return the case's state in words; while its letter is being made, the letter's."""
    states, letters = default_machine("case").rules.states, default_machine("letter").rules.states
    if facts.letter is not None and facts.row.side == "opener" and facts.row.state == "awaiting_seal":
        return visit.words.of(letters[facts.letter.state])
    return visit.words.of(states[facts.row.state])


def _limits(desk: Desk, facts: Facts, visit: Visit) -> tuple[Limit, ...]:
    """The limits of a case that is not over."""
    if default_machine("case").rules.states[facts.row.state].final:
        return ()
    case_type = desk.agent.catalogue.case_type(facts.row.type)
    hours = desk.agent.settings.hours
    return limits_of(case_type, facts, calendar=default_calendar(), hours=hours, now=visit.now)
