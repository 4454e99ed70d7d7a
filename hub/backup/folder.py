"""A data folder into one backup file and back: temporary name, synced, read back whole, and only then renamed.

A file under its own name is always a whole backup; a restored folder is always a whole folder.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from hub.backup.archive import Read, Source, Summary, read_archive, write_archive
from hub.backup.snapshot import copy_database, sync
from hub.backup.vault import DEFAULT_COST, VaultWriter, read_vault
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.signing.keys import ScryptCost

Progress = Callable[[str, int, int], None]
"""Told how far it is: step (`write`, `verify`, `restore`), bytes done, bytes in all."""
Finish = Callable[[Path, Summary], None]
STAGE = ".backup"
_LEFT_OUT = ("-wal", "-shm", "-journal", ".lock")


def quiet(_step: str, _done: int, _whole: int) -> None:
    """Progress that nobody watches."""


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give an empty hidden folder inside `folder` for copies of databases: they never lie in the clear anywhere else.

    Raises: Unavailable (`backup.disk`), also when another backup of this folder is being made.
    """
    stage = folder / STAGE
    try:
        stage.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(stage, os.O_RDONLY)
    except OSError as error:
        raise Unavailable(Code.BACKUP_DISK, detail=error.strerror) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable(Code.BACKUP_DISK, detail="another backup is being made") from error
        _empty(stage)  # what a killed backup has left
        yield stage
    finally:
        with suppress(OSError):
            _empty(stage)
        os.close(descriptor)


def database_sources(folder: Path, stage: Path) -> tuple[Source, ...]:
    """Copy every SQLite database in `folder` into `stage` (`a/b.sqlite` as `a__b.sqlite`) and return the copies as sources."""
    found = []
    for database in sorted(folder.rglob("*.sqlite")):
        parts = database.relative_to(folder).parts
        if any(part.startswith(".") for part in parts):
            continue
        copy = stage / "__".join(parts)
        copy_database(database, copy)
        found.append(_source(copy, "/".join(parts)))
    return tuple(found)


def file_sources(folder: Path, *, without: Sequence[str]) -> tuple[Source, ...]:
    """Return the other files of `folder` (keys, certificates, trust, settings), but for hidden ones, databases, locks and
    what lies in the folders `without`."""
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if hidden or parts[0] in without or not path.is_file():
            continue
        if ".sqlite" in path.name or path.name.endswith(_LEFT_OUT):
            continue
        found.append(_source(path, "/".join(parts)))
    return tuple(found)


def write_backup(
    target: Path,
    passphrase: bytes,
    summary: Summary,
    sources: Sequence[Source],
    *,
    progress: Progress = quiet,
    cost: ScryptCost = DEFAULT_COST,
) -> None:
    """Write `sources` into the new file `target`, encrypted, and read it all back before it gets its name.

    Raises: Refused (`file.exists`, `backup.incomplete`, `backup.damaged` when it did not read back), Unavailable
    (`backup.disk`); no file is left then.
    """
    if target.exists():
        raise Refused(Code.FILE_EXISTS, detail=str(target))
    part = target.with_name(f".{target.name}.part")
    file = _opened(part)
    try:
        with file:
            vault = VaultWriter(file, passphrase, cost=cost)
            write_archive(vault, summary, sources, progress=lambda done: progress("write", done, summary.bytes))
            vault.close()
            file.flush()
            os.fsync(file.fileno())
            # Or the bytes would be read back from memory, not from the disk.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        verify_backup(part, passphrase, progress=progress)
        part.rename(target)
        sync(target.parent)
    except OSError as error:
        raise Unavailable(Code.BACKUP_DISK, detail=error.strerror) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def verify_backup(path: Path, passphrase: bytes, *, progress: Progress = quiet) -> Summary:
    """Read a whole backup, check every byte, and return what it is of; nothing is written.

    Raises: Refused (`backup.*`), Unavailable (`backup.disk`).
    """
    found: Summary | None = None
    done = 0
    for item in _items(path, passphrase):
        if isinstance(item, Summary):
            found = item
            continue
        for chunk in item.chunks:
            done += len(chunk)
        progress("verify", done, found.bytes if found else done)
    assert found is not None  # the reader ends only behind the manifest
    return found


def restore_backup(
    path: Path,
    passphrase: bytes,
    target: Path,
    *,
    kind: Literal["hub", "agent", "ca"],
    finish: Finish = lambda _folder, _summary: None,
    progress: Progress = quiet,
) -> Summary:
    """Make the folder `target`, which must be empty or not exist, from a backup: whole or not at all.

    `finish` works on the folder before it gets its name. Raises: Refused (`restore.not_empty`, `backup.*`), Unavailable.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(Code.RESTORE_NOT_EMPTY, detail=target.name)
    made = target.with_name(f".{target.name}.restoring")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        summary = _extract(path, passphrase, made, kind, progress)
        finish(made, summary)
        if target.exists():
            target.rmdir()
        made.rename(target)
        sync(target.parent)
    except OSError as error:
        raise Unavailable(Code.BACKUP_DISK, detail=error.strerror) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return summary


def _extract(path: Path, passphrase: bytes, made: Path, kind: str, progress: Progress) -> Summary:
    summary: Summary | None = None
    done = 0
    folders = {made}
    for item in _items(path, passphrase):
        if isinstance(item, Summary):
            summary = item
            if summary.kind != kind:
                raise Refused(Code.BACKUP_OTHER_KIND, values={"kind": summary.kind})
            continue
        place = made / item.name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folders |= {parent for parent in place.parents if parent.is_relative_to(made)}
        _write(place, item)
        done += item.size
        progress("restore", done, summary.bytes if summary else done)
    for folder in folders:
        sync(folder)
    assert summary is not None
    return summary


def _write(place: Path, item: Read) -> None:
    descriptor = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in item.chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _items(path: Path, passphrase: bytes) -> Iterator[Summary | Read]:
    try:
        with path.open("rb") as file:
            yield from read_archive(read_vault(file, passphrase))
    except OSError as error:
        raise Unavailable(Code.BACKUP_DISK, detail=error.strerror) from error


def _opened(part: Path) -> BinaryIO:
    """Open `part` for writing, by this process alone; what a killed backup has left there is written over."""
    try:
        file = os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600), "wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
        except OSError:
            file.close()
            raise
    except OSError as error:
        raise Unavailable(Code.BACKUP_DISK, detail=error.strerror) from error
    return file


def _source(path: Path, name: str) -> Source:
    return Source(name, path.stat().st_size, lambda: path.open("rb"))


def _empty(stage: Path) -> None:
    for left in stage.iterdir():
        left.unlink()
