"""Erasing a case's content, told in order: what would go; two people sign for exactly that; rows; then the disk.

The act, its leaf and the emptied rows are one transaction. What lies outside of the database (letters, the write-ahead log,
copies made before upgrades) is deleted behind it and noted; whatever breaks that off, the next start goes on with it.
"""

import os
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from hub.cases.machine import default_machine
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.erasure import ERASED, EraseDetails, ErasureItem, ErasureNotice, Erasures
from hub.protocol.errors import Damaged, Refused
from hub.protocol.identifiers import CaseId, StationId, digest_of
from hub.protocol.instants import format_instant
from hub.protocol.strict_json import decode_strict
from hub.signing.erasures import content_digest, sign_erasure
from hub.signing.jws import stated_payload
from hub.signing.keys import Signer
from hub.store.blobs import BlobStore
from hub.store.database import Readers, empty_log, open_writer
from hub.store.erasures import (
    FILE,
    ErasureRow,
    erase_content,
    erasures_for,
    held_by,
    note_deleted,
    pending_erasures,
    record_at,
)
from hub.store.filed import CaseRow, cases_by_id
from hub.store.layout import DataFolder
from hub.store.trail_log import TrailLog, head_of
from hub.trail.evidence.parts import stated_envelope
from hub.trail.record import NONCE_SIZE, LeafEvent, make_record, parse_record

AT_ONCE = 100


def look_before_erasing(tx: sa.Connection, case: CaseId, *, reason: str, open: bool = False) -> EraseDetails:
    """Return what erasing `case` would delete, to be shown and then signed for. `open`: also before the case has ended.

    Raises: Refused (`case.unknown`, `case.erased`, `erase.open`, `erase.reason`).
    """
    if not reason.strip():
        raise Refused(Code.ERASE_REASON, field="reason")
    row, held = _erasable(tx, case, open=open), held_by(tx, case)
    letters = {
        item.digest
        for _, raw in held.envelopes
        if (envelope := stated_envelope(raw)) is not None
        for item in envelope.attachments
        if item.role is Role.LETTER
    }
    return EraseDetails(
        reason=reason.strip(),
        content=content_digest(held.content),
        envelopes=len(held.envelopes),
        files=len(held.files),
        letters=len(letters),
        bytes=sum(len(raw) for _, raw in held.envelopes) + sum(size for _, size in held.files),
        stations=(row.opener, row.respondent),
        state=row.state,
        open=open,
    )


def erase(
    tx: sa.Connection,
    log: TrailLog,
    case: CaseId,
    details: EraseDetails,
    *,
    origin: str,
    signatures: tuple[bytes, ...],
    signer: Signer | None,
    now: datetime,
) -> None:
    """Erase what administrators have signed for in `signatures`; `signer` None: only try whether it can be.

    Raises: Refused (`case.*`, `erase.*`), also when the case has gone on since they saw it.
    """
    row, held = _erasable(tx, case, open=details.open), held_by(tx, case)
    if content_digest(held.content) != details.content or details.stations != (row.opener, row.respondent):
        raise Refused(Code.ERASE_CHANGED, detail=case)
    if signer is None:
        return
    act, approval = (raw.decode() for raw in signatures)
    notice = ErasureNotice(
        origin=origin,
        case=case,
        stations=details.stations,
        at=format_instant(now),
        content=held.content,
        signatures=(act, approval),
    )
    raw = sign_erasure(notice, signer=signer)
    log.begin(tx, head_of(tx))
    nonce = os.urandom(NONCE_SIZE)
    leaf = log.append_last([make_record(event=LeafEvent.ERASURE, digest=digest_of(raw), id=None, at=now, nonce=nonce)])
    erase_content(tx, ErasureRow(leaf, case, notice.at, raw), held.content, now=now)
    log.flush(tx)


def finish_erasures(folder: DataFolder) -> bool:
    """Delete from the disk what was erased; return False when readers hold on to the old log, so that it must be done again.

    Blocking. Called after each erasure, and at every start: a crash may have come between. Raises: Unavailable, OSError.
    """
    readers = Readers(folder.database)
    try:
        if not readers.read_now(pending_erasures):
            return True
    finally:
        readers.close()
    engine, blobs = open_writer(folder.database), BlobStore(folder)
    try:
        # The lock keeps out an upload that files the same bytes anew: whoever notes it looks whether they are still there.
        with engine.begin() as tx:
            pending = pending_erasures(tx)
            for one in pending:
                if one.what == FILE and not one.kept:
                    blobs.remove(one.digest)
        for copy in copies_before_upgrades(folder):
            copy.unlink(missing_ok=True)
        if not empty_log(folder.database):
            return False
        with engine.begin() as tx:
            note_deleted(tx, pending)
    finally:
        engine.dispose()
    return True


def copies_before_upgrades(folder: DataFolder) -> list[Path]:
    """Return the copies of the database that upgrades have left beside it: they hold what is erased."""
    return sorted(folder.root.glob(f"{folder.database.name}.before-*"))


def erasures_page(tx: sa.Connection, station: StationId, *, after: int) -> Erasures:
    """Return the notices that concern `station` behind leaf `after`."""
    found = erasures_for(tx, station, after=after, limit=AT_ONCE + 1)
    items = tuple(ErasureItem(leaf=row.leaf, notice=row.raw.decode()) for row in found[:AT_ONCE])
    return Erasures(erasures=items, more=len(found) > AT_ONCE)


def notice_in(raw: bytes) -> ErasureNotice:
    """Return what a stored notice says; its bytes must have been compared with its leaf. Raises: Damaged (`store.damaged`)."""
    try:
        return decode_strict(stated_payload(raw), ErasureNotice)
    except (Refused, ValueError, IndexError) as error:
        raise Damaged(Code.STORE_DAMAGED, detail="notice of an erasure") from error


def is_leaf_of(tx: sa.Connection, row: ErasureRow) -> bool:
    """Whether the leaf that a stored erasure names commits to its bytes."""
    raw = record_at(tx, row.leaf)
    try:
        record = None if raw is None else parse_record(raw)
    except Refused:
        return False
    return record is not None and (record.event, record.digest) == (LeafEvent.ERASURE.value, digest_of(row.raw))


def _erasable(tx: sa.Connection, case: CaseId, *, open: bool) -> CaseRow:
    row = cases_by_id(tx, [case]).get(case)
    if row is None:
        raise Refused(Code.CASE_UNKNOWN, detail=case)
    if row.state == ERASED:
        raise Refused(Code.CASE_ERASED, detail=case)
    if not open and not default_machine("case").rules.states[row.state].final:
        raise Refused(Code.ERASE_OPEN, detail=row.state, values={"state": row.state})
    return row
