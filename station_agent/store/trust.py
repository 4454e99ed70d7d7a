"""Questions about certificates, revocation lists and checkpoints that this agent has seen."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant
from station_agent.store.schema.trail import checkpoints
from station_agent.store.schema.trust import certificates, crls, settings


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint of the hub's trail that was verified: `root` in hexadecimal, `note` the signed note."""

    origin: str
    size: int
    root: str
    note: str
    seen_at: str


def add_certificate(tx: Connection, x5t: str, pem: bytes) -> None:
    """Remember a certificate; that it is here says nothing about trust."""
    tx.execute(insert_or(certificates).values(x5t=x5t, pem=pem).on_conflict_do_nothing())


def find_certificate(tx: Connection, x5t: str) -> bytes | None:
    """Return the certificate (PEM) with that digest, or None."""
    found: bytes | None = tx.execute(select(certificates.c.pem).where(certificates.c.x5t == x5t)).scalar()
    return found


def certificates_seen(tx: Connection) -> tuple[str, ...]:
    """Return the x5t#S256 of every certificate that is kept."""
    return tuple(tx.execute(select(certificates.c.x5t)).scalars())


def add_crl(tx: Connection, raw: bytes, *, this_update: datetime, now: datetime) -> None:
    """Remember a revocation list (DER). Old ones stay: evidence needs the one in force at the time."""
    values = {"digest": digest_of(raw), "raw": raw, "this_update": format_instant(this_update)}
    tx.execute(insert_or(crls).values(fetched_at=format_instant(now), **values).on_conflict_do_nothing())


def crl_digests(tx: Connection) -> tuple[str, ...]:
    """Return the digest of every revocation list remembered, oldest first."""
    return tuple(tx.execute(select(crls.c.digest).order_by(crls.c.this_update, crls.c.digest)).scalars())


def crl(tx: Connection, digest: str) -> bytes:
    """Return one revocation list (DER)."""
    raw: bytes = tx.execute(select(crls.c.raw).where(crls.c.digest == digest)).scalar_one()
    return raw


def newest_checkpoint(tx: Connection, origin: str) -> CheckpointRow | None:
    """Return the largest checkpoint of `origin` that was verified, or None."""
    question = select(checkpoints).where(checkpoints.c.origin == origin).order_by(checkpoints.c.size.desc()).limit(1)
    found = tx.execute(question).mappings().one_or_none()
    return None if found is None else CheckpointRow(**dict(found))


def find_checkpoint(tx: Connection, origin: str, size: int) -> CheckpointRow | None:
    """Return the verified checkpoint of exactly that size, or None."""
    question = select(checkpoints).where(checkpoints.c.origin == origin, checkpoints.c.size == size)
    found = tx.execute(question).mappings().one_or_none()
    return None if found is None else CheckpointRow(**dict(found))


def add_checkpoints(tx: Connection, rows: Iterable[CheckpointRow]) -> None:
    """Remember checkpoints; the first of each size stays."""
    for row in rows:
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        tx.execute(insert_or(checkpoints).values(values).on_conflict_do_nothing())


def setting(tx: Connection, key: str) -> str | None:
    """Return a remembered value of the agent's own running, or None."""
    found: str | None = tx.execute(select(settings.c.value).where(settings.c.key == key)).scalar()
    return found


def remember(tx: Connection, key: str, value: str) -> None:
    """Remember a value of the agent's own running."""
    tx.execute(insert(settings).prefix_with("OR REPLACE").values(key=key, value=value))
