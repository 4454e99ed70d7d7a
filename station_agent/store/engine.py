"""Opening `agent.sqlite` (WAL, synchronous=FULL) and its transactions. Several processes of one desk may share the file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import alembic.util
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from hub.backup.snapshot import keep_copy
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Unavailable
from station_agent.store.blobs import BlobFolder

BUSY_TIMEOUT_S = 20
# What SQLite says of the disk; anything else is a lock that could not be had.
_TROUBLES = {
    "is full": Code.AGENT_DISK,
    "disk I/O error": Code.AGENT_DISK,
    "readonly": Code.AGENT_DISK_READ_ONLY,
    "unable to open": Code.AGENT_DISK_READ_ONLY,
}


@dataclass(frozen=True, slots=True)
class Store:
    """The agent's database and blob folder."""

    engine: Engine
    blobs: BlobFolder

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its first statement; on disk when the block is left.

        Raises: Unavailable (`station.store_busy`) when the lock or the disk cannot be had; then nothing was stored.
        """
        with _explained(), self.engine.connect().execution_options(begin="IMMEDIATE") as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; writers are not held up."""
        with _explained(), self.engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_store(data: Path) -> Store:
    """Open (and create or migrate) the store in the folder `data`. Raises: Damaged for a file of a newer program."""
    data.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{data / 'agent.sqlite'}", connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    store = Store(engine, BlobFolder(data / "blobs"))
    _migrate(store)
    return store


@contextmanager
def look_into(database: Path) -> Iterator[Connection]:
    """Give a reading transaction on a copy of a database, which is not migrated. Raises: Damaged."""
    engine = create_engine(f"sqlite:///file:{database}?mode=ro&immutable=1&uri=true")
    try:
        with _explained(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def revision_of(tx: Connection) -> str:
    """Return the revision of the database."""
    return MigrationContext.configure(tx).get_current_revision() or ""


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # Autocommit in the driver: BEGIN is ours, so that a write takes its lock before it reads.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")


def _migrate(store: Store) -> None:
    config = alembic.config.Config()
    config.set_main_option("script_location", "station_agent.store:migrations")
    script = ScriptDirectory.from_config(config)
    newest = script.get_current_head()
    with store.write() as tx:
        present = MigrationContext.configure(tx).get_current_revision()
        if present == newest:
            return
        # All of it in one transaction: a crash leaves the old revision whole.
        config.attributes["connection"] = tx
        try:
            if present is not None:
                script.get_revision(present)  # an unknown one is a newer program's
                _keep_old(store, f"agent.sqlite.before-{newest}")
            alembic.command.upgrade(config, "head")
        except alembic.util.CommandError as error:
            raise Damaged(Code.AGENT_STORE_NEWER, values={"present": present, "known": newest}) from error


def _keep_old(store: Store, name: str) -> None:
    """Copy the database as it is before it is upgraded, once. Raises: Unavailable (`backup.disk`), Damaged."""
    database = Path(str(store.engine.url.database))
    if not database.with_name(name).exists():
        keep_copy(database, database.with_name(name))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        said = str(error.orig)
        code = next((code for words, code in _TROUBLES.items() if words in said), Code.AGENT_STORE_BUSY)
        raise Unavailable(code, detail=said) from error
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.IntegrityError):
            raise
        raise Damaged(Code.AGENT_STORE_DAMAGED, detail=str(error.orig)) from error
