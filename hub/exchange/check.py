"""Whether a hub's database, its files and its trail agree: everything that is wrong, not only the first. Reads only.

May run beside a serving hub: the rows are read in one view, and what has changed since is looked at again.
"""

import hashlib
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa

from hub.exchange.erasing import is_leaf_of, notice_in
from hub.exchange.hub import open_trust, purposes_of, read_settings
from hub.exchange.own_keys import hub_certificates
from hub.exchange.verify_trail import TrailReport, erased_envelopes, verify_trail
from hub.exchange.witnessing import witnessed
from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope
from hub.protocol.errors import Damaged, Refused
from hub.protocol.finding import Finding, FindingGrade
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.verdict import Result
from hub.protocol.witness import Witnessed
from hub.signing.certificates import known
from hub.signing.erasures import check_erasure, open_erasure
from hub.signing.jws import stated_payload
from hub.store.attachments import blobs_known
from hub.store.blobs import BlobStore, hash_file
from hub.store.committed import attachments_named, unanswered
from hub.store.consistency import (
    EnvelopeColumns,
    broken_references,
    certificate_digests,
    envelope_columns,
    misdelivered,
)
from hub.store.database import Readers
from hub.store.erasures import all_erasures, pending_erasures
from hub.store.layout import DataFolder
from hub.store.migrate import integrity_of, require_current
from hub.trail.verify import FirstBad

Progress = Callable[[str, int, int], None]
"""Told how far it is: step (`check`), bytes done, bytes in all."""


@dataclass(frozen=True, slots=True)
class HubReport:
    """All findings, the trail's own report, and how far it is cosigned (None: that cannot be read)."""

    findings: tuple[Finding, ...]
    trail: TrailReport
    witnessed: Witnessed | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing acknowledged is touched; what is only left over does not count."""
        return all(finding.grade is FindingGrade.NOTE for finding in self.findings)


def check_hub(data: Path, *, progress: Progress = lambda *_: None) -> HubReport:
    """Compare database, blobs and trail of a data folder. Needs no passphrase. Raises: Damaged when there is no store."""
    folder = DataFolder(data)
    require_current(folder.database)
    readers, standing = Readers(folder.database), None
    try:
        word = integrity_of(folder.database)
        findings = [] if word == "ok" else [Finding(Code.CHECK_DATABASE, folder.database.name, word)]
        try:
            findings += readers.read_now(lambda tx: list(_rows(tx)))
            findings += _notices(folder, readers)
            findings += _blobs(folder, readers, progress)
            standing = readers.read_now(witnessed)
        except (sa.exc.DatabaseError, Damaged) as error:
            # What cannot be read cannot be compared; the rest is still looked at.
            findings.append(Finding(Code.CHECK_DATABASE, folder.database.name, str(getattr(error, "orig", error))[:80]))
        findings += _uploads(folder)
    finally:
        readers.close()
    trail = _trail(data)
    if trail.first_bad is not None:
        bad = trail.first_bad
        findings.append(Finding(Code.CHECK_TRAIL, str(bad.index), f"{bad.what}: {bad.reason}"))
    return HubReport(tuple(findings), trail, standing)


def _trail(data: Path) -> TrailReport:
    try:
        return verify_trail(data)
    except Damaged as error:
        return TrailReport(False, 0, FirstBad(0, "store", error.detail or error.code.value))


def _rows(tx: sa.Connection) -> Iterator[Finding]:
    for table, other, number in broken_references(tx):
        code = Code.CHECK_RECEIPT_ORPHAN if (table, other) == ("receipts", "envelopes") else Code.CHECK_REFERENCE
        yield Finding(code, f"{table} {number}", f"no such row of {other}")
    yield from _erasures(tx)
    erased = erased_envelopes(tx)
    for envelope in envelope_columns(tx):
        if envelope.digest not in erased:
            yield from _envelope(envelope)
        elif envelope.raw:
            yield Finding(Code.CHECK_ERASED_BACK, envelope.digest, f"envelope {envelope.seq}")
    for seq in unanswered(tx):
        yield Finding(Code.CHECK_RECEIPT_MISSING, str(seq))
    for station, seq in misdelivered(tx):
        yield Finding(Code.CHECK_MAILBOX, str(seq), f"it lies in the mailbox of {station}")
    known = dict(blobs_known(tx))
    for seq, digest, size in attachments_named(tx):
        if known.get(Digest(digest)) != size:
            yield Finding(Code.CHECK_ATTACHMENT_ROW, digest, f"envelope {seq}, {size} bytes")
    for x5t, raw in certificate_digests(tx):
        if urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode() != x5t:
            yield Finding(Code.CHECK_CERTIFICATE, x5t)


def _erasures(tx: sa.Connection) -> Iterator[Finding]:
    """What was erased is said and counted; a record of an erasure that the trail does not bear out is a fault."""
    count = 0
    for row in all_erasures(tx):
        count += 1
        if not is_leaf_of(tx, row) or notice_in(row.raw).case != row.case:
            yield Finding(Code.CHECK_ERASURE, row.case, f"leaf {row.leaf}")
    if count:
        yield Finding(Code.CHECK_ERASED, str(count), f"{len(erased_envelopes(tx))} envelopes", FindingGrade.NOTE)
    left = sum(not one.kept for one in pending_erasures(tx))
    if left:
        yield Finding(Code.CHECK_ERASED_LEFT, str(left), None, FindingGrade.NOTE)


def _notices(folder: DataFolder, readers: Readers) -> Iterator[Finding]:
    """Whoever holds the hub's keys can write a notice and its leaf, but not two administrators' signatures for it."""
    rows = readers.read_now(lambda tx: list(all_erasures(tx)))
    if not rows:
        return
    settings = read_settings(folder)
    purposes = purposes_of(settings)
    book = open_trust(folder, settings, readers)
    own = known(hub_certificates(folder, purposes=purposes))
    for row in rows:
        try:
            signed = open_erasure(row.raw, certificates=lambda x5t: own(x5t) or book.certificate(x5t))
        except Refused as error:
            yield Finding(Code.CHECK_ERASURE, row.case, error.code.value)
            continue
        verdict = check_erasure(signed, trust=book.trust, now=datetime.now(UTC), origin=settings.trail.origin)
        wrong = [check.code for check in verdict.checks if check.result is Result.FAILED]
        if wrong:
            yield Finding(Code.CHECK_ERASURE, row.case, ", ".join(wrong))


def _envelope(row: EnvelopeColumns) -> Iterator[Finding]:
    if not row.delivered:
        yield Finding(Code.CHECK_MAILBOX, str(row.seq), f"it is not in the mailbox of {row.receiver}")
    if digest_of(row.raw) != row.digest:
        yield Finding(Code.CHECK_ROW_DIFFERS, str(row.seq), "digest")
        return
    signed = msgspec.json.decode(stated_payload(row.raw), type=Envelope)
    said = {"id": row.id, "case": row.case, "kind": row.kind, "sender": row.sender, "receiver": row.receiver}
    meant = {
        "id": signed.id,
        "case": signed.case,
        "kind": signed.kind.value,
        "sender": signed.from_,
        "receiver": signed.to,
    }
    for name, value in said.items():
        if value != meant[name]:
            yield Finding(Code.CHECK_ROW_DIFFERS, str(row.seq), name)


def _blobs(folder: DataFolder, readers: Readers, progress: Progress) -> Iterator[Finding]:
    blobs = BlobStore(folder)
    noted = readers.read_now(lambda tx: dict(blobs_known(tx)))
    done, whole = 0, sum(noted.values())
    for digest, size in noted.items():
        try:
            found, length = hash_file(blobs.path_of(digest))
        except FileNotFoundError:
            yield Finding(Code.CHECK_BLOB_MISSING, digest)
        except OSError as error:
            yield Finding(Code.CHECK_BLOB_CHANGED, digest, f"cannot be read: {error.strerror}")
        else:
            if (found, length) != (digest, size):
                yield Finding(Code.CHECK_BLOB_CHANGED, digest, f"{length} of {size} bytes")
        done += size
        progress("check", done, whole)
    there = list(_files(folder.blobs))
    # Asked again after the files were listed: a hub that serves files letters all the time.
    noted = readers.read_now(lambda tx: dict(blobs_known(tx)))
    for path in there:
        if path != blobs.path_of(Digest(path.name)):
            yield Finding(Code.CHECK_FILE_STRANGE, str(path.relative_to(folder.root)), None, FindingGrade.NOTE)
        elif path.name not in noted:
            yield Finding(Code.CHECK_BLOB_EXTRA, path.name, None, FindingGrade.NOTE)


def _uploads(folder: DataFolder) -> Iterator[Finding]:
    oldest = time.time() - read_settings(folder).limits.upload_kept_s
    for path in _files(folder.uploads):
        name = str(path.relative_to(folder.root))
        if re.fullmatch(r"[0-9a-f]{64}\.[0-9]{6,12}\.[0-9]+", path.name) is None:
            yield Finding(Code.CHECK_FILE_STRANGE, name, None, FindingGrade.NOTE)
        elif path.stat().st_mtime < oldest:
            yield Finding(Code.CHECK_UPLOAD_STALE, name, f"{path.stat().st_size} bytes", FindingGrade.NOTE)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
