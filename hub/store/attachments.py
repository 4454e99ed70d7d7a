"""Rows about blobs: which are complete, and which station may name and read them. Their bytes are in `blobs.py`."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import format_instant
from hub.store.schema.exchange import blobs, holdings
from hub.store.statements import Prepared, as_array, insert_into, one_of


def insert_blob(tx: sa.Connection, digest: Digest, *, size: int, station: StationId, now: datetime) -> None:
    """Note that the bytes of `digest` are complete and durable, and that `station` has sent them."""
    _INSERT.run(tx, digest, size, format_instant(now))
    _GRANT.run(tx, digest, station)


def blob_size_for(tx: sa.Connection, digest: Digest, station: StationId) -> int | None:
    """Return the size in bytes of a complete blob that `station` may read, or None."""
    return next((row[0] for row in _SIZE_FOR.rows(tx, digest, station)), None)


_SIZES = Prepared(
    sa.select(holdings.c.digest, holdings.c.station, blobs.c.size)
    .join(blobs, blobs.c.digest == holdings.c.digest)
    .where(holdings.c.digest.in_(one_of("digests")), holdings.c.station.in_(one_of("stations"))),
    names=["digests", "stations"],
)
_GRANT = insert_into(holdings, ignore=True)
_INSERT = insert_into(blobs, ignore=True)
_SIZE_FOR = Prepared(
    sa.select(blobs.c.size)
    .join(holdings, holdings.c.digest == blobs.c.digest)
    .where(blobs.c.digest == sa.bindparam("digest"), holdings.c.station == sa.bindparam("station")),
    names=["digest", "station"],
)


def held_sizes(
    tx: sa.Connection, digests: Iterable[Digest], stations: Iterable[StationId]
) -> dict[tuple[str, str], int]:
    """Return (digest, station) -> size in bytes for each of `stations` that holds one of `digests`."""
    return {(row[0], row[1]): row[2] for row in _SIZES.rows(tx, as_array(digests), as_array(stations))}


def grant(tx: sa.Connection, pairs: Iterable[tuple[Digest, StationId]]) -> None:
    """Let the stations name and read the blobs: a case of theirs names them."""
    _GRANT.run_many(tx, list(pairs))


def blobs_known(tx: sa.Connection) -> Iterable[tuple[Digest, int]]:
    """Yield digest and size of every complete blob, by digest."""
    for row in tx.execute(sa.select(blobs.c.digest, blobs.c.size).order_by(blobs.c.digest)):
        yield Digest(row.digest), row.size
