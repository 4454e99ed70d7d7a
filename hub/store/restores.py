"""Declared restores: the statements that stations are shown, and where filing numbers go on."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.store.schema.exchange import envelopes
from hub.store.schema.trail import restores
from hub.store.statements import Prepared


@dataclass(frozen=True, slots=True)
class RestoreRow:
    """One declared restore: its signed statement, the trail's size then, the number behind which filing goes on."""

    number: int
    at: str
    size: int
    next_seq: int
    raw: bytes


_FLOOR = Prepared(sa.select(sa.func.max(restores.c.next_seq)))
_LAST = sa.select(sa.func.max(envelopes.c.seq))


def last_seq(tx: sa.Connection) -> int:
    """Return the filing number of the newest envelope, 0 if there is none."""
    return int(tx.execute(_LAST).scalar_one() or 0)


def floor_seq(tx: sa.Connection) -> int:
    """Return the number that every later filing number is greater than: those up to it may have been given out before."""
    return _FLOOR.rows(tx)[0][0] or 0


def insert_restore(tx: sa.Connection, row: RestoreRow) -> None:
    """File a declared restore."""
    values = {"number": row.number, "at": row.at, "size": row.size, "next_seq": row.next_seq, "raw": row.raw}
    tx.execute(sa.insert(restores).values(values))


def restores_declared(tx: sa.Connection) -> tuple[RestoreRow, ...]:
    """Return every declared restore, oldest first."""
    columns = (restores.c.number, restores.c.at, restores.c.size, restores.c.next_seq, restores.c.raw)
    return tuple(RestoreRow(*row) for row in tx.execute(sa.select(*columns).order_by(restores.c.number)))
