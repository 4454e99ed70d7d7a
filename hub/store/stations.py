"""Stations and registered certificates."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import StationId
from hub.protocol.instants import format_instant
from hub.store.schema.registry import certificates, stations
from hub.store.schema.trail import head
from hub.store.station_versions import StationVersion, day_of, put_version


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A registered certificate: `raw` is its DER, `x5t` the base64url SHA-256 of it."""

    x5t: str
    station: StationId | None
    kind: str
    raw: bytes


def stations_known(tx: sa.Connection) -> tuple[StationEntry, ...]:
    """Return all stations, by code."""
    columns = (stations.c.code, stations.c.name, stations.c.kind, stations.c.parent, stations.c.active)
    rows = tx.execute(sa.select(*columns).order_by(stations.c.code))
    return tuple(
        StationEntry(code=row.code, name=row.name, kind=row.kind, parent=row.parent, active=row.active) for row in rows
    )


def registry_number(tx: sa.Connection) -> int:
    """Return the number that grows with every change of the stations."""
    return int(tx.execute(sa.select(head.c.registry)).scalar_one())


def insert_station(tx: sa.Connection, entry: StationEntry, *, now: datetime) -> None:
    """Register a station. Raises: Refused (`station.known`, or `station.unknown` for its parent)."""
    if entry.parent is not None and not _has(tx, entry.parent):
        raise Refused(Code.STATION_UNKNOWN, field="parent", detail=entry.parent)
    values = {
        "code": entry.code,
        "name": entry.name,
        "kind": entry.kind,
        "parent": entry.parent,
        "active": entry.active,
        "added_at": format_instant(now),
    }
    if tx.execute(insert(stations).values(values).on_conflict_do_nothing()).rowcount == 0:
        raise Refused(Code.STATION_KNOWN, detail=entry.code)
    put_version(tx, StationVersion(entry.code, day_of(now), entry.name, entry.parent))
    _count_change(tx)


def set_station_active(tx: sa.Connection, code: StationId, *, active: bool) -> None:
    """Suspend or resume a station. Raises: Refused (`station.unknown`)."""
    if tx.execute(sa.update(stations).where(stations.c.code == code).values(active=active)).rowcount == 0:
        raise Refused(Code.STATION_UNKNOWN, detail=code)
    _count_change(tx)


def insert_certificate(tx: sa.Connection, row: CertificateRow, *, now: datetime) -> bool:
    """Register a certificate; return whether it was new. Its digest is its identity, so a repeat changes nothing."""
    values = {
        "x5t": row.x5t,
        "station": row.station,
        "kind": row.kind,
        "raw": row.raw,
        "added_at": format_instant(now),
    }
    return tx.execute(insert(certificates).values(values).on_conflict_do_nothing()).rowcount == 1


def certificate_by_x5t(tx: sa.Connection, x5t: str) -> CertificateRow | None:
    """Return the certificate whose digest is `x5t`."""
    columns = (certificates.c.x5t, certificates.c.station, certificates.c.kind, certificates.c.raw)
    row = tx.execute(sa.select(*columns).where(certificates.c.x5t == x5t)).one_or_none()
    return None if row is None else CertificateRow(row.x5t, row.station, row.kind, row.raw)


def certificates_all(tx: sa.Connection) -> tuple[CertificateRow, ...]:
    """Return every registered certificate, oldest first."""
    columns = (certificates.c.x5t, certificates.c.station, certificates.c.kind, certificates.c.raw)
    rows = tx.execute(sa.select(*columns).order_by(certificates.c.added_at))
    return tuple(CertificateRow(row.x5t, row.station, row.kind, row.raw) for row in rows)


def certificates_of(tx: sa.Connection, station: StationId) -> tuple[CertificateRow, ...]:
    """Return the certificates registered for `station`, oldest first."""
    columns = (certificates.c.x5t, certificates.c.station, certificates.c.kind, certificates.c.raw)
    rows = tx.execute(sa.select(*columns).where(certificates.c.station == station).order_by(certificates.c.added_at))
    return tuple(CertificateRow(row.x5t, row.station, row.kind, row.raw) for row in rows)


def _has(tx: sa.Connection, code: str) -> bool:
    return tx.execute(sa.select(stations.c.code).where(stations.c.code == code)).first() is not None


def _count_change(tx: sa.Connection) -> None:
    tx.execute(sa.update(head).values(registry=head.c.registry + 1))
