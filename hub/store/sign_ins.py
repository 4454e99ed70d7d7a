"""Assertions that were spent on a token: each is taken once, also across restarts."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.identifiers import StationId
from hub.protocol.instants import format_instant
from hub.store.schema.registry import assertions, station_seen


def note_seen(tx: sa.Connection, station: StationId, *, now: datetime) -> None:
    """The station's agent has signed in."""
    values = {"station": station, "at": format_instant(now)}
    statement = insert(station_seen).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["station"], set_=values))


def stations_seen(tx: sa.Connection) -> dict[StationId, str]:
    """Return when each station's agent last signed in."""
    return {StationId(row.station): row.at for row in tx.execute(sa.select(station_seen))}


def spend_assertion(tx: sa.Connection, *, x5t: str, jti: str, until: datetime, now: datetime) -> bool:
    """Note that an assertion is spent; False when it was before. Those past their time are forgotten on the way."""
    tx.execute(sa.delete(assertions).where(assertions.c.expires_at < format_instant(now)))
    row = {"x5t": x5t, "jti": jti, "expires_at": format_instant(until)}
    return tx.execute(insert(assertions).values(row).on_conflict_do_nothing()).rowcount == 1
