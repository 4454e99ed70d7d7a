"""Assertions that were spent on a token: each is taken once, also across restarts."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.instants import format_instant
from hub.store.schema import assertions


def spend_assertion(tx: sa.Connection, *, x5t: str, jti: str, until: datetime, now: datetime) -> bool:
    """Note that an assertion is spent; False when it was before. Those past their time are forgotten on the way."""
    tx.execute(sa.delete(assertions).where(assertions.c.expires_at < format_instant(now)))
    row = {"x5t": x5t, "jti": jti, "expires_at": format_instant(until)}
    return tx.execute(insert(assertions).values(row).on_conflict_do_nothing()).rowcount == 1
