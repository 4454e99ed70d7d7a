"""Questions about the outbox: what waits to be sent, in what order, and what the hub refused."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.instants import format_instant
from station_agent.store.schema import outbox

QUEUED = "queued"
SENT = "sent"
REFUSED = "refused"
DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One envelope that is to be sent, was sent, or was refused. Items of one `lane` go one after another. `state_before` is
    the case's state (M1) before the message; `first_failed_at` the time, by this station's clock, when it first did not go
    through."""

    seq: int
    lane: str
    envelope: Digest
    state: str
    attempts: int
    not_before: str
    trouble: str | None
    problem: bytes | None
    queued_at: str
    sent_at: str | None
    state_before: str | None
    first_failed_at: str | None = None


_COLUMNS = tuple(outbox.c[field.name] for field in fields(OutboxRow))


def queue(tx: Connection, envelope: Digest, *, lane: str, state_before: str | None, now: datetime) -> None:
    """Put a stored envelope into the outbox."""
    at = format_instant(now)
    tx.execute(
        insert(outbox).values(
            lane=lane,
            envelope=envelope,
            state=QUEUED,
            attempts=0,
            not_before=at,
            queued_at=at,
            state_before=state_before,
        )
    )


def due(tx: Connection, *, now: datetime) -> tuple[OutboxRow, ...]:
    """Return what may be sent now: the first unsent item of each lane, unless it was refused or must still wait.

    What has waited longest comes first: an item that cannot go through must not be the one that every round begins with.
    """
    first = select(func.min(outbox.c.seq)).where(outbox.c.state.in_((QUEUED, REFUSED))).group_by(outbox.c.lane)
    question = select(*_COLUMNS).where(
        outbox.c.seq.in_(first), outbox.c.state == QUEUED, outbox.c.not_before <= format_instant(now)
    )
    return tuple(
        OutboxRow(**dict(row)) for row in tx.execute(question.order_by(outbox.c.not_before, outbox.c.seq)).mappings()
    )


def next_due_at(tx: Connection) -> str | None:
    """Return the earliest instant at which a queued item may be tried, or None when nothing is queued."""
    found = tx.execute(select(func.min(outbox.c.not_before)).where(outbox.c.state == QUEUED)).scalar()
    return None if found is None else str(found)


def outbox_rows(tx: Connection, *states: str) -> tuple[OutboxRow, ...]:
    """Return the items in `states` (all when none is named), oldest first."""
    question = select(*_COLUMNS).order_by(outbox.c.seq)
    if states:
        question = question.where(outbox.c.state.in_(states))
    return tuple(OutboxRow(**dict(row)) for row in tx.execute(question).mappings())


def count_queued(tx: Connection) -> int:
    """Return how many items wait."""
    return int(tx.execute(select(func.count()).where(outbox.c.state == QUEUED)).scalar_one())


def mark_sent(tx: Connection, row: OutboxRow, *, now: datetime) -> None:
    """The hub's receipt is verified and stored in this transaction: never send it again."""
    _set(tx, row, state=SENT, sent_at=format_instant(now), trouble=None, problem=None, attempts=row.attempts + 1)


def send_again(tx: Connection, row: OutboxRow, *, now: datetime) -> None:
    """The hub has lost what it had acknowledged: queue it anew, in its old place. `sent_at` stays, and tells that it was."""
    _set(tx, row, state=QUEUED, not_before=format_instant(now), attempts=0, trouble=None)


def note_sent(tx: Connection, envelope: Digest, *, lane: str, sent_at: str) -> None:
    """Note an envelope that was sent before this agent was restored from a backup."""
    values = {"lane": lane, "envelope": envelope, "state": SENT, "attempts": 1, "not_before": sent_at}
    tx.execute(insert(outbox).values(**values, queued_at=sent_at, sent_at=sent_at))


def take_back(tx: Connection, envelope: Digest) -> None:
    """Forget a queued envelope that was never sent. Raises: Refused (`station.not_refused`) when it is no longer queued."""
    done = tx.execute(delete(outbox).where(outbox.c.envelope == envelope, outbox.c.state == QUEUED))
    if done.rowcount != 1:
        raise Refused(Code.NOT_REFUSED, detail=envelope)


def mark_refused(tx: Connection, row: OutboxRow, *, trouble: str, problem: bytes) -> None:
    """The hub said no: keep its words; the rest of this lane waits for a person."""
    _set(tx, row, state=REFUSED, trouble=trouble, problem=problem, attempts=row.attempts + 1)


def postpone(tx: Connection, row: OutboxRow, *, until: datetime, trouble: str) -> None:
    """It did not go through; try again at `until`."""
    _set(tx, row, not_before=format_instant(until), trouble=trouble, attempts=row.attempts + 1)


def try_again(tx: Connection, seq: int, *, now: datetime) -> None:
    """A person asks for a refused item to be sent again. Raises: Refused (`station.not_refused`)."""
    _leave_refused(tx, seq, state=QUEUED, not_before=format_instant(now))


def drop(tx: Connection, seq: int) -> OutboxRow:
    """Give a refused item up: it stays on record and the rest of its lane goes on. Raises: Refused (`station.not_refused`)."""
    _leave_refused(tx, seq, state=DROPPED)
    return OutboxRow(**dict(tx.execute(select(*_COLUMNS).where(outbox.c.seq == seq)).mappings().one()))


def wake_all(tx: Connection, *, now: datetime) -> None:
    """The hub is back: do not wait out the pauses."""
    tx.execute(update(outbox).where(outbox.c.state == QUEUED).values(not_before=format_instant(now)))


def _leave_refused(tx: Connection, seq: int, **values: object) -> None:
    done = tx.execute(update(outbox).where(outbox.c.seq == seq, outbox.c.state == REFUSED).values(**values))
    if done.rowcount != 1:
        raise Refused(Code.NOT_REFUSED, detail=str(seq))


def _set(tx: Connection, row: OutboxRow, **values: object) -> None:
    tx.execute(update(outbox).where(outbox.c.seq == row.seq).values(**values))
