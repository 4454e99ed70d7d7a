"""A2: the case search. What is asked stands in the store under an id that says nothing, never in an address; persons are masked."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from hub.cases.machine import default_machine
from hub.exchange.administration import propose
from hub.exchange.search_index import Progress, progress_of
from hub.pages.drafts import draft_of, forget_draft
from hub.pages.reasons import reason_of
from hub.pages.shown import masked_id, masked_name, moment
from hub.pages.tables import Cell
from hub.protocol.administration import AdministrationKind, ReasonDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.store.desk import LookUp, ViewRow, drop_view, drop_views_before, find_view, note_lookup, save_view, views_of
from hub.store.search import IndexedCase, IndexedPerson, Question, count_cases, find_cases, first_people
from hub.web.desk.ground import Ground
from hub.web.desk.shown import (
    TONES,
    Choice,
    day_bounds,
    instant_of_day,
    saved_table,
    state_name,
    step_name,
    type_name,
)
from hub.web.desk.visit import Answer, Html, Redirect, Visit

ROWS = 50
MOST_EXPORTED = 10_000
VIEW_LASTS = timedelta(hours=1)
LATENESS = ("", "open", "due", "late")
_BY_PERSON = "/cases?to=person"
_ID = re.compile(r"[0-9a-f]{32}")
_PERSON = re.compile(r"[0-9]{17}[0-9X]|[0-9]{3}[0-9X]")


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One line of the list: the case in words, its first person masked, who has to do what until when."""

    case: str
    type: str
    state: str
    tone: str
    opener: str
    respondent: str
    person: str
    people: int
    due_at: str | None
    over: bool
    holder: str
    step: str
    changed_at: str
    late: bool


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The search: what can be asked, what was asked, what was found. `view` is its id, `name` under which it is saved."""

    question: Question
    types: tuple[Choice, ...]
    states: tuple[Choice, ...]
    stations: tuple[Choice, ...]
    views: tuple[tuple[str, str, int], ...]
    view: str
    name: str
    asked: bool
    rows: tuple[CaseLine, ...]
    count: int
    start: int
    more: bool
    progress: Progress
    reason: str
    error: str = ""


def show_cases(ground: Ground, visit: Visit) -> Answer:
    """The search, and what the question found that the address names."""
    row = _view(ground, visit) if visit.query.get("view") else None
    question = Question() if row is None else msgspec.json.decode(row.question, type=Question)
    return Html("cases.html", search_page(ground, visit, question, row))


def ask(ground: Ground, visit: Visit) -> Answer:
    """Ask by anything but a person. Raises: Refused (`desk.view`)."""
    return _asked(ground, visit, _narrowing(visit))


def ask_person(ground: Ground, visit: Visit) -> Answer:
    """Ask for a person, with a reason: on record as a leaf that names nobody.

    Raises: Refused (`desk.view`, `desk.reason`, `desk.search`).
    """
    name, id18 = visit.form.get("name", "").strip(), visit.form.get("id18", "").strip().upper()
    if (not name and not id18) or (id18 and _PERSON.fullmatch(id18) is None) or (name and len(name) < 2):
        raise Refused(Code.DESK_SEARCH)
    question = msgspec.structs.replace(_narrowing(visit), name=name, id18=id18)
    # Salted: nobody can tell from the leaf whom it was about, nor try numbers at it.
    subject = hashlib.sha256(secrets.token_bytes(32) + msgspec.json.encode(question)).hexdigest()
    details = ReasonDetails(reason=reason_of(visit))
    with ground.office() as office:
        propose(office, AdministrationKind.LOOK_UP_PERSON, subject, details, signer=visit.person.signer, now=visit.now)
    forget_draft(ground, visit, _BY_PERSON)
    return _asked(ground, visit, question)


def save(ground: Ground, visit: Visit) -> Answer:
    """Keep a question under a name; what names a person is not kept."""
    row, name = _view(ground, visit), visit.form.get("name", "").strip()[:60]
    question = msgspec.json.decode(row.question, type=Question)
    if not name or question.names_somebody:
        raise Refused(Code.DESK_VIEW, field="name")
    kept = msgspec.structs.replace(question, opened_from=question.opened_from)
    with ground.lock, ground.engine.begin() as tx:
        save_view(tx, ViewRow(row.id, row.owner, name, msgspec.json.encode(kept), row.at))
    return Redirect(f"/cases?view={row.id}", "cases.saved")


def drop(ground: Ground, visit: Visit) -> Answer:
    """Forget a saved question."""
    row = _view(ground, visit)
    with ground.lock, ground.engine.begin() as tx:
        drop_view(tx, row.id, owner=row.owner)
    return Redirect("/cases", "cases.dropped")


def export(ground: Ground, visit: Visit) -> Answer:
    """The list for saving, masked as on the page; on record."""
    row = _view(ground, visit)
    question = msgspec.json.decode(row.question, type=Question)
    with ground.lock, ground.engine.begin() as tx:
        note_lookup(tx, LookUp.LIST, by=(visit.person.number, visit.person.certified.name), now=visit.now)
    found, people = ground.read(lambda tx: _found(tx, question, visit.now, limit=MOST_EXPORTED, start=0))
    words, names = visit.words, ground.station_names()
    keys = ("case", "type", "state", "opener", "respondent", "person", "people", "opened", "changed", "due", "late")
    rows: list[list[Cell]] = [
        [
            each.case_id,
            type_name(ground, words, each.type),
            state_name(words, each.state),
            names.get(each.opener, each.opener),
            names.get(each.respondent, each.respondent),
            _masked(people.get(each.case_id)),
            each.people,
            moment(each.opened_at),
            moment(each.changed_at),
            moment(each.due_at),
            words("frame.yes") if each.late else words("frame.no"),
        ]
        for each in found
    ]
    return saved_table(visit.params["form"], "cases", [words(f"cases.head_{key}") for key in keys], rows)


def search_page(ground: Ground, visit: Visit, question: Question, row: ViewRow | None, error: str = "") -> SearchPage:
    """Return the page of a question; without one (`row` None) nothing was asked yet."""
    text = visit.query.get("from", "0")
    start = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    words, names, owner = visit.words, ground.station_names(), visit.person.number

    def look(
        tx: sa.Connection,
    ) -> tuple[list[IndexedCase], dict[str, IndexedPerson], int, list[tuple[str, str, int]], Progress]:
        saved = []
        for view in views_of(tx, owner):
            wanted = msgspec.json.decode(view.question, type=Question)
            saved.append((view.id, view.name or "", _count(tx, wanted, visit.now)))
        if row is None:
            return [], {}, 0, saved, progress_of(tx)
        found, people = _found(tx, question, visit.now, limit=ROWS + 1, start=start)
        return found, people, _count(tx, question, visit.now), saved, progress_of(tx)

    found, people, count, saved, progress = ground.read(look)
    machine = default_machine("case")
    seen = [code for code in machine.rules.states if code not in ("none", "draft", "awaiting_seal", "to_send")]
    return SearchPage(
        question=question,
        types=tuple(Choice(code, f"{code} {words.of(each)}") for code, each in ground.catalogue.types.items()),
        states=tuple(Choice(code, words.of(machine.rules.states[code])) for code in seen),
        stations=tuple(Choice(code, name) for code, name in sorted(names.items(), key=lambda pair: pair[1])),
        views=tuple(saved),
        view="" if row is None else row.id,
        name="" if row is None else row.name or "",
        asked=row is not None,
        rows=tuple(line_of(ground, visit, each, names, people) for each in found[:ROWS]),
        count=count,
        start=start,
        more=len(found) > ROWS,
        progress=progress,
        reason=draft_of(ground, visit, _BY_PERSON)[0].get("reason", ""),
        error=error,
    )


def line_of(
    ground: Ground, visit: Visit, row: IndexedCase, names: dict[str, str], people: dict[str, IndexedPerson]
) -> CaseLine:
    """Return one line of a list of cases."""
    words = visit.words
    over = row.open and row.due_at is not None and row.due_at < format_instant(visit.now)
    return CaseLine(
        case=row.case_id,
        type=type_name(ground, words, row.type),
        state=state_name(words, row.state),
        tone=TONES.get(row.state, "idle"),
        opener=names.get(row.opener, row.opener),
        respondent=names.get(row.respondent, row.respondent),
        person=_masked(people.get(row.case_id)),
        people=row.people,
        due_at=row.due_at,
        over=over,
        holder=names.get(row.holder or "", row.holder or ""),
        step=step_name(ground, words, row.type, row.step),
        changed_at=row.changed_at,
        late=row.late,
    )


def _masked(person: IndexedPerson | None) -> str:
    return "" if person is None else f"{masked_name(person.name)} {masked_id(person.id18)}"


def _found(
    tx: sa.Connection, question: Question, now: datetime, *, limit: int, start: int
) -> tuple[list[IndexedCase], dict[str, IndexedPerson]]:
    opened = (instant_of_day(question.opened_from), instant_of_day(question.opened_to, after=1))
    found = find_cases(
        tx,
        question,
        now=format_instant(now),
        today_ends=day_bounds(now)[1],
        opened=opened,
        limit=limit,
        offset=start,
    )
    people = first_people(
        tx, [row.case_id for row in found[:ROWS]] if limit <= ROWS + 1 else [r.case_id for r in found]
    )
    return list(found), {str(case): person for case, person in people.items()}


def _count(tx: sa.Connection, question: Question, now: datetime) -> int:
    opened = (instant_of_day(question.opened_from), instant_of_day(question.opened_to, after=1))
    return count_cases(tx, question, now=format_instant(now), today_ends=day_bounds(now)[1], opened=opened)


def _narrowing(visit: Visit) -> Question:
    form = visit.form
    question = Question(
        type=form.get("type", "").strip()[:32],
        state=form.get("state", "").strip()[:32],
        station=form.get("station", "").strip()[:12],
        opened_from=form.get("opened_from", "").strip()[:10],
        opened_to=form.get("opened_to", "").strip()[:10],
        lateness=form.get("lateness", "").strip(),
        term=form.get("term", "").strip()[:64],
    )
    instant_of_day(question.opened_from)
    instant_of_day(question.opened_to)
    if question.lateness not in LATENESS:
        raise Refused(Code.DESK_VIEW, field="lateness")
    return question


def _asked(ground: Ground, visit: Visit, question: Question) -> Answer:
    id = secrets.token_hex(16)
    row = ViewRow(id, visit.person.number, None, msgspec.json.encode(question), format_instant(visit.now))
    with ground.lock, ground.engine.begin() as tx:
        drop_views_before(tx, visit.now - VIEW_LASTS)
        save_view(tx, row)
    return Redirect(f"/cases?view={id}")


def _view(ground: Ground, visit: Visit) -> ViewRow:
    id = visit.query.get("view") or visit.form.get("view", "")
    found = ground.read(lambda tx: find_view(tx, id, owner=visit.person.number)) if _ID.fullmatch(id) else None
    if found is None:
        raise Refused(Code.DESK_NOT_FOUND)
    return found
