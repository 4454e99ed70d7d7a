"""The registry: stations and certificates. Administrators change it by acts (`administration.py`), a station registers
its own certificates over the API. Every change is a leaf in the trail.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hub.exchange.hub import Hub
from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import StationId
from hub.protocol.verdict import Verdict
from hub.signing.certificates import Certified, read_certificate
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate
from hub.store.administration import record_act
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.station_versions import StationVersion, versions_all
from hub.store.stations import (
    CertificateRow,
    certificates_of,
    insert_certificate,
    stations_known,
)
from hub.store.trail_log import TrailLog

T = TypeVar("T")
REGISTRABLE = frozenset(CertificateKind) - {CertificateKind.HUB}


async def register_own_certificate(raw: bytes, *, caller: StationId, hub: Hub) -> bool:
    """Register a certificate of the calling station; return whether it was new.

    Raises: NotPermitted (`certificate.station`), Refused (`cert.*`).
    """
    now = hub.clock()
    certified = require_registrable(raw, trust=hub.trust.refresh(), now=now)
    if certified.station != caller:
        raise NotPermitted(Code.CERTIFICATE_STATION, detail=f"certificate of {certified.station}")
    nonce = hub.random(16)
    return await hub.writer.run(lambda tx: _register(tx, hub.trail, certified, by=caller, now=now, nonce=nonce))


def require_registrable(raw: bytes, *, trust: Trust, now: datetime) -> Certified:
    """Return the certificate in `raw` if it may be registered: a station's, of one kind, good now. Raises: Refused."""
    certified = read_certificate(raw, purposes=trust.purposes)
    kind = certified.kind
    if kind not in REGISTRABLE or certified.station is None:
        raise Refused(Code.CERTIFICATE_STATION, detail=f"{kind} certificate")
    Verdict(check_certificate(certified, kind=kind, trust=trust, at=now, now=now)).require()
    return certified


def list_stations(data: Path) -> tuple[StationEntry, ...]:
    """Return all stations, by code. Needs no passphrase."""
    return _read(data, stations_known)


def list_versions(data: Path, station: StationId) -> tuple[StationVersion, ...]:
    """Return what a station was called and stood below, by day. Needs no passphrase. Raises: Refused (`station.unknown`)."""
    found = tuple(version for version in _read(data, versions_all) if version.code == station)
    if not found:
        raise Refused(Code.STATION_UNKNOWN, detail=station)
    return found


def list_certificates(data: Path, station: StationId) -> tuple[CertificateRow, ...]:
    """Return the certificates of a station, oldest first. Needs no passphrase."""
    return _read(data, lambda tx: certificates_of(tx, station))


def insert_registrable(tx: sa.Connection, certified: Certified, *, now: datetime, needs_station: bool = False) -> bool:
    """Register a certificate that `require_registrable` let pass; return whether it was new. A repeat changes nothing.

    Raises: Refused (`station.unknown`) when its station must be known and is not; an agent's always must.
    """
    assert certified.kind is not None
    if needs_station or certified.kind is CertificateKind.AGENT:
        known = {entry.code for entry in stations_known(tx)}
        if certified.station not in known:
            raise Refused(Code.STATION_UNKNOWN, detail=certified.station)
    row = CertificateRow(certified.x5t, certified.station, certified.kind.value, certified.der)
    return insert_certificate(tx, row, now=now)


def _register(tx: sa.Connection, log: TrailLog, certified: Certified, *, by: str, now: datetime, nonce: bytes) -> bool:
    if not insert_registrable(tx, certified, now=now):
        return False
    kind = AdministrationKind.REGISTER_CERTIFICATE
    record_act(tx, log, kind=kind, by=by, subject=certified.x5t, now=now, nonce=nonce)
    return True


def _read(data: Path, question: Callable[[sa.Connection], T]) -> T:
    folder = DataFolder(data)
    require_current(folder.database)
    readers = Readers(folder.database)
    try:
        return readers.read_now(question)
    finally:
        readers.close()
