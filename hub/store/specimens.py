"""Impressions (印模) registered with seals: their files, and which seal has which."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import format_instant
from hub.protocol.specimens import RegisteredSpecimen, SealSpecimens
from hub.store.schema.exchange import cases
from hub.store.schema.seals import seal_specimens, seals, specimens


def keep_specimen(tx: sa.Connection, *, digest: Digest, name: str, raw: bytes) -> None:
    """Keep the file with a seal's impression; a repeat changes nothing."""
    values = {"digest": digest, "name": name, "raw": raw}
    tx.execute(insert(specimens).values(values).on_conflict_do_nothing())


def register_specimen(tx: sa.Connection, seal: str, digest: Digest, *, act: Digest, now: datetime) -> None:
    """Note that the kept file is an impression of the seal. Raises: Refused (`file.missing`, `specimen.known`)."""
    if specimen_of(tx, digest) is None:
        raise Refused(Code.FILE_MISSING, detail=digest)
    values = {"seal": seal, "digest": digest, "registered_at": format_instant(now), "act": act}
    if tx.execute(insert(seal_specimens).values(values).on_conflict_do_nothing()).rowcount == 0:
        raise Refused(Code.SPECIMEN_KNOWN, detail=digest)


def specimen_of(tx: sa.Connection, digest: Digest) -> tuple[str, bytes] | None:
    """Return name and bytes of a file with an impression."""
    row = tx.execute(sa.select(specimens.c.name, specimens.c.raw).where(specimens.c.digest == digest)).one_or_none()
    return None if row is None else (row.name, row.raw)


def specimens_of_seal(tx: sa.Connection, seal: str) -> tuple[Digest, ...]:
    """Return the digests of a seal's impressions, the first registered first."""
    query = sa.select(seal_specimens.c.digest).where(seal_specimens.c.seal == seal).order_by(seal_specimens.c.number)
    return tuple(Digest(digest) for digest in tx.execute(query).scalars())


def specimens_registered(tx: sa.Connection, station: StationId) -> tuple[SealSpecimens, ...]:
    """Return the impressions of all seals of `station` that have any, by seal."""
    size = sa.func.length(specimens.c.raw).label("size")
    query = (
        sa.select(seal_specimens.c.seal, seal_specimens.c.digest, seal_specimens.c.registered_at, size)
        .join(seals, seals.c.x5t == seal_specimens.c.seal)
        .join(specimens, specimens.c.digest == seal_specimens.c.digest)
        .where(seals.c.station == station)
        .order_by(seal_specimens.c.number)
    )
    found: dict[str, list[RegisteredSpecimen]] = {}
    for row in tx.execute(query):
        one = RegisteredSpecimen(digest=Digest(row.digest), size=row.size, registered_at=row.registered_at)
        found.setdefault(row.seal, []).append(one)
    return tuple(SealSpecimens(seal=seal, specimens=tuple(found[seal])) for seal in sorted(found))


def specimen_in_station(tx: sa.Connection, digest: Digest, station: StationId) -> bytes | None:
    """Return the bytes of an impression of one of `station`'s seals."""
    query = (
        sa.select(specimens.c.raw)
        .join(seal_specimens, seal_specimens.c.digest == specimens.c.digest)
        .join(seals, seals.c.x5t == seal_specimens.c.seal)
        .where(specimens.c.digest == digest, seals.c.station == station)
    )
    return tx.execute(query.limit(1)).scalar_one_or_none()


def share_a_case(tx: sa.Connection, one: StationId, other: StationId) -> bool:
    """Whether the two stations have, or had, a case together."""
    pairs = ((cases.c.opener == one) & (cases.c.respondent == other)) | (
        (cases.c.opener == other) & (cases.c.respondent == one)
    )
    return tx.execute(sa.select(cases.c.id).where(pairs).limit(1)).first() is not None
