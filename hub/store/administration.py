"""Administrators' acts: what was done to the registry of stations and certificates, and its leaf in the trail."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import msgspec
import sqlalchemy as sa

from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant
from hub.store.schema import administration
from hub.store.trail_log import TrailLog, head_of
from hub.trail.record import LeafEvent, make_record


class AdministrationKind(StrEnum):
    """What was done."""

    ADD_STATION = "add-station"
    SUSPEND_STATION = "suspend-station"
    RESUME_STATION = "resume-station"
    REGISTER_CERTIFICATE = "register-certificate"
    RESTORE = "restore"


class AdministrationAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act: `subject` is the station's code, the certificate's x5t or the statement's digest; `by` an administrator or a station's agent."""

    act: AdministrationKind
    at: str
    by: str
    subject: str


def record_act(
    tx: sa.Connection, log: TrailLog, *, kind: AdministrationKind, by: str, subject: str, now: datetime, nonce: bytes
) -> None:
    """Write an act with its leaf. The last thing a transaction (or savepoint) does: the trail's head moves."""
    raw = msgspec.json.encode(
        AdministrationAct(act=kind, at=format_instant(now), by=by, subject=subject), order="deterministic"
    )
    log.begin(tx, head_of(tx))
    record = make_record(event=LeafEvent.ADMINISTRATION, digest=digest_of(raw), id=None, at=now, nonce=nonce)
    tx.execute(sa.insert(administration).values(leaf=log.append_last([record]), raw=raw))
    log.flush(tx)


def acts_recorded(tx: sa.Connection) -> Iterator[tuple[int, bytes]]:
    """Yield leaf index and bytes of every act, in order."""
    query = sa.select(administration.c.leaf, administration.c.raw).order_by(administration.c.number)
    for row in tx.execute(query):
        yield row.leaf, row.raw
