"""Questions about restores: the hub's statements taken here, and what a restore of this agent itself has left to do."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from hub.protocol.instants import format_instant
from station_agent.store.schema.cases import case_numbers, letter_numbers
from station_agent.store.schema.exchange import hub_restores, skipped_numbers
from station_agent.store.schema.trail import checkpoints, lost_checkpoints
from station_agent.store.schema.trust import settings

LETTER = "letter"


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """Numbers left out (跳号): those after `after` up to `until` of `kind` (`letter`, or a case type) and `year`."""

    kind: str
    year: int
    after: int
    until: int
    reason: str
    at: str


def last_restore(tx: Connection) -> int:
    """Return the number of the hub's newest restore that was taken here, 0 before the first."""
    return int(tx.execute(select(func.max(hub_restores.c.number))).scalar() or 0)


def last_restore_at(tx: Connection) -> str | None:
    """Return when the hub's newest restore was taken here, or None."""
    found = tx.execute(select(func.max(hub_restores.c.taken_at))).scalar()
    return None if found is None else str(found)


def take_restore(tx: Connection, *, number: int, origin: str, size: int, raw: bytes, now: datetime) -> None:
    """Store a statement, and set aside every checkpoint of the log beyond the tree that it goes on from."""
    tx.execute(insert(hub_restores).values(number=number, size=size, raw=raw, taken_at=format_instant(now)))
    beyond = (checkpoints.c.origin == origin, checkpoints.c.size > size)
    for row in tx.execute(select(checkpoints).where(*beyond)).mappings().all():
        tx.execute(insert(lost_checkpoints).values(restore=number, **dict(row)))
    tx.execute(delete(checkpoints).where(*beyond))


def lost_sizes(tx: Connection) -> tuple[int, ...]:
    """Return the sizes of the checkpoints that the hub has lost, in order."""
    return tuple(tx.execute(select(lost_checkpoints.c.size).order_by(lost_checkpoints.c.size)).scalars())


def lost_checkpoints_kept(tx: Connection) -> tuple[str, ...]:
    """Return the signed checkpoints that the hub has lost by restores, by size."""
    return tuple(tx.execute(select(lost_checkpoints.c.note).order_by(lost_checkpoints.c.size)).scalars())


def forget_settings(tx: Connection, *keys: str, prefix: str | None = None) -> None:
    """Forget values of the agent's own running: those named, and those whose key begins with `prefix`."""
    chosen = settings.c.key.in_(keys)
    tx.execute(delete(settings).where(chosen if prefix is None else chosen | settings.c.key.startswith(prefix)))


def skip_numbers(tx: Connection, kind: str, year: int, *, stride: int, reason: str, now: datetime) -> SkippedRow:
    """Leave out the next `stride` numbers of `kind` and `year`; they stay visible as left out."""
    after = max(_last_given(tx, kind, year), skipped_until(tx, kind, year))
    row = SkippedRow(kind, year, after, after + stride, reason, format_instant(now))
    tx.execute(insert(skipped_numbers).values({field.name: getattr(row, field.name) for field in fields(row)}))
    return row


def skipped_until(tx: Connection, kind: str, year: int) -> int:
    """Return the largest number left out, 0 if none is."""
    question = select(func.max(skipped_numbers.c.until)).where(
        skipped_numbers.c.kind == kind, skipped_numbers.c.year == year
    )
    return int(tx.execute(question).scalar() or 0)


def skipped_rows(tx: Connection) -> tuple[SkippedRow, ...]:
    """Return every range of numbers left out."""
    order = (skipped_numbers.c.year, skipped_numbers.c.kind, skipped_numbers.c.until)
    return tuple(SkippedRow(**dict(row)) for row in tx.execute(select(skipped_numbers).order_by(*order)).mappings())


def _last_given(tx: Connection, kind: str, year: int) -> int:
    question = select(func.max(letter_numbers.c.number)).where(letter_numbers.c.year == year)
    if kind != LETTER:
        question = select(func.max(case_numbers.c.number)).where(
            case_numbers.c.type == kind, case_numbers.c.year == year
        )
    return int(tx.execute(question).scalar() or 0)
