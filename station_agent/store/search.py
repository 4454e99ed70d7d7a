"""Questions about what cases can be found by: words by kind, cases due to be indexed, and look-ups of people on record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.protocol.identifiers import CaseId, Digest
from station_agent.store.schema.cases import letters
from station_agent.store.schema.desk import desk_lookups, search_due, search_words
from station_agent.store.schema.exchange import envelopes

NAME = "name"  # `name id18`
ID = "id"  # a citizen number written backwards: its end is what people know
NUMBER = "number"  # letter numbers and archive numbers, as `plain_number` writes them
CASE = "case"  # a case number written backwards
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that a case can be found by."""

    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class LookupRow:
    """A person looked up without an open case: `query` stays here, `statement` is the digest of what was signed."""

    at: str
    officer: str
    query: str
    nonce: str
    reason: str
    found: int
    statement: Digest


def words_beginning(tx: Connection, kind: str, beginning: str, *, limit: int) -> tuple[tuple[str, CaseId], ...]:
    """Return word and case of every word of `kind` that begins so, at most `limit`; by the index alone."""
    table = search_words.c
    question = select(table.word, table.case).where(
        table.kind == kind, table.word >= beginning, table.word < beginning + _AFTER_ALL
    )
    return tuple((word, CaseId(case)) for word, case in tx.execute(question.limit(limit)))


def due_cases(tx: Connection, *, limit: int) -> tuple[CaseId, ...]:
    """Return cases that have changed since they were indexed."""
    return tuple(CaseId(case) for case in tx.execute(select(search_due.c.case).limit(limit)).scalars())


def put_words(tx: Connection, case: CaseId, words: Iterable[Word]) -> None:
    """Store what the case can be found by now, instead of what it was; it is due no more."""
    tx.execute(delete(search_words).where(search_words.c.case == case))
    for each in words:
        values = {"kind": each.kind, "word": each.word, "case": case}
        tx.execute(insert_or(search_words).values(values).on_conflict_do_nothing())
    tx.execute(delete(search_due).where(search_due.c.case == case))


def signed_messages(tx: Connection, cases: Sequence[CaseId]) -> tuple[tuple[CaseId, bytes], ...]:
    """Return every message of these cases as stored (compact JWS)."""
    question = select(envelopes.c.case, envelopes.c.raw).where(
        envelopes.c.case.in_(cases), func.length(envelopes.c.raw) > 0
    )
    return tuple((CaseId(case), raw) for case, raw in tx.execute(question.order_by(envelopes.c.seq)))


def drafted_letters(tx: Connection, cases: Sequence[CaseId]) -> tuple[tuple[CaseId, bytes, str | None], ...]:
    """Return body and number of these cases' letters."""
    question = select(letters.c.case, letters.c.body, letters.c.number).where(letters.c.case.in_(cases))
    return tuple((CaseId(case), body, number) for case, body, number in tx.execute(question))


def note_lookup(tx: Connection, row: LookupRow) -> None:
    """Keep who was looked up, by whom and why."""
    tx.execute(insert(desk_lookups).values({field.name: getattr(row, field.name) for field in fields(row)}))


def lookups(tx: Connection) -> tuple[LookupRow, ...]:
    """Return every look-up, the newest first."""
    columns = (desk_lookups.c[field.name] for field in fields(LookupRow))
    found = tx.execute(select(*columns).order_by(desk_lookups.c.seq.desc())).mappings()
    return tuple(LookupRow(**dict(row)) for row in found)
