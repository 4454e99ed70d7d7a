"""The registry: stations and certificates, changed by administrators on the data folder or by a station over the API.

Every change is an act with a leaf in the trail. The offline functions may run beside a serving hub: both write under
BEGIN IMMEDIATE, and the hub notices.
"""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hub.exchange.hub import Hub, open_trail, purposes_of, read_settings
from hub.exchange.trust import TrustBook
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import StationId
from hub.protocol.verdict import Verdict
from hub.signing.certificates import Certified, read_certificate
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate
from hub.store.administration import AdministrationKind, record_act
from hub.store.database import Readers, open_writer
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.stations import (
    CertificateRow,
    certificates_of,
    insert_certificate,
    insert_station,
    set_station_active,
    stations_known,
)
from hub.store.trail_log import TrailLog

T = TypeVar("T")
ADMINISTRATOR = "administrator"
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


def add_station(data: Path, passphrase: bytes, entry: StationEntry, *, now: datetime, by: str = ADMINISTRATOR) -> None:
    """Register a station. Raises: Refused (`station.known`, `station.unknown` for the parent, `key.passphrase`), Damaged."""

    def work(tx: sa.Connection, log: TrailLog) -> None:
        insert_station(tx, entry, now=now)
        _record(tx, log, AdministrationKind.ADD_STATION, by=by, subject=entry.code, now=now)

    _administer(data, passphrase, work)


def set_active(
    data: Path, passphrase: bytes, code: StationId, *, active: bool, now: datetime, by: str = ADMINISTRATOR
) -> None:
    """Suspend or resume a station: a suspended one can neither send nor be written to. Raises: Refused (`station.unknown`)."""
    kind = AdministrationKind.RESUME_STATION if active else AdministrationKind.SUSPEND_STATION

    def work(tx: sa.Connection, log: TrailLog) -> None:
        set_station_active(tx, code, active=active)
        _record(tx, log, kind, by=by, subject=code, now=now)

    _administer(data, passphrase, work)


def suspend_station(data: Path, passphrase: bytes, code: StationId, *, now: datetime, by: str = ADMINISTRATOR) -> None:
    """Suspend a station. Raises: Refused (`station.unknown`)."""
    set_active(data, passphrase, code, active=False, now=now, by=by)


def list_stations(data: Path) -> tuple[StationEntry, ...]:
    """Return all stations, by code. Needs no passphrase."""
    return _read(data, stations_known)


def list_certificates(data: Path, station: StationId) -> tuple[CertificateRow, ...]:
    """Return the certificates of a station, oldest first. Needs no passphrase."""
    return _read(data, lambda tx: certificates_of(tx, station))


def register_certificate(
    data: Path, passphrase: bytes, raw: bytes, *, now: datetime, by: str = ADMINISTRATOR
) -> Certified:
    """Register a station's certificate (PEM or DER): its agent's must be, before it can sign in. A repeat changes nothing.

    Raises: Refused (`cert.*`, `certificate.station`, `station.unknown`, `key.passphrase`).
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    age = timedelta(seconds=settings.limits.crl_max_age_s)
    book = TrustBook(folder, purposes=purposes_of(settings), crl_max_age=age, find=lambda _x5t: None)
    certified = require_registrable(raw, trust=book.trust, now=now)

    def work(tx: sa.Connection, log: TrailLog) -> None:
        if all(entry.code != certified.station for entry in stations_known(tx)):
            raise Refused(Code.STATION_UNKNOWN, detail=certified.station)
        _register(tx, log, certified, by=by, now=now, nonce=os.urandom(16))

    _administer(data, passphrase, work)
    return certified


def _register(tx: sa.Connection, log: TrailLog, certified: Certified, *, by: str, now: datetime, nonce: bytes) -> bool:
    assert certified.kind is not None
    row = CertificateRow(certified.x5t, certified.station, certified.kind.value, certified.der)
    if not insert_certificate(tx, row, now=now):
        return False
    kind = AdministrationKind.REGISTER_CERTIFICATE
    record_act(tx, log, kind=kind, by=by, subject=certified.x5t, now=now, nonce=nonce)
    return True


def _record(
    tx: sa.Connection, log: TrailLog, kind: AdministrationKind, *, by: str, subject: str, now: datetime
) -> None:
    record_act(tx, log, kind=kind, by=by, subject=subject, now=now, nonce=os.urandom(16))


def _administer(data: Path, passphrase: bytes, work: Callable[[sa.Connection, TrailLog], None]) -> None:
    folder = DataFolder(data)
    log = open_trail(folder, passphrase, read_settings(folder))
    require_current(folder.database)
    engine = open_writer(folder.database)
    try:
        with engine.begin() as tx:
            work(tx, log)
    finally:
        engine.dispose()


def _read(data: Path, question: Callable[[sa.Connection], T]) -> T:
    folder = DataFolder(data)
    require_current(folder.database)
    readers = Readers(folder.database)
    try:
        return readers.read_now(question)
    finally:
        readers.close()
