"""Bring a database to the present schema (Alembic, revisions in `migrations/`)."""

import os
import sqlite3
from datetime import datetime
from pathlib import Path

import alembic.command
import alembic.config
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.backup.snapshot import keep_copy
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged
from hub.store.database import open_writer


def create_database(path: Path) -> None:
    """Create an empty database at `path` (mode 0600) and migrate it. Raises: FileExistsError."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    migrate(path)


def migrate(path: Path) -> None:
    """Bring the database at `path` to the newest revision; nothing happens if it is there. Raises: Damaged."""
    engine = open_writer(path)
    try:
        with engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
            connection.commit()
    except sa.exc.DatabaseError as error:
        raise Damaged(Code.STORE_DAMAGED, detail=str(error.orig)[:120]) from error
    finally:
        engine.dispose()


def migrate_keeping(path: Path, *, now: datetime) -> Path | None:
    """As `migrate`, but an older database is first copied beside itself; return the copy (None: nothing was to be done).

    Raises: Damaged, Unavailable (`backup.disk`); the database is as it was then.
    """
    present, newest = revision_of(path), newest_revision()
    if present == newest:
        return None
    copy = path.with_name(f"{path.name}.before-{newest}-{now:%Y%m%dT%H%M%SZ}")
    keep_copy(path, copy)
    migrate(path)
    return copy


def revision_of(path: Path) -> str | None:
    """Return the revision that the database has. Raises: Damaged."""
    engine = open_writer(path)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except sa.exc.DatabaseError as error:
        raise Damaged(Code.STORE_DAMAGED, detail=str(error.orig)[:120]) from error
    finally:
        engine.dispose()


def newest_revision() -> str | None:
    """Return the revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def require_current(path: Path) -> None:
    """Raise Damaged (`store.revision`) unless the database at `path` has the newest revision."""
    present, newest = revision_of(path), newest_revision()
    if present != newest:
        raise Damaged(Code.STORE_REVISION, values={"present": present, "newest": newest})


def _config() -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", "hub.store:migrations")
    return config


def integrity_of(path: Path) -> str:
    """Return SQLite's own word on the file: `ok`, or the first thing it finds wrong."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
