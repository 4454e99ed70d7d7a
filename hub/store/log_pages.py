"""The log as it is read page by page: leaves newest first, with the case or the statement that each is about."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.protocol.identifiers import Digest
from hub.store.schema.exchange import envelopes
from hub.store.schema.registry import administration
from hub.store.schema.trail import leaves
from hub.trail.record import LeafEvent, LeafRecord, parse_record


@dataclass(frozen=True, slots=True)
class LogLine:
    """One leaf; `case` of the message that it is about, `statement` the signed act or alarm, where there is one."""

    number: int
    record: LeafRecord
    case: str | None
    statement: bytes | None


def log_lines(tx: sa.Connection, *, before: int, limit: int) -> tuple[LogLine, ...]:
    """Return at most `limit` leaves below number `before`, newest first."""
    query = sa.select(leaves.c.number, leaves.c.record).where(leaves.c.number < before)
    rows = tx.execute(query.order_by(leaves.c.number.desc()).limit(limit)).all()
    records = {row.number: parse_record(bytes(row.record)) for row in rows}
    filed = _cases(tx, [record.digest for record in records.values()])
    about = [number for number, record in records.items() if record.event == LeafEvent.ADMINISTRATION]
    statements = _statements(tx, about)
    return tuple(
        LogLine(number, record, filed.get(record.digest), statements.get(number)) for number, record in records.items()
    )


def statements_before(tx: sa.Connection, *, before: int, limit: int) -> tuple[tuple[int, int, bytes], ...]:
    """Return number, leaf and bytes of the statements below `before` (0: the newest), newest first."""
    query = sa.select(administration.c.number, administration.c.leaf, administration.c.raw)
    if before:
        query = query.where(administration.c.number < before)
    rows = tx.execute(query.order_by(administration.c.number.desc()).limit(limit))
    return tuple((row.number, row.leaf, bytes(row.raw)) for row in rows)


def _cases(tx: sa.Connection, digests: list[Digest]) -> dict[str, str]:
    query = sa.select(envelopes.c.digest, envelopes.c.case_id).where(envelopes.c.digest.in_(digests))
    return {row.digest: row.case_id for row in tx.execute(query)}


def _statements(tx: sa.Connection, numbers: list[int]) -> dict[int, bytes]:
    if not numbers:
        return {}
    query = sa.select(administration.c.leaf, administration.c.raw).where(administration.c.leaf.in_(numbers))
    return {row.leaf: bytes(row.raw) for row in tx.execute(query)}
