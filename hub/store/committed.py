"""The stored bytes that leaves of the trail commit to, in the order of the leaves: for verifying, never for serving.

`start`: only what stands at that leaf or behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from hub.store.schema.exchange import attachments, envelopes, erasures, receipts
from hub.store.schema.registry import administration
from hub.store.schema.trail import station_events
from hub.store.trail_log import as_bytes


@dataclass(frozen=True, slots=True)
class CommittedRow:
    """One stored thing: `what` it is, the leaf it says it has, its bytes, and the digest it is filed under (None: none)."""

    what: str
    leaf: int
    raw: bytes
    digest: str | None
    number: int


def committed_envelopes(tx: sa.Connection, start: int = 0) -> Iterator[CommittedRow]:
    """Yield every envelope, by filing number, which is the order of their leaves."""
    query = (
        sa.select(envelopes.c.seq, envelopes.c.leaf, envelopes.c.raw, envelopes.c.digest)
        .where(envelopes.c.leaf >= start)
        .order_by(envelopes.c.seq)
    )
    for row in tx.execution_options(yield_per=500).execute(query):
        yield CommittedRow("envelope", row.leaf, as_bytes(row.raw), row.digest, row.seq)


def committed_receipts(tx: sa.Connection, start: int = 0) -> Iterator[CommittedRow]:
    """Yield every receipt, in the order of their leaves."""
    query = (
        sa.select(receipts.c.seq, receipts.c.leaf, receipts.c.raw)
        .where(receipts.c.leaf >= start)
        .order_by(receipts.c.seq)
    )
    for row in tx.execution_options(yield_per=500).execute(query):
        yield CommittedRow("receipt", row.leaf, as_bytes(row.raw), None, row.seq)


def committed_station_events(tx: sa.Connection, start: int = 0) -> Iterator[CommittedRow]:
    """Yield every event of a station, in the order of their leaves."""
    columns = (station_events.c.leaf, station_events.c.raw, station_events.c.digest, station_events.c.number)
    for row in tx.execution_options(yield_per=500).execute(
        sa.select(*columns).where(station_events.c.leaf >= start).order_by(station_events.c.leaf)
    ):
        yield CommittedRow("station event", row.leaf, as_bytes(row.raw), row.digest, row.number)


def committed_acts(tx: sa.Connection, start: int = 0) -> Iterator[CommittedRow]:
    """Yield every administrator's act, in the order of their leaves."""
    columns = (administration.c.number, administration.c.leaf, administration.c.raw)
    for row in tx.execute(sa.select(*columns).where(administration.c.leaf >= start).order_by(administration.c.number)):
        yield CommittedRow("act", row.leaf, as_bytes(row.raw), None, row.number)


def committed_erasures(tx: sa.Connection, start: int = 0) -> Iterator[CommittedRow]:
    """Yield every notice of an erasure, in the order of their leaves."""
    columns = (erasures.c.leaf, erasures.c.raw)
    for row in tx.execute(sa.select(*columns).where(erasures.c.leaf >= start).order_by(erasures.c.leaf)):
        yield CommittedRow("erasure", row.leaf, as_bytes(row.raw), None, row.leaf)


def attachments_named(tx: sa.Connection) -> Iterator[tuple[int, str, int]]:
    """Yield filing number, digest and size of every attachment that an envelope names, by filing number."""
    columns = (attachments.c.seq, attachments.c.digest, attachments.c.size)
    for row in tx.execute(sa.select(*columns).order_by(attachments.c.seq, attachments.c.position)):
        yield row.seq, row.digest, row.size


def unanswered(tx: sa.Connection) -> list[int]:
    """Return the filing numbers of envelopes that have no receipt: there must be none."""
    query = (
        sa.select(envelopes.c.seq)
        .outerjoin(receipts, receipts.c.seq == envelopes.c.seq)
        .where(receipts.c.seq.is_(None))
    )
    return list(tx.execute(query).scalars())


def count_filed(tx: sa.Connection) -> int:
    """Return how many envelopes are filed."""
    return int(tx.execute(sa.select(sa.func.count()).select_from(envelopes)).scalar_one())
