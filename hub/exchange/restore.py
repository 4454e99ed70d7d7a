"""Declaring that an older backup was restored: a signed statement that stations ask for before they go on.

An undeclared hub whose trail is shorter than what a station has seen is taken for one that was tampered with.
"""

import os
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from hub.exchange.hub import open_trail, purposes_of, read_settings
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant
from hub.protocol.restore import RestoreStatement
from hub.signing.keys import load_signer
from hub.signing.restores import sign_restore
from hub.store.administration import AdministrationKind, record_act
from hub.store.database import open_writer
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.restores import RestoreRow, floor_seq, insert_restore, last_seq, restores_declared
from hub.store.trail_log import head_of

STRIDE = 1_000_000
PER_SECOND = 100
"""Filing numbers leap by the clock: a backup restored twice must not give out a cursor twice either. They stay below 2^53 and
a hub would have to file more than this many envelopes a second, for years, to catch up with them."""


def declare_restore(
    data: Path, passphrase: bytes, *, reason: str, now: datetime, by: str = "administrator"
) -> RestoreStatement:
    """State that this data folder is an older backup restored for `reason`; what it lacks will be sent again.

    The statement is filed, and an act in the trail names it. Do it before the restored hub serves.
    Raises: Refused (`key.passphrase`), Damaged.
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    log = open_trail(folder, passphrase, settings)
    try:
        key, certificate = folder.hub_key.read_bytes(), folder.hub_certificate.read_bytes()
    except OSError as error:
        raise Damaged(Code.HUB_FOLDER, detail="keys/hub.*") from error
    signer = load_signer(key, passphrase, certificate, purposes=purposes_of(settings))
    require_current(folder.database)
    engine = open_writer(folder.database)
    try:
        with engine.begin() as tx:
            statement = _statement(tx, origin=settings.trail.origin, reason=reason, now=now)
            raw = sign_restore(statement, signer=signer)
            insert_restore(tx, RestoreRow(statement.number, statement.at, statement.size, statement.next, raw))
            kind, nonce = AdministrationKind.RESTORE, os.urandom(16)
            record_act(tx, log, kind=kind, by=by, subject=digest_of(raw), now=now, nonce=nonce)
    finally:
        engine.dispose()
    return statement


def _statement(tx: sa.Connection, *, origin: str, reason: str, now: datetime) -> RestoreStatement:
    head, last = head_of(tx), last_seq(tx)
    declared = restores_declared(tx)
    # A restore that the backup does not know of may have been declared before; numbers need only grow in time.
    number = max(declared[-1].number + 1 if declared else 1, int(now.timestamp()))
    return RestoreStatement(
        number=number,
        at=format_instant(now),
        reason=reason,
        origin=origin,
        size=head.size,
        checkpoint=head.checkpoint,
        last=last,
        next=max(max(last, floor_seq(tx)) + STRIDE, int(now.timestamp()) * PER_SECOND),
    )
