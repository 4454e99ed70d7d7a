"""Keeping the index of the auditors' search behind the log: what was filed since, case by case, outside of the exchange's path.

Resumable: the cursor moves in the transaction that writes the rows. What is read is decoded, not verified again: the hub has
verified every envelope before it filed it, and a page that proves something looks at the signed bytes themselves.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.cases.catalogue import CaseType, FieldRule, FieldType
from hub.cases.extension import Extension
from hub.exchange.limits import CaseLimit, Reckoning, extensions_among, limits_of_case
from hub.protocol.envelope import Envelope, Kind, Role
from hub.protocol.erasure import ERASED
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import format_instant
from hub.protocol.station_event import StationEvent
from hub.signing.jws import stated_payload
from hub.store.case_acts import acts_about, case_acts_counted
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
    reckoned: tuple[CaseLimit, ...] = ()
    """The limits as they were reckoned, with what was extended."""


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

    def look(tx: sa.Connection) -> tuple[int, int, list[Entry], int, list[tuple[int, str]], int]:
        after, events_after = int(note(tx, _FILED) or 0), int(note(tx, _EVENTS) or 0)
        touched, upto = cases_touched(tx, after=after, limit=AT_ONCE)
        entries = [entry for case in touched if (entry := entry_now(tx, case, reckoning)) is not None]
        events = [(number, _case_of(raw)) for number, raw in events_unindexed(tx, after=events_after, limit=AT_ONCE)]
        return after, upto, entries, events_after, events, case_acts_counted(tx)

    after, upto, entries, events_after, events, acts = readers.read_now(look)
    if upto == after and not events:
        return 0
    with engine.begin() as tx:
        if case_acts_counted(tx) != acts:
            return 1  # a limit was extended between the look and now: what was reckoned may be the old end
        for entry in entries:
            record = record_of(tx, entry.row.case_id)
            put_entry(tx, entry)
            if record is not None and record.state == ERASED:
                # Erased between the look and now: what was read must not come back.
                forget_people(tx, entry.row.case_id)
        for number, case in events:
            put_event(tx, number, case)
        keep_note(tx, _FILED, str(upto))
        keep_note(tx, _EVENTS, str(events[-1][0] if events else events_after))
    return upto - after + len(events)


def entry_of(
    record: CaseRecord,
    messages: tuple[FiledMessage, ...],
    case_type: CaseType | None,
    reckoning: Reckoning,
    extensions: Sequence[Extension] = (),
) -> Entry:
    """Return what the index says about a case. Pure."""
    opened = [(message, stated_envelope(message.raw)) for message in messages]
    envelopes = [envelope for _, envelope in opened if envelope is not None]
    inquiry = next((each for each in reversed(envelopes) if each.kind is Kind.INQUIRY), None)
    reply = next((each for each in reversed(envelopes) if each.kind is Kind.REPLY), None)
    reckoned: tuple[CaseLimit, ...] = ()
    if case_type is not None:
        body = {} if inquiry is None else inquiry.body
        reckoned = limits_of_case(record, messages, body, case_type, reckoning, extensions)
    limits = tuple(map(_indexed, reckoned))
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
    return Entry(row, people, terms, limits, letters, reckoned)


def entry_now(tx: sa.Connection, case: CaseId, reckoning: Reckoning) -> Entry | None:
    """Return what the index would say about a case now; None: there is none."""
    record = record_of(tx, case)
    if record is None:
        return None
    extensions = extensions_among(acts_about(tx, case))
    return entry_of(record, messages_of(tx, case), reckoning.catalogue.types.get(record.type), reckoning, extensions)


def put_entry(tx: sa.Connection, entry: Entry) -> None:
    """Write what the index says about a case."""
    put_case(tx, entry.row, entry.people, entry.terms, entry.limits, entry.letters)


def _indexed(limit: CaseLimit) -> IndexedLimit:
    return IndexedLimit(
        step=limit.rule.step,
        station=limit.station,
        due_at=format_instant(limit.due),
        done_at=None if limit.done_at is None else format_instant(limit.done_at),
        paused=limit.paused,
        reason=limit.reason,
    )


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
