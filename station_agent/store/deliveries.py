"""Questions about deliveries from the hub's mailbox, and the cursor up to which they are stored."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, func, insert, select, update

from hub.protocol.identifiers import Digest
from station_agent.store.schema.exchange import deliveries

FILED = "filed"
QUARANTINED = "quarantined"
REPEATED = "repeated"
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery as it came: `envelope` and `receipts` (JSON list) are the hub's bytes, `checks` the verdict as JSON."""

    cursor: int
    state: str
    envelope: bytes | None
    digest: Digest | None
    receipts: bytes
    checks: bytes
    received_at: str


_COLUMNS = tuple(deliveries.c[field.name] for field in fields(DeliveryRow))


def insert_delivery(tx: Connection, row: DeliveryRow) -> None:
    """Store a delivery under its cursor."""
    tx.execute(insert(deliveries).values({field.name: getattr(row, field.name) for field in fields(row)}))


def cursor_of(tx: Connection) -> int:
    """Return the cursor of the newest delivery stored, 0 before the first."""
    return int(tx.execute(select(func.max(deliveries.c.cursor))).scalar() or 0)


def quarantined(tx: Connection) -> tuple[DeliveryRow, ...]:
    """Return what did not verify, oldest first."""
    question = select(*_COLUMNS).where(deliveries.c.state == QUARANTINED).order_by(deliveries.c.cursor)
    return tuple(DeliveryRow(**dict(row)) for row in tx.execute(question).mappings())


def delivery_rows(tx: Connection) -> tuple[DeliveryRow, ...]:
    """Return every delivery, oldest first."""
    return tuple(
        DeliveryRow(**dict(row)) for row in tx.execute(select(*_COLUMNS).order_by(deliveries.c.cursor)).mappings()
    )


def judge_again(tx: Connection, cursor: int, *, state: str, checks: bytes) -> None:
    """Store the verdict of a delivery that was looked at again."""
    tx.execute(update(deliveries).where(deliveries.c.cursor == cursor).values(state=state, checks=checks))
