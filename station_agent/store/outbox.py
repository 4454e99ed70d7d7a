"""Questions about the outbox: what waits to be sent, in what order, and what the hub refused."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.instants import format_instant
from station_agent.store.schema.exchange import outbox

QUEUED = "queued"
SENT = "sent"
REFUSED = "refused"
DROPPED = "dropped"
ANY_PAUSE = timedelta(days=3650)


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


def due(tx: Connection, *, now: datetime, longest_pause: timedelta = ANY_PAUSE) -> tuple[OutboxRow, ...]:
    """Return what may be sent now: the first unsent item of each lane, unless it was refused or must still wait.

    What has waited longest comes first: an item that cannot go through must not be the one that every round begins with.
    No pause is longer than `longest_pause`: what would wait longer was put off before the clock was set back.
    """
    at, latest = format_instant(now), format_instant(now + longest_pause)
    first = select(func.min(outbox.c.seq)).where(outbox.c.state.in_((QUEUED, REFUSED))).group_by(outbox.c.lane)
    question = select(*_COLUMNS).where(
        outbox.c.seq.in_(first),
        outbox.c.state == QUEUED,
        or_(outbox.c.not_before <= at, outbox.c.not_before > latest),
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


def postpone(tx: Connection, row: OutboxRow, *, until: datetime, trouble: str, away_at: datetime | None = None) -> None:
    """It did not go through; try again at `until`. `away_at`: when, because the hub was not reached."""
    _set(tx, row, not_before=format_instant(until), trouble=trouble, attempts=row.attempts + 1)
    if away_at is not None:
        note_away(tx, now=away_at)


def note_away(tx: Connection, *, now: datetime) -> None:
    """The hub is not reached: note the time for all that waits and has not been kept waiting by that before."""
    waiting = (outbox.c.state == QUEUED, outbox.c.first_failed_at.is_(None))
    tx.execute(update(outbox).where(*waiting).values(first_failed_at=format_instant(now)))


def queued_after(tx: Connection, row: OutboxRow) -> tuple[OutboxRow, ...]:
    """Return `row` and what waits behind it in its lane, in order."""
    question = select(*_COLUMNS).where(
        outbox.c.lane == row.lane, outbox.c.seq >= row.seq, outbox.c.state.in_((QUEUED, REFUSED))
    )
    return tuple(OutboxRow(**dict(found)) for found in tx.execute(question.order_by(outbox.c.seq)).mappings())


def outbox_row_of(tx: Connection, envelope: Digest) -> OutboxRow | None:
    """Return the item of an envelope, or None when this station did not send it."""
    found = tx.execute(select(*_COLUMNS).where(outbox.c.envelope == envelope)).mappings().one_or_none()
    return None if found is None else OutboxRow(**dict(found))


def put_in_place(tx: Connection, row: OutboxRow, envelope: Digest, *, now: datetime) -> None:
    """Let an item that the hub never took stand for another envelope, in its old place."""
    _set(tx, row, envelope=envelope, state=QUEUED, not_before=format_instant(now), trouble=None, problem=None)


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
