"""Questions that only a check of the whole store asks: rows that should not be, or that are not there. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from hub.store.schema.exchange import envelopes, mailbox
from hub.store.schema.registry import certificates


@dataclass(frozen=True, slots=True)
class EnvelopeColumns:
    """What the row of an envelope says of it, beside its signed bytes; `delivered`: it is in its receiver's mailbox."""

    seq: int
    digest: str
    id: str
    case: str
    kind: str
    sender: str
    receiver: str
    raw: bytes
    delivered: bool


def broken_references(tx: sa.Connection) -> list[tuple[str, str, int]]:
    """Return (table, table pointed to, row number) of every row whose foreign key points nowhere; 0: a table without numbers."""
    return [(row[0], row[2], int(row[1] or 0)) for row in tx.exec_driver_sql("PRAGMA foreign_key_check")]


def envelope_columns(tx: sa.Connection) -> Iterator[EnvelopeColumns]:
    """Yield every envelope, by filing number."""
    e = envelopes.c
    there = sa.and_(mailbox.c.seq == e.seq, mailbox.c.station == e.receiver)
    columns = (e.seq, e.digest, e.id, e.case_id, e.kind, e.sender, e.receiver, e.raw, mailbox.c.seq.is_not(None))
    query = sa.select(*columns).outerjoin(mailbox, there).order_by(e.seq)
    for row in tx.execution_options(yield_per=500).execute(query):
        yield EnvelopeColumns(*row)


def misdelivered(tx: sa.Connection) -> list[tuple[str, int]]:
    """Return station and filing number of every mailbox entry whose envelope is for somebody else."""
    query = sa.select(mailbox.c.station, mailbox.c.seq).join(envelopes, envelopes.c.seq == mailbox.c.seq)
    return [(row[0], row[1]) for row in tx.execute(query.where(mailbox.c.station != envelopes.c.receiver))]


def certificate_digests(tx: sa.Connection) -> Iterator[tuple[str, bytes]]:
    """Yield x5t and DER of every registered certificate."""
    for row in tx.execute(sa.select(certificates.c.x5t, certificates.c.raw).order_by(certificates.c.x5t)):
        yield row.x5t, row.raw
