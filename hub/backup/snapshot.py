"""A consistent copy of a live SQLite database, by SQLite's own backup interface: writers go on while it is made.

Source: sqlite.org/backup.html. The copy is one state of the database, complete in one file.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Unavailable

BUSY_S = 20.0


def copy_database(database: Path, copy: Path) -> None:
    """Copy `database` to the new file `copy` (mode 0600), check it and sync it.

    Raises: Damaged (`store.damaged`) when the copy does not hold together, Unavailable (`backup.disk`).
    """
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with (
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=BUSY_S)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            # All pages in one step, under one read transaction: with smaller steps every commit would begin it again.
            source.backup(target, pages=-1)
            word = str(target.execute("PRAGMA quick_check(1)").fetchone()[0])
        sync(copy)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise Unavailable(Code.BACKUP_DISK, detail=f"{database.name}: {error}") from error
        raise Damaged(Code.STORE_DAMAGED, detail=f"{database.name}: {error}") from error
    except OSError as error:
        raise Unavailable(Code.BACKUP_DISK, detail=error.strerror) from error
    if word != "ok":
        raise Damaged(Code.STORE_DAMAGED, detail=f"{database.name}: {word}")


def keep_copy(database: Path, copy: Path) -> None:
    """Copy `database` to `copy` so that a file of that name is always whole. Raises: as `copy_database`."""
    part = copy.with_name(f".{copy.name}.part")
    part.unlink(missing_ok=True)
    copy_database(database, part)
    try:
        part.rename(copy)
        sync(copy.parent)
    except OSError as error:
        raise Unavailable(Code.BACKUP_DISK, detail=error.strerror) from error


def sync(path: Path) -> None:
    """Return when the file's bytes, or the folder's entries, are on the disk. Raises: OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
