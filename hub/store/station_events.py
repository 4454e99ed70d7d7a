"""Events at stations that were logged: their bytes and their leaves."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from hub.protocol.identifiers import Digest, StationId
from hub.store.schema.trail import leaves, station_events


@dataclass(frozen=True, slots=True)
class StationEventRow:
    """One logged event: `leaf` is its index in the trail."""

    digest: Digest
    id: str
    station: StationId
    leaf: int
    raw: bytes


def events_by_digest(tx: sa.Connection, digests: Iterable[Digest]) -> dict[Digest, int]:
    """Return the leaves of those among `digests` that were logged."""
    query = sa.select(station_events.c.digest, station_events.c.leaf)
    return {row[0]: row[1] for row in tx.execute(query.where(station_events.c.digest.in_(list(digests))))}


def event_ids_known(tx: sa.Connection, ids: Iterable[str]) -> frozenset[str]:
    """Return which of `ids` were logged."""
    return frozenset(tx.execute(sa.select(station_events.c.id).where(station_events.c.id.in_(list(ids)))).scalars())


def insert_station_events(tx: sa.Connection, rows: Iterable[StationEventRow]) -> None:
    """File events behind their leaves."""
    values = [
        {"digest": row.digest, "id": row.id, "station": row.station, "leaf": row.leaf, "raw": row.raw} for row in rows
    ]
    if values:
        tx.execute(sa.insert(station_events), values)


def leaf_record_of(tx: sa.Connection, leaf: int) -> bytes:
    """Return the record of a leaf."""
    return bytes(tx.execute(sa.select(leaves.c.record).where(leaves.c.number == leaf)).scalar_one())
