"""The index of the auditors' case search: rows made from the envelopes outside of the exchange's path, and questions to them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.erasure import ERASED
from hub.protocol.identifiers import CaseId, Digest, StationId
from hub.store.schema.exchange import cases, envelopes, receipts
from hub.store.schema.search import (
    search_cases,
    search_events,
    search_letters,
    search_limits,
    search_people,
    search_terms,
)
from hub.store.schema.trail import station_events
from hub.store.trail_log import as_bytes

MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class IndexedCase:
    """One case as it is searched; `holder` has to keep the running limit `step` that ends first, at `due_at`."""

    case_id: CaseId
    type: str
    opener: StationId
    respondent: StationId
    state: str
    open: bool
    opened_at: str
    changed_at: str
    people: int
    holder: StationId | None
    step: str | None
    due_at: str | None
    late: bool
    outcome: str | None
    returns: int
    disputes: int


@dataclass(frozen=True, slots=True)
class IndexedPerson:
    """Somebody whom a case is about."""

    name: str
    id18: str


@dataclass(frozen=True, slots=True)
class IndexedLimit:
    """One limit of a case: whose, due when, met when (None: not yet); `reason` why it was missed, as the station wrote it."""

    step: str
    station: StationId
    due_at: str
    done_at: str | None
    paused: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class IndexedLetter:
    """A sealed letter that was filed."""

    seq: int
    digest: Digest
    case_id: CaseId
    station: StationId
    at: str


@dataclass(frozen=True, slots=True)
class FiledMessage:
    """One message of a case as it is filed; `raw` is empty once it was erased."""

    seq: int
    digest: Digest
    kind: str
    sender: StationId
    receiver: StationId
    received_at: str
    leaf: int
    raw: bytes
    receipt: bytes
    receipt_leaf: int


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """The exchange's own row of a case."""

    case_id: CaseId
    type: str
    opener: StationId
    respondent: StationId
    state: str
    disputes: int
    opened_at: str
    changed_at: str


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked of the case search. `name`, `id18` (whole or its last four) and `term` (a number) name one thing; the rest
    narrows. Days are Beijing's, `YYYY-MM-DD`, both included, of the opening. `lateness`: late, due (today), open."""

    type: str = ""
    state: str = ""
    station: str = ""
    opened_from: str = ""
    opened_to: str = ""
    lateness: str = ""
    term: str = ""
    name: str = ""
    id18: str = ""

    @property
    def names_somebody(self) -> bool:
        """Whether it asks for a person: then a reason is needed."""
        return bool(self.name or self.id18)


_S = search_cases.c


def put_case(
    tx: sa.Connection,
    row: IndexedCase,
    people: Sequence[IndexedPerson],
    terms: Sequence[tuple[str, str]],
    limits: Sequence[IndexedLimit],
    letters: Sequence[IndexedLetter],
) -> None:
    """Index a case, anew."""
    for table in (search_people, search_terms, search_limits):
        tx.execute(sa.delete(table).where(table.c.case_id == row.case_id))
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    tx.execute(insert(search_cases).values(values).on_conflict_do_update(index_elements=["case_id"], set_=values))
    person_rows = [
        {"case_id": row.case_id, "position": at, "name": one.name, "id18": one.id18, "tail": one.id18[-4:]}
        for at, one in enumerate(people)
    ]
    term_rows = [{"case_id": row.case_id, "field": field, "term": term} for field, term in dict.fromkeys(terms)]
    limit_rows = [
        {"case_id": row.case_id, "type": row.type} | {field.name: getattr(one, field.name) for field in fields(one)}
        for one in limits
    ]
    letter_rows = [{field.name: getattr(one, field.name) for field in fields(one)} for one in letters]
    for table, rows in ((search_people, person_rows), (search_terms, term_rows), (search_limits, limit_rows)):
        if rows:
            tx.execute(sa.insert(table), rows)
    if letter_rows:
        tx.execute(insert(search_letters).on_conflict_do_nothing(), letter_rows)


def forget_people(tx: sa.Connection, case: CaseId) -> None:
    """Take out of the index whatever names anybody: the case was erased. That it was there, and when, stays."""
    for table in (search_people, search_terms):
        tx.execute(sa.delete(table).where(table.c.case_id == case))
    tx.execute(sa.update(search_limits).where(search_limits.c.case_id == case).values(reason=None))
    done = {"state": ERASED, "open": False, "holder": None, "step": None, "due_at": None, "people": 0, "outcome": None}
    tx.execute(sa.update(search_cases).where(_S.case_id == case).values(done))


def cases_touched(tx: sa.Connection, *, after: int, limit: int) -> tuple[tuple[CaseId, ...], int]:
    """Return the cases of the next `limit` envelopes behind filing number `after`, each once, and the last number."""
    query = sa.select(envelopes.c.seq, envelopes.c.case_id).where(envelopes.c.seq > after)
    rows = tx.execute(query.order_by(envelopes.c.seq).limit(limit)).all()
    if not rows:
        return (), after
    return tuple(dict.fromkeys(CaseId(row.case_id) for row in rows)), rows[-1].seq


def last_filed(tx: sa.Connection) -> int:
    """Return the newest filing number."""
    return int(tx.execute(sa.select(sa.func.max(envelopes.c.seq))).scalar_one() or 0)


def record_of(tx: sa.Connection, case: CaseId) -> CaseRecord | None:
    """Return the exchange's row of a case."""
    c = cases.c
    columns = (c.id, c.type, c.opener, c.respondent, c.state, c.disputes, c.opened_at, c.changed_at)
    row = tx.execute(sa.select(*columns).where(c.id == case)).one_or_none()
    return None if row is None else CaseRecord(*row)


def messages_of(tx: sa.Connection, case: CaseId) -> tuple[FiledMessage, ...]:
    """Return a case's messages in the order filed."""
    e, r = envelopes.c, receipts.c
    columns = (e.seq, e.digest, e.kind, e.sender, e.receiver, e.received_at, e.leaf, e.raw, r.raw, r.leaf)
    query = sa.select(*columns).join(receipts, r.seq == e.seq).where(e.case_id == case).order_by(e.seq)
    rows = [tuple(row) for row in tx.execute(query)]
    return tuple(
        FiledMessage(seq, digest, kind, sender, to, at, leaf, as_bytes(raw), as_bytes(receipt), receipt_leaf)
        for seq, digest, kind, sender, to, at, leaf, raw, receipt, receipt_leaf in rows
    )


def events_unindexed(tx: sa.Connection, *, after: int, limit: int) -> tuple[tuple[int, bytes], ...]:
    """Return the stations' logged events behind number `after`, oldest first."""
    query = sa.select(station_events.c.number, station_events.c.raw).where(station_events.c.number > after)
    return tuple((row[0], row[1]) for row in tx.execute(query.order_by(station_events.c.number).limit(limit)))


def put_event(tx: sa.Connection, number: int, case: str) -> None:
    """Index which case a logged event is about."""
    tx.execute(insert(search_events).values(number=number, case_id=case).on_conflict_do_nothing())


def events_of(tx: sa.Connection, case: CaseId) -> tuple[tuple[int, Digest, bytes], ...]:
    """Return leaf, digest and bytes of the stations' events about a case, in the order logged."""
    query = (
        sa.select(station_events.c.leaf, station_events.c.digest, station_events.c.raw)
        .join(search_events, search_events.c.number == station_events.c.number)
        .where(search_events.c.case_id == case)
        .order_by(station_events.c.number)
    )
    return tuple((row[0], row[1], as_bytes(row[2])) for row in tx.execute(query))


def people_of(tx: sa.Connection, case: CaseId) -> tuple[IndexedPerson, ...]:
    """Return whom a case is about."""
    query = sa.select(search_people.c.name, search_people.c.id18).where(search_people.c.case_id == case)
    return tuple(IndexedPerson(row.name, row.id18) for row in tx.execute(query.order_by(search_people.c.position)))


def first_people(tx: sa.Connection, wanted: Sequence[CaseId]) -> dict[CaseId, IndexedPerson]:
    """Return the first person of each case."""
    columns = (search_people.c.case_id, search_people.c.name, search_people.c.id18)
    query = sa.select(*columns).where(search_people.c.case_id.in_(wanted), search_people.c.position == 0)
    return {CaseId(row.case_id): IndexedPerson(row.name, row.id18) for row in tx.execute(query)}


def terms_of(tx: sa.Connection, case: CaseId) -> tuple[tuple[str, str], ...]:
    """Return a case's numbers by the field that holds them."""
    query = sa.select(search_terms.c.field, search_terms.c.term).where(search_terms.c.case_id == case)
    return tuple((row.field, row.term) for row in tx.execute(query.order_by(search_terms.c.field)))


def limits_of(tx: sa.Connection, case: CaseId) -> tuple[IndexedLimit, ...]:
    """Return a case's limits, by the time they end."""
    c = search_limits.c
    query = sa.select(c.step, c.station, c.due_at, c.done_at, c.paused, c.reason).where(c.case_id == case)
    return tuple(IndexedLimit(*row) for row in tx.execute(query.order_by(c.due_at)))


def find_cases(
    tx: sa.Connection,
    question: Question,
    *,
    now: str,
    today_ends: str,
    opened: tuple[str, str],
    limit: int,
    offset: int = 0,
) -> tuple[IndexedCase, ...]:
    """Return the cases that a question asks for, the newest change first; late and due ones by the time they end.

    `opened` are the instants between which the opening lies ("": no bound); `today_ends` the end of Beijing's day.
    """
    query = sa.select(search_cases).where(*_conditions(question, now=now, today_ends=today_ends, opened=opened))
    by_due = question.lateness in ("late", "due")
    order = (_S.due_at,) if by_due else (_S.changed_at.desc(),)
    return tuple(IndexedCase(*row) for row in tx.execute(query.order_by(*order).limit(limit).offset(offset)))


def count_cases(tx: sa.Connection, question: Question, *, now: str, today_ends: str, opened: tuple[str, str]) -> int:
    """Return how many cases a question asks for; at `MOST_COUNTED` it stops counting."""
    conditions = _conditions(question, now=now, today_ends=today_ends, opened=opened)
    found = sa.select(_S.case_id).where(*conditions).limit(MOST_COUNTED).subquery()
    return int(tx.execute(sa.select(sa.func.count()).select_from(found)).scalar_one())


@dataclass(frozen=True, slots=True)
class Standing:
    """What one station has to do now: open cases that wait for it, of them due today, and overdue."""

    station: StationId
    open: int
    due: int
    late: int


def standings(tx: sa.Connection, *, now: str, today_ends: str) -> tuple[Standing, ...]:
    """Return what each station has to do. Answered by one index alone."""
    late = sa.func.sum(sa.case((_S.due_at < now, 1), else_=0))
    due = sa.func.sum(sa.case((sa.and_(_S.due_at >= now, _S.due_at < today_ends), 1), else_=0))
    query = sa.select(_S.holder, sa.func.count(), due, late).where(_S.open.is_(True)).group_by(_S.holder)
    return tuple(Standing(StationId(row[0] or ""), row[1], row[2] or 0, row[3] or 0) for row in tx.execute(query))


def opened_between(tx: sa.Connection, since: str, until: str) -> int:
    """Return how many cases were opened from `since` on, before `until`."""
    query = sa.select(sa.func.count()).select_from(search_cases).where(_S.opened_at >= since, _S.opened_at < until)
    return int(tx.execute(query).scalar_one())


def overdue_cases(
    tx: sa.Connection, *, now: str, stations: Sequence[str] | None, limit: int
) -> tuple[IndexedCase, ...]:
    """Return the open cases whose limit has run out, the longest first; of some stations only when they are given."""
    query = sa.select(search_cases).where(_S.open.is_(True), _S.due_at < now)
    if stations is not None:
        query = query.where(_S.holder.in_(stations))
    return tuple(IndexedCase(*row) for row in tx.execute(query.order_by(_S.due_at).limit(limit)))


def held_cases(tx: sa.Connection, stations: Sequence[str], *, limit: int) -> tuple[IndexedCase, ...]:
    """Return the open cases that some stations hold, the next limit first; those without a limit come last."""
    query = sa.select(search_cases).where(_S.open.is_(True), _S.holder.in_(stations))
    return tuple(IndexedCase(*row) for row in tx.execute(query.order_by(_S.due_at.is_(None), _S.due_at).limit(limit)))


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """What became of the cases of one type that were opened in a time: how many, still open, late, returned, disputed."""

    type: str
    opened: int
    open: int
    late: int
    returned: int
    disputed: int


def figures_by_type(tx: sa.Connection, since: str, until: str) -> tuple[TypeFigures, ...]:
    """Return the figures of the cases opened from `since` on, before `until`, by type."""
    query = (
        sa.select(
            _S.type,
            sa.func.count(),
            sa.func.sum(sa.cast(_S.open, sa.Integer)),
            sa.func.sum(sa.cast(_S.late, sa.Integer)),
            sa.func.sum(sa.case((_S.returns > 0, 1), else_=0)),
            sa.func.sum(sa.case((_S.disputes > 0, 1), else_=0)),
        )
        .where(_S.opened_at >= since, _S.opened_at < until)
        .group_by(_S.type)
        .order_by(_S.type)
    )
    return tuple(TypeFigures(*row) for row in tx.execute(query))


def limits_kept(tx: sa.Connection, since: str, until: str) -> tuple[tuple[str, str, int, int], ...]:
    """Return type, step, how many limits were met in that time, and how many of them too late."""
    c = search_limits.c
    late = sa.func.sum(sa.case((sa.func.substr(c.done_at, 1, 19) > sa.func.substr(c.due_at, 1, 19), 1), else_=0))
    query = sa.select(c.type, c.step, sa.func.count(), late).where(c.done_at >= since, c.done_at < until)
    rows = tx.execute(query.group_by(c.type, c.step).order_by(c.type, c.step))
    return tuple((row[0], row[1], row[2], row[3] or 0) for row in rows)


def outcomes_between(tx: sa.Connection, since: str, until: str) -> tuple[tuple[str, str, int], ...]:
    """Return type, outcome and how many, of the cases opened in that time that were answered."""
    query = (
        sa.select(_S.type, _S.outcome, sa.func.count())
        .where(_S.opened_at >= since, _S.opened_at < until, _S.outcome.is_not(None))
        .group_by(_S.type, _S.outcome)
        .order_by(_S.type, sa.func.count().desc())
    )
    return tuple((row[0], row[1], row[2]) for row in tx.execute(query))


def late_reasons(tx: sa.Connection, *, limit: int) -> tuple[tuple[str, str, str, str, str | None, str, str], ...]:
    """Return case, type, step, due, done, station and reason of every limit for whose breach a reason was given."""
    c = search_limits.c
    query = sa.select(c.case_id, c.type, c.step, c.due_at, c.done_at, c.station, c.reason).where(c.reason.is_not(None))
    rows = tx.execute(query.order_by(c.due_at.desc()).limit(limit))
    return tuple((row[0], row[1], row[2], row[3], row[4], row[5], row[6]) for row in rows)


def letters_since(tx: sa.Connection, station: StationId, since: str, *, limit: int) -> tuple[IndexedLetter, ...]:
    """Return the sealed letters that a station sent from `since` on."""
    query = sa.select(search_letters).where(search_letters.c.station == station, search_letters.c.at >= since)
    return tuple(IndexedLetter(*row) for row in tx.execute(query.order_by(search_letters.c.at.desc()).limit(limit)))


def _conditions(
    question: Question, *, now: str, today_ends: str, opened: tuple[str, str]
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if question.type:
        found.append(_S.type == question.type)
    if question.state:
        found.append(_S.state == question.state)
    if question.station:
        found.append(sa.or_(_S.opener == question.station, _S.respondent == question.station))
    if opened[0]:
        found.append(_S.opened_at >= opened[0])
    if opened[1]:
        found.append(_S.opened_at < opened[1])
    if question.lateness == "open":
        found.append(_S.open.is_(True))
    elif question.lateness == "late":
        found += [_S.open.is_(True), _S.due_at < now]
    elif question.lateness == "due":
        found += [_S.open.is_(True), _S.due_at >= now, _S.due_at < today_ends]
    if question.term:
        numbered = sa.select(search_terms.c.case_id).where(search_terms.c.term == question.term)
        found.append(sa.or_(_S.case_id == question.term, _S.case_id.in_(numbered)))
    if question.name:
        found.append(_S.case_id.in_(sa.select(search_people.c.case_id).where(search_people.c.name == question.name)))
    if question.id18:
        column = search_people.c.tail if len(question.id18) == 4 else search_people.c.id18
        found.append(_S.case_id.in_(sa.select(search_people.c.case_id).where(column == question.id18)))
    return found
