"""Registered impressions as stations get them: those of a station that shares a case with the caller, and its own."""

import sqlalchemy as sa

from hub.exchange.hub import Hub
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import format_instant
from hub.protocol.specimens import SealSpecimens, SpecimenStatement
from hub.signing.specimen_statements import sign_specimens
from hub.store.specimens import share_a_case, specimen_in_station, specimens_registered


async def state_specimens(station: StationId, *, caller: StationId, hub: Hub) -> bytes:
    """Return the hub's signed word on the impressions of `station`'s seals; none is a word, too.

    Raises: Refused (`specimen.unknown`) unless the two have a case together: an impression is what a forger wants to see.
    """

    def question(tx: sa.Connection) -> tuple[SealSpecimens, ...]:
        _require_known(tx, caller, station)
        return specimens_registered(tx, station)

    seals = await hub.readers.read(question)
    origin, at = hub.settings.trail.origin, format_instant(hub.clock())
    return sign_specimens(SpecimenStatement(origin=origin, at=at, station=station, seals=seals), signer=hub.signer)


async def specimen_file(station: StationId, digest: Digest, *, caller: StationId, hub: Hub) -> bytes:
    """Return the file of an impression of `station`, as it was registered. Raises: Refused (`specimen.unknown`)."""

    def question(tx: sa.Connection) -> bytes:
        _require_known(tx, caller, station)
        raw = specimen_in_station(tx, digest, station)
        if raw is None:
            raise Refused(Code.SPECIMEN_UNKNOWN)
        return raw

    return await hub.readers.read(question)


def _require_known(tx: sa.Connection, caller: StationId, station: StationId) -> None:
    if caller != station and not share_a_case(tx, caller, station):
        raise Refused(Code.SPECIMEN_UNKNOWN)
