"""Witnesses of the trail: their keys, the checkpoints they cosigned, and how far each has come."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.identifiers import StationId
from hub.protocol.instants import format_instant
from hub.store.schema.registry import stations
from hub.store.schema.trail import cosignatures, cosigned, witnesses


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """One witness key in use: `size` of the largest tree it has cosigned, None before the first; `name` its station's."""

    key: str
    station: StationId
    name: str
    raw: bytes
    size: int | None
    cosigned_at: str | None


@dataclass(frozen=True, slots=True)
class CosignedRow:
    """A cosigned checkpoint: the note as the log signed it, and (key, signature line) of each witness."""

    size: int
    checkpoint: str
    lines: tuple[tuple[str, str], ...]


def witnesses_in_use(tx: sa.Connection) -> tuple[WitnessRow, ...]:
    """Return the witness keys of active stations, by station."""
    columns = (witnesses.c.key, witnesses.c.station, stations.c.name, witnesses.c.raw, witnesses.c.size)
    query = (
        sa.select(*columns, witnesses.c.cosigned_at)
        .join(stations, stations.c.code == witnesses.c.station)
        .where(witnesses.c.replaced_at.is_(None), stations.c.active)
        .order_by(witnesses.c.station)
    )
    return tuple(WitnessRow(*row) for row in tx.execute(query))


def insert_witness(tx: sa.Connection, *, key: str, station: StationId, raw: bytes, now: datetime) -> bool:
    """Take a station's witness key in place of an earlier one; return whether it was new. A replaced key stays replaced."""
    at = format_instant(now)
    values = {"key": key, "station": station, "raw": raw, "added_at": at}
    if tx.execute(insert(witnesses).values(values).on_conflict_do_nothing()).rowcount == 0:
        return False
    others = (witnesses.c.station == station) & (witnesses.c.key != key) & witnesses.c.replaced_at.is_(None)
    tx.execute(sa.update(witnesses).where(others).values(replaced_at=at))
    return True


def insert_cosignature(tx: sa.Connection, *, size: int, checkpoint: str, key: str, line: str, at: str) -> None:
    """File a verified cosignature; a later one of the same witness on the same checkpoint replaces the earlier."""
    tx.execute(insert(cosigned).values(size=size, checkpoint=checkpoint).on_conflict_do_nothing())
    fresh = insert(cosignatures).values(size=size, key=key, line=line)
    tx.execute(fresh.on_conflict_do_update(index_elements=["size", "key"], set_={"line": fresh.excluded.line}))
    smaller = (witnesses.c.key == key) & (sa.func.coalesce(witnesses.c.size, -1) <= size)
    tx.execute(sa.update(witnesses).where(smaller).values(size=size, cosigned_at=at))


def drop_cosigned_before(tx: sa.Connection, size: int) -> None:
    """Drop checkpoints smaller than `size`: a full quorum has seen more."""
    tx.execute(sa.delete(cosignatures).where(cosignatures.c.size < size))
    tx.execute(sa.delete(cosigned).where(cosigned.c.size < size))


def cosigned_rows(tx: sa.Connection) -> tuple[CosignedRow, ...]:
    """Return the cosigned checkpoints kept, the largest first."""
    query = sa.select(cosigned.c.size, cosigned.c.checkpoint, cosignatures.c.key, cosignatures.c.line)
    joined = query.join(cosignatures, cosignatures.c.size == cosigned.c.size)
    found: dict[int, CosignedRow] = {}
    for row in tx.execute(joined.order_by(cosigned.c.size.desc(), cosignatures.c.key)):
        lines = found[row.size].lines if row.size in found else ()
        found[row.size] = CosignedRow(row.size, row.checkpoint, (*lines, (row.key, row.line)))
    return tuple(found.values())
