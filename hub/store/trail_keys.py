"""Statements of the trail's keys that were installed at the hub."""

import sqlalchemy as sa

from hub.store.schema.trail import trail_keys
from hub.store.statements import Prepared

_NEWEST = Prepared(sa.select(sa.func.max(trail_keys.c.number)))


def insert_trail_keys(tx: sa.Connection, *, number: int, at: str, raw: bytes) -> None:
    """Install a statement."""
    tx.execute(sa.insert(trail_keys).values(number=number, at=at, raw=raw))


def newest_number(tx: sa.Connection) -> int:
    """Return the number of the newest statement, 0 before the first."""
    return int(_NEWEST.rows(tx)[0][0] or 0)


def trail_keys_installed(tx: sa.Connection) -> tuple[bytes, ...]:
    """Return every statement as signed, oldest first."""
    return tuple(tx.execute(sa.select(trail_keys.c.raw).order_by(trail_keys.c.number)).scalars())
