"""What each station has to fetch, in the order of filing."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.protocol.identifiers import StationId
from hub.store.schema.exchange import envelopes, mailbox, receipts


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mailbox item: the envelope's bytes as received and the hub's receipt about it."""

    cursor: int
    envelope: bytes
    receipt: bytes


_PAGE = (
    sa.select(mailbox.c.seq, envelopes.c.raw, receipts.c.raw.label("receipt"))
    .join(envelopes, envelopes.c.seq == mailbox.c.seq)
    .join(receipts, receipts.c.seq == mailbox.c.seq)
    .where(mailbox.c.station == sa.bindparam("station"), mailbox.c.seq > sa.bindparam("after"))
    .order_by(mailbox.c.seq)
    .limit(sa.bindparam("limit"))
)
_SENT = (
    sa.select(envelopes.c.seq, envelopes.c.raw, receipts.c.raw.label("receipt"))
    .join(receipts, receipts.c.seq == envelopes.c.seq)
    .where(
        envelopes.c.sender == sa.bindparam("station"),
        envelopes.c.seq > sa.bindparam("after"),
        sa.func.length(envelopes.c.raw) > 0,  # an erased one has nothing to give back
    )
    .order_by(envelopes.c.seq)
    .limit(sa.bindparam("limit"))
)
_LATEST = sa.select(sa.func.max(mailbox.c.seq)).where(mailbox.c.station == sa.bindparam("station"))


def deliveries_after(tx: sa.Connection, station: StationId, *, after: int, limit: int) -> tuple[Delivery, ...]:
    """Return at most `limit` deliveries of `station` whose cursor is greater than `after`, oldest first."""
    rows = tx.execute(_PAGE, {"station": station, "after": after, "limit": limit})
    return tuple(Delivery(row.seq, row.raw, row.receipt) for row in rows)


def sent_after(tx: sa.Connection, station: StationId, *, after: int, limit: int) -> tuple[Delivery, ...]:
    """Return at most `limit` envelopes that `station` has sent, filed after `after`, oldest first, with their receipts."""
    rows = tx.execute(_SENT, {"station": station, "after": after, "limit": limit})
    return tuple(Delivery(row.seq, row.raw, row.receipt) for row in rows)


def latest_cursor(tx: sa.Connection, station: StationId) -> int:
    """Return the cursor of the newest delivery of `station`, 0 if there is none."""
    return tx.execute(_LATEST, {"station": station}).scalar_one() or 0
