"""Keeping the index of the auditors' search behind the log: what was filed since, case by case, outside of the exchange's path.

Resumable: the cursor moves in the transaction that writes the rows. What is read is decoded, not verified again: the hub has
verified every envelope before it filed it, and a page that proves something looks at the signed bytes themselves.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.cases.calendar import Calendar
from hub.cases.catalogue import CaseType, Catalogue, ClockRule, FieldRule, FieldType
from hub.cases.clocks import SiteHours, due_at
from hub.cases.machine import Machine, Side
from hub.protocol.envelope import Envelope, Kind, Role
from hub.protocol.erasure import ERASED
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.station_event import StationEvent
from hub.signing.jws import stated_payload
from hub.store.database import Readers
from hub.store.desk import keep_note, note
from hub.store.search import (
    CaseRecord,
    FiledMessage,
    IndexedCase,
    IndexedLetter,
    IndexedLimit,
    IndexedPerson,
    cases_touched,
    events_unindexed,
    forget_people,
    last_filed,
    messages_of,
    put_case,
    put_event,
    record_of,
)
from hub.trail.evidence.parts import stated_envelope

AT_ONCE = 60
_FILED = "search.filed"
_EVENTS = "search.events"
_FORM = "search.form"
VERSION = 1
_OTHERS_TURN = ("awaiting_supply", "returned")
"""States in which the other side is waited for: the answerer's limits stand still."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """By what limits are reckoned: case types, the life of a case, holidays, opening hours."""

    catalogue: Catalogue
    machine: Machine
    calendar: Calendar
    hours: SiteHours


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index is: `indexed` of the filing numbers up to `filed`."""

    indexed: int
    filed: int

    @property
    def behind(self) -> int:
        """How many messages are still to come."""
        return max(0, self.filed - self.indexed)


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything that the index says about one case."""

    row: IndexedCase
    people: tuple[IndexedPerson, ...]
    terms: tuple[tuple[str, str], ...]
    limits: tuple[IndexedLimit, ...]
    letters: tuple[IndexedLetter, ...]


def progress_of(tx: sa.Connection) -> Progress:
    """Return how far the index is."""
    return Progress(int(note(tx, _FILED) or 0), last_filed(tx))


def begin(engine: sa.Engine, reckoning: Reckoning) -> None:
    """Begin anew when another version of the program, or other case types, made the index."""
    types = msgspec.json.encode(list(reckoning.catalogue.types.values()), order="deterministic")
    form = f"{VERSION}.{hashlib.sha256(types).hexdigest()[:16]}"
    with engine.begin() as tx:
        if note(tx, _FORM) != form:
            keep_note(tx, _FORM, form)
            keep_note(tx, _FILED, "0")


def index_some(readers: Readers, engine: sa.Engine, reckoning: Reckoning) -> int:
    """Index what was filed next, at most `AT_ONCE` messages and events; return how many there were.

    Reading and reckoning are done before the short transaction that writes: the exchange must not wait for them.
    """

    def look(tx: sa.Connection) -> tuple[int, int, list[Entry], int, list[tuple[int, str]]]:
        after, events_after = int(note(tx, _FILED) or 0), int(note(tx, _EVENTS) or 0)
        touched, upto = cases_touched(tx, after=after, limit=AT_ONCE)
        entries = [entry for case in touched if (entry := _entry(tx, case, reckoning)) is not None]
        events = [(number, _case_of(raw)) for number, raw in events_unindexed(tx, after=events_after, limit=AT_ONCE)]
        return after, upto, entries, events_after, events

    after, upto, entries, events_after, events = readers.read_now(look)
    if upto == after and not events:
        return 0
    with engine.begin() as tx:
        for entry in entries:
            record = record_of(tx, entry.row.case_id)
            put_case(tx, entry.row, entry.people, entry.terms, entry.limits, entry.letters)
            if record is not None and record.state == ERASED:
                # Erased between the look and now: what was read must not come back.
                forget_people(tx, entry.row.case_id)
        for number, case in events:
            put_event(tx, number, case)
        keep_note(tx, _FILED, str(upto))
        keep_note(tx, _EVENTS, str(events[-1][0] if events else events_after))
    return upto - after + len(events)


def entry_of(
    record: CaseRecord, messages: tuple[FiledMessage, ...], case_type: CaseType | None, reckoning: Reckoning
) -> Entry:
    """Return what the index says about a case. Pure."""
    opened = [(message, stated_envelope(message.raw)) for message in messages]
    envelopes = [envelope for _, envelope in opened if envelope is not None]
    inquiry = next((each for each in reversed(envelopes) if each.kind is Kind.INQUIRY), None)
    reply = next((each for each in reversed(envelopes) if each.kind is Kind.REPLY), None)
    limits: tuple[IndexedLimit, ...] = ()
    if case_type is not None:
        limits = _limits(record, messages, {} if inquiry is None else inquiry.body, case_type, reckoning)
    state = reckoning.machine.rules.states.get(record.state)
    is_open = state is not None and not state.final
    running = [limit for limit in limits if limit.done_at is None and not limit.paused] if is_open else []
    first = min(running, key=lambda limit: limit.due_at, default=None)
    people = () if inquiry is None or case_type is None else tuple(_people(inquiry.body, case_type, inquiry.kind))
    row = IndexedCase(
        case_id=record.case_id,
        type=record.type,
        opener=record.opener,
        respondent=record.respondent,
        state=record.state,
        open=is_open,
        opened_at=record.opened_at,
        changed_at=record.changed_at,
        people=len(people),
        holder=(record.respondent if first is None else first.station) if is_open else None,
        step=None if first is None else first.step,
        due_at=None if first is None else first.due_at,
        late=any(limit.done_at is not None and limit.done_at[:19] > limit.due_at[:19] for limit in limits),
        outcome=None if reply is None else str(reply.body.get("outcome", "")) or None,
        returns=sum(message.kind == Kind.RETURN for message in messages),
        disputes=record.disputes,
    )
    terms = () if case_type is None else tuple(_terms(envelopes, case_type))
    letters = tuple(
        IndexedLetter(message.seq, file.digest, record.case_id, message.sender, message.received_at)
        for message, envelope in opened
        if envelope is not None
        for file in envelope.attachments
        if file.role is Role.LETTER
    )
    return Entry(row, people, terms, limits, letters)


def _entry(tx: sa.Connection, case: CaseId, reckoning: Reckoning) -> Entry | None:
    record = record_of(tx, case)
    if record is None:
        return None
    return entry_of(record, messages_of(tx, case), reckoning.catalogue.types.get(record.type), reckoning)


def _limits(
    record: CaseRecord,
    messages: tuple[FiledMessage, ...],
    body: Mapping[str, Any],
    case_type: CaseType,
    reckoning: Reckoning,
) -> tuple[IndexedLimit, ...]:
    moments: dict[str, datetime] = {}
    for message in messages:
        if message.kind == Kind.INQUIRY:
            moments = {}
        event, at = reckoning.machine.event_of(Kind(message.kind)), parse_instant(message.received_at)
        # Each message is handed over; what the limits run from is when the inquiry was.
        moments[event] = moments.get(event, at) if message.kind == Kind.HANDOVER else at
    found = []
    for rule in case_type.clocks:
        start = _start(rule, moments, body)
        if start is None:
            continue
        due = due_at(rule.kind, rule.limit, start, reckoning.calendar, reckoning.hours)
        done_at = moments.get(rule.stops_at_event)
        if done_at is not None and done_at < start:
            done_at = None
        reason = body.get(rule.late_reason_field) if rule.late_reason_field is not None else None
        found.append(
            IndexedLimit(
                step=rule.step,
                station=record.opener if rule.side is Side.OPENER else record.respondent,
                due_at=format_instant(due.at),
                done_at=None if done_at is None else format_instant(done_at),
                paused=rule.paused and record.state in _OTHERS_TURN,
                reason=str(reason) if reason else None,
            )
        )
    return tuple(found)


def _start(rule: ClockRule, moments: Mapping[str, datetime], body: Mapping[str, Any]) -> datetime | None:
    if rule.starts_at_event is not None:
        return moments.get(rule.starts_at_event)
    try:
        return parse_instant(str(body.get(rule.starts_at_field or "", "")))
    except Refused:
        return None


def _people(body: Mapping[str, Any], case_type: CaseType, kind: Kind) -> Iterator[IndexedPerson]:
    """Whoever a record names that has a citizen number, wherever the case type keeps it."""
    rule = case_type.messages.get(kind)
    for key, value in body.items():
        inside = None if rule is None else rule.fields.get(key)
        if inside is None or not inside.fields:
            continue
        numbered = next((name for name, one in inside.fields.items() if one.type is FieldType.CITIZEN_ID), None)
        for entry in value if isinstance(value, list) else [value]:
            if numbered is not None and isinstance(entry, Mapping) and numbered in entry:
                yield IndexedPerson(str(entry.get("name", "")), str(entry[numbered]))


def _terms(envelopes: list[Envelope], case_type: CaseType) -> Iterator[tuple[str, str]]:
    for envelope in envelopes:
        rule = case_type.messages.get(envelope.kind)
        if rule is not None:
            yield from _numbers(envelope.body, rule.fields)


def _numbers(body: Mapping[str, Any], rules: Mapping[str, FieldRule]) -> Iterator[tuple[str, str]]:
    for key, value in body.items():
        rule = rules.get(key)
        if rule is None:
            continue
        if rule.fields:
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, Mapping):
                    yield from _numbers(entry, rule.fields)
        elif rule.type is FieldType.CODE or key.endswith("_number"):
            yield key, str(value)


def _case_of(raw: bytes) -> str:
    return msgspec.json.decode(stated_payload(raw), type=StationEvent).case
