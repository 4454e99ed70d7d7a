"""Time-stamps of checkpoints."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.protocol.instants import format_instant
from hub.store.schema.trail import time_stamps


@dataclass(frozen=True, slots=True)
class TimeStampRow:
    """A token (DER) over the text of `checkpoint`, a signed note with the cosignatures it had; `at`: when it was filed."""

    size: int
    checkpoint: str
    at: str
    raw: bytes


def newest_time_stamp(tx: sa.Connection) -> TimeStampRow | None:
    """Return the stamp of the largest tree."""
    query = sa.select(time_stamps).order_by(time_stamps.c.size.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else TimeStampRow(row.size, row.checkpoint, row.at, row.raw)


def insert_time_stamp(tx: sa.Connection, *, size: int, checkpoint: str, raw: bytes, now: datetime) -> None:
    """File a verified token."""
    values = {"size": size, "checkpoint": checkpoint, "at": format_instant(now), "raw": raw}
    tx.execute(sa.insert(time_stamps).values(values))
