"""Declaring that an older backup was restored: a signed statement that stations ask for before they go on.

An undeclared hub whose trail is shorter than what a station has seen is taken for one that was tampered with.
"""

import os
from datetime import datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa

from hub.exchange.hub import open_trail, purposes_of, read_settings
from hub.exchange.own_keys import load_receipt_signer
from hub.exchange.settings import Settings
from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant
from hub.protocol.restore import RestoreStatement
from hub.protocol.strict_json import decode_strict
from hub.signing.keys import Signer
from hub.signing.restores import sign_restore
from hub.store.administration import administrators_named, record_act
from hub.store.database import open_writer
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.restores import RestoreRow, floor_seq, insert_restore, last_seq, restores_declared
from hub.store.trail_log import head_of

STRIDE = 1_000_000
PER_SECOND = 100
"""Filing numbers leap by the clock: a backup restored twice must not give out a cursor twice either. They stay below 2^53 and
a hub would have to file more than this many envelopes a second, for years, to catch up with them."""


def declare_restore(data: Path, passphrase: bytes, *, reason: str, now: datetime) -> RestoreStatement:
    """State, for a hub without administrators, that this data folder is an older backup restored for `reason`.

    The statement is filed, and an act in the trail names it. Do it before the restored hub serves.
    Raises: Refused (`key.passphrase`, `administration.two_needed`), Damaged.
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    log = open_trail(folder, passphrase, settings)
    signer = open_hub_signer(folder, passphrase, settings)
    require_current(folder.database)
    engine = open_writer(folder.database)
    try:
        with engine.begin() as tx:
            if sum(row.dismissed_at is None for row in administrators_named(tx)) >= 2:
                raise Refused(Code.ADMINISTRATORS_PRESENT)
            statement = restore_statement(tx, origin=settings.trail.origin, reason=reason, now=now)
            raw = _file(tx, statement, signer)
            kind, nonce = AdministrationKind.RESTORE, os.urandom(16)
            record_act(tx, log, kind=kind, by="hub passphrase", subject=digest_of(raw), now=now, nonce=nonce)
    finally:
        engine.dispose()
    return statement


def declare(
    tx: sa.Connection, unsigned: bytes, *, signatures: tuple[bytes, ...], subject: str, signer: Signer | None
) -> None:
    """File the statement that administrators have signed in `signatures`; `signer` None: only try whether it can be.

    Raises: Refused (`administration.form`), also when the hub has filed letters since they saw it.
    """
    if digest_of(unsigned) != subject:
        raise Refused(Code.ADMINISTRATION_FORM, field="subject")
    statement = decode_strict(unsigned, RestoreStatement)
    if statement.last != last_seq(tx) or statement.signatures:
        raise Refused(Code.ADMINISTRATION_FORM, field="statement", detail="the hub has gone on since")
    if signer is not None:
        _file(tx, msgspec.structs.replace(statement, signatures=tuple(raw.decode() for raw in signatures)), signer)


def open_hub_signer(folder: DataFolder, passphrase: bytes, settings: Settings) -> Signer:
    """Return the key that signs receipts and statements. Raises: Refused (`key.*`), Damaged (`hub.folder`)."""
    return load_receipt_signer(folder, passphrase, purposes=purposes_of(settings))


def restore_statement(
    tx: sa.Connection, *, origin: str, reason: str, now: datetime, earlier: RestoreStatement | None = None
) -> RestoreStatement:
    """Return what is to be stated of a restore now, unsigned.

    `earlier` was proposed for this same restore and never signed by a second: the tree it names is the backup's, while the
    present one has that proposal's leaf behind it.
    """
    head, last = head_of(tx), last_seq(tx)
    same = earlier is not None and earlier.last == last
    size, checkpoint = (earlier.size, earlier.checkpoint) if earlier and same else (head.size, head.checkpoint)
    declared = restores_declared(tx)
    # A restore that the backup does not know of may have been declared before; numbers need only grow in time.
    number = max(declared[-1].number + 1 if declared else 1, int(now.timestamp()))
    return RestoreStatement(
        number=number,
        at=format_instant(now),
        reason=reason,
        origin=origin,
        size=size,
        checkpoint=checkpoint,
        last=last,
        next=max(max(last, floor_seq(tx)) + STRIDE, int(now.timestamp()) * PER_SECOND),
    )


def _file(tx: sa.Connection, statement: RestoreStatement, signer: Signer) -> bytes:
    raw = sign_restore(statement, signer=signer)
    insert_restore(tx, RestoreRow(statement.number, statement.at, statement.size, statement.next, raw))
    return raw
