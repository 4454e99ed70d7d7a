"""Whether a hub's database and its blobs agree: everything that is wrong, not only the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from hub.exchange.verify_trail import TrailReport, verify_trail
from hub.protocol.identifiers import Digest
from hub.store.attachments import blobs_known
from hub.store.blobs import BlobStore, hash_file
from hub.store.committed import attachments_named, unanswered
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.migrate import integrity_of, require_current


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: `what` (database, receipt, blob, attachment, trail, leftover), `subject` (digest, number), `reason`.

    A `leftover` is harmless: a file that no row names, left by a crash between file and row.
    """

    what: str
    subject: str
    reason: str

    @property
    def harmless(self) -> bool:
        """Whether nothing that was acknowledged is touched by it."""
        return self.what == "leftover"


@dataclass(frozen=True, slots=True)
class HubReport:
    """All findings, and the trail's own report."""

    findings: tuple[Finding, ...]
    trail: TrailReport

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; leftovers do not count."""
        return self.trail.ok and all(finding.harmless for finding in self.findings)


def check_hub(data: Path) -> HubReport:
    """Compare database, blobs and trail of a data folder. Reads only; needs no passphrase. Raises: Damaged."""
    folder = DataFolder(data)
    require_current(folder.database)
    readers = Readers(folder.database)
    try:
        findings = [*_database(folder), *readers.read_now(lambda tx: list(_rows(tx))), *_blobs(folder, readers)]
    finally:
        readers.close()
    return HubReport(tuple(findings), verify_trail(data))


def _database(folder: DataFolder) -> Iterator[Finding]:
    word = integrity_of(folder.database)
    if word != "ok":
        yield Finding("database", folder.database.name, word)


def _rows(tx: sa.Connection) -> Iterator[Finding]:
    for seq in unanswered(tx):
        yield Finding("receipt", str(seq), "an envelope without a receipt")
    known = dict(blobs_known(tx))
    for seq, digest, size in attachments_named(tx):
        if known.get(Digest(digest)) != size:
            yield Finding("attachment", digest, f"envelope {seq} names it; no complete blob of {size} bytes is noted")


def _blobs(folder: DataFolder, readers: Readers) -> Iterator[Finding]:
    blobs = BlobStore(folder)
    noted = readers.read_now(lambda tx: dict(blobs_known(tx)))
    for digest, size in noted.items():
        try:
            found, length = hash_file(blobs.path_of(digest))
        except OSError:
            yield Finding("blob", digest, "the file is missing")
            continue
        if (found, length) != (digest, size):
            yield Finding("blob", digest, f"the file has other bytes ({length} of {size})")
    for name in blobs.names():
        if name not in noted:
            yield Finding("leftover", name, "a file that no row names")
