"""Questions about the hub's lists of seals, statements on their way to the hub, and alarms about letters already used."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import format_instant
from station_agent.store.schema.exchange import statements
from station_agent.store.schema.trust import seal_alarms, seal_lists


@dataclass(frozen=True, slots=True)
class SealListRow:
    """A signed list that was verified when it came."""

    number: int
    raw: bytes
    taken_at: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A signed statement of this station: `sent_at` once the hub has answered, `trouble` the code with which it refused it."""

    seq: int
    digest: Digest
    kind: str
    subject: str
    raw: bytes
    made_at: str
    sent_at: str | None
    trouble: str | None


def seal_lists_taken(tx: Connection) -> tuple[SealListRow, ...]:
    """Return the lists that are kept, oldest first."""
    rows = tx.execute(
        select(seal_lists.c.number, seal_lists.c.raw, seal_lists.c.taken_at).order_by(seal_lists.c.number)
    )
    return tuple(SealListRow(*row) for row in rows)


def take_list(tx: Connection, row: SealListRow, *, instead_of: tuple[int, ...]) -> None:
    """Keep a newer list; those in `instead_of` say nothing that it does not say."""
    tx.execute(delete(seal_lists).where(seal_lists.c.number.in_(instead_of)))
    values = {"number": row.number, "raw": row.raw, "taken_at": row.taken_at}
    tx.execute(insert_or(seal_lists).values(values).on_conflict_do_nothing())


def add_statement(tx: Connection, *, kind: str, subject: str, raw: bytes, now: datetime) -> Digest:
    """Queue a signed statement for the hub, in the transaction of what it is about."""
    digest = digest_of(raw)
    values = {"digest": digest, "kind": kind, "subject": subject, "raw": raw, "made_at": format_instant(now)}
    tx.execute(insert(statements).values(values))
    return digest


def statements_made(tx: Connection, *kinds: str) -> tuple[StatementRow, ...]:
    """Return this station's statements, of these kinds or all, oldest first."""
    question = select(*_STATEMENT).order_by(statements.c.seq)
    if kinds:
        question = question.where(statements.c.kind.in_(kinds))
    return tuple(StatementRow(*row) for row in tx.execute(question))


def statements_since(tx: Connection, kind: str, since: str) -> tuple[StatementRow, ...]:
    """Return this station's statements of one kind made at `since` or later, oldest first."""
    question = select(*_STATEMENT).where(statements.c.kind == kind, statements.c.made_at >= since)
    return tuple(StatementRow(*row) for row in tx.execute(question.order_by(statements.c.seq)))


def statements_waiting(tx: Connection) -> tuple[StatementRow, ...]:
    """Return the statements that the hub has not answered, oldest first."""
    question = select(*_STATEMENT).where(statements.c.sent_at.is_(None))
    return tuple(StatementRow(*row) for row in tx.execute(question.order_by(statements.c.seq)))


def settle_statement(tx: Connection, seq: int, *, sent_at: str, trouble: str | None) -> None:
    """Note when the hub took a statement, or refused it and why."""
    tx.execute(update(statements).where(statements.c.seq == seq).values(sent_at=sent_at, trouble=trouble))


def add_alarm(tx: Connection, *, letter: Digest, own: bool, raw: bytes, now: datetime) -> bool:
    """Keep an alarm for ever; return whether it was new."""
    values = {"digest": digest_of(raw), "letter": letter, "own": own, "raw": raw, "taken_at": format_instant(now)}
    return tx.execute(insert_or(seal_alarms).values(values).on_conflict_do_nothing()).rowcount == 1


def alarms_kept(tx: Connection) -> tuple[bytes, ...]:
    """Return every alarm known here, oldest first."""
    query = select(seal_alarms.c.raw).order_by(seal_alarms.c.taken_at, seal_alarms.c.digest)
    return tuple(tx.execute(query).scalars())


def has_own_alarm(tx: Connection, letter: Digest) -> bool:
    """Whether this station has raised an alarm about that letter."""
    query = select(seal_alarms.c.digest).where(seal_alarms.c.letter == letter, seal_alarms.c.own.is_(True))
    return tx.execute(query).first() is not None


_STATEMENT = (
    statements.c.seq,
    statements.c.digest,
    statements.c.kind,
    statements.c.subject,
    statements.c.raw,
    statements.c.made_at,
    statements.c.sent_at,
    statements.c.trouble,
)
