"""A hub's backup while it serves, and its restore into an empty folder.

The database is copied first, then the letters that this copy names (they never change), then keys, trust and settings: so
nothing in the backup names what is not in it. Half-arrived uploads are left out; their senders go on from the beginning.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from hub.backup.archive import Source, Summary
from hub.backup.folder import (
    Progress,
    database_sources,
    file_sources,
    quiet,
    restore_backup,
    staged,
    write_backup,
)
from hub.backup.vault import DEFAULT_COST
from hub.exchange.hub import read_settings
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.protocol.identifiers import Digest
from hub.protocol.instants import format_instant
from hub.signing.keys import ScryptCost
from hub.store.attachments import blobs_known
from hub.store.blobs import BlobStore
from hub.store.committed import count_filed
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.migrate import revision_of
from hub.store.trail_log import Head, head_of

_ELSEWHERE = ("blobs", "uploads")


@dataclass(frozen=True, slots=True)
class _Content:
    head: Head
    envelopes: int
    blobs: tuple[tuple[Digest, int], ...]
    revision: str


def backup_hub(
    data: Path,
    target: Path,
    passphrase: bytes,
    *,
    now: datetime,
    progress: Progress = quiet,
    cost: ScryptCost = DEFAULT_COST,
) -> Summary:
    """Write a verified backup of the data folder into the new file `target` under `passphrase`; the hub may be serving.

    Raises: Refused (`file.exists`, `backup.incomplete`), Damaged, Unavailable (`backup.disk`); no file is left then.
    """
    folder = DataFolder(data)
    if not folder.database.is_file():
        raise Damaged(Code.STORE_MISSING, detail=folder.database.name)
    if target.resolve().is_relative_to(data.resolve()):
        raise Refused(Code.BACKUP_DISK, detail="inside the data folder")
    with staged(data) as stage:
        databases = database_sources(data, stage)
        content = _content(stage / folder.database.name)
        sources = (*databases, *_blob_sources(folder, content), *file_sources(data, without=_ELSEWHERE))
        summary = Summary(
            kind="hub",
            name=read_settings(folder).trail.origin,
            at=format_instant(now),
            program=version("hanxun"),
            revision=content.revision,
            files=len(sources),
            bytes=sum(source.size for source in sources),
            envelopes=content.envelopes,
            leaves=content.head.size,
            head=content.head.checkpoint,
        )
        write_backup(target, passphrase, summary, sources, progress=progress, cost=cost)
    return summary


def restore_hub(path: Path, passphrase: bytes, data: Path, *, progress: Progress = quiet) -> Summary:
    """Make the data folder `data`, which must be empty or not exist, from a backup: whole or not at all.

    Raises: Refused (`restore.not_empty`, `backup.*`), Unavailable (`backup.disk`).
    """
    return restore_backup(path, passphrase, data, kind="hub", finish=_make_folders, progress=progress)


def _make_folders(made: Path, _summary: Summary) -> None:
    for place in (DataFolder(made).blobs, DataFolder(made).uploads):
        place.mkdir(mode=0o700, exist_ok=True)


def _content(copy: Path) -> _Content:
    revision = revision_of(copy) or ""
    readers = Readers(copy)
    try:
        return readers.read_now(lambda tx: _Content(head_of(tx), count_filed(tx), tuple(blobs_known(tx)), revision))
    finally:
        readers.close()


def _blob_sources(folder: DataFolder, content: _Content) -> list[Source]:
    blobs = BlobStore(folder)
    return [_blob(blobs.path_of(digest), digest, size) for digest, size in content.blobs]


def _blob(path: Path, digest: Digest, size: int) -> Source:
    return Source(f"blobs/{digest[:2]}/{digest}", size, lambda: path.open("rb"), digest)
