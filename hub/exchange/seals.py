"""Looking at the register of seals and at stations' alarms, on the data folder: reads only, needs no passphrase."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hub.exchange.hub import purposes_of, read_settings
from hub.protocol.alarm import SealAlarm
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import format_instant
from hub.protocol.seal_status import SEAL_STATE_ZH, SealEvent, SealState
from hub.signing.alarms import open_alarm
from hub.signing.certificates import Certified, read_certificate
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.seals import alarms_about, find_seal, seal_entries, seals_registered
from hub.store.specimens import specimen_of, specimens_of_seal
from hub.store.stations import certificate_by_x5t

T = TypeVar("T")
EXPIRED_ZH = "期满"


@dataclass(frozen=True, slots=True)
class RegisteredSeal:
    """A seal as the register shows it; `expired`: its certificate has ended, whatever the state."""

    x5t: str
    station: StationId
    name: str
    state: SealState
    expired: bool
    not_after: str
    specimens: tuple[Digest, ...]
    events: tuple[SealEvent, ...]

    @property
    def state_zh(self) -> str:
        """The state as people read it; an expired seal that was in use is 期满."""
        usable = self.state in (SealState.REGISTERED, SealState.ACTIVE, SealState.SUSPENDED)
        return EXPIRED_ZH if self.expired and usable else SEAL_STATE_ZH[self.state]


def list_seals(data: Path, *, now: datetime) -> tuple[RegisteredSeal, ...]:
    """Return every registered seal, by station. Raises: Damaged."""
    purposes = purposes_of(read_settings(DataFolder(data)))

    def question(tx: sa.Connection) -> tuple[RegisteredSeal, ...]:
        events = {entry.seal: entry.events for entry in seal_entries(tx)}
        found = []
        for row in seals_registered(tx):
            certificate = certificate_by_x5t(tx, row.x5t)
            assert certificate is not None  # a foreign key holds it
            certified = read_certificate(certificate.raw, purposes=purposes)
            until = certified.not_after
            found.append(
                RegisteredSeal(
                    row.x5t,
                    row.station,
                    certified.name,
                    row.state,
                    until < now,
                    format_instant(until),
                    specimens_of_seal(tx, row.x5t),
                    events[row.x5t],
                )
            )
        return tuple(found)

    return _read(data, question)


def read_specimens(data: Path, seal: str) -> tuple[bytes, ...]:
    """Return the files of a seal's impressions, the first registered first. Raises: Refused (`seal.unknown`, `file.missing`)."""

    def question(tx: sa.Connection) -> tuple[bytes, ...]:
        find_seal(tx, seal)
        kept = [specimen_of(tx, digest) for digest in specimens_of_seal(tx, seal)]
        if not kept:
            raise Refused(Code.FILE_MISSING, detail=seal)
        return tuple(item[1] for item in kept if item is not None)

    return _read(data, question)


def list_alarms(data: Path) -> tuple[SealAlarm, ...]:
    """Return the stations' alarms, oldest first; they were verified when they came in."""
    purposes = purposes_of(read_settings(DataFolder(data)))

    def question(tx: sa.Connection) -> tuple[SealAlarm, ...]:
        def find(x5t: str) -> Certified | None:
            row = certificate_by_x5t(tx, x5t)
            return None if row is None else read_certificate(row.raw, purposes=purposes)

        return tuple(open_alarm(raw, certificates=find).alarm for raw in alarms_about(tx, None))

    return _read(data, question)


def _read(data: Path, question: Callable[[sa.Connection], T]) -> T:
    folder = DataFolder(data)
    require_current(folder.database)
    readers = Readers(folder.database)
    try:
        return readers.read_now(question)
    finally:
        readers.close()
