"""The SQLite database: how connections are opened, and reading in threads. Writing is `writer.py`'s alone.

WAL with synchronous=FULL: a commit that has returned is on the disk. Sources: sqlite.org/wal.html, sqlite.org/pragma.html.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import NullPool, QueuePool

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Unavailable

T = TypeVar("T")
READERS = 4
BUSY_S = 20.0
CHECKPOINT = "wal_autocheckpoint=4000"  # pages of 4 KB: the log is moved into the file four times less often


def open_writer(path: Path) -> sa.Engine:
    """Return an engine whose transactions begin with BEGIN IMMEDIATE: a second writer waits at the start, not mid-way."""
    # FAST: what is deleted is overwritten where that costs no further write; an erasure asks for all of it.
    pragmas = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=FAST", CHECKPOINT)
    return _engine(path, begin="BEGIN IMMEDIATE", pragmas=pragmas, pool=None)


def open_readers(path: Path) -> sa.Engine:
    """Return a pooled engine that cannot write."""
    return _engine(path, begin="BEGIN", pragmas=("query_only=ON",), pool=READERS)


def settle(path: Path) -> None:
    """Move the log into the database file and sync it: what a failed sync left in the log before a crash is on the disk then.

    Raises: Unavailable (`store.unavailable`).
    """
    empty_log(path)


def empty_log(path: Path) -> bool:
    """As `settle`, and say whether the log is empty now: readers may hold on to it longer than is waited for.

    Raises: Unavailable (`store.unavailable`).
    """
    try:
        # By the driver itself: a checkpoint stands outside of any transaction.
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as connection:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.Error as error:
        raise Unavailable(Code.STORE_UNAVAILABLE, detail=str(error)[:80]) from error
    return bool(busy == 0)


def touch(tx: sa.Connection) -> None:
    """Write a row as it is: a commit that has to reach the disk and changes nothing."""
    tx.exec_driver_sql("UPDATE head SET registry = registry")


def _engine(path: Path, *, begin: str, pragmas: tuple[str, ...], pool: int | None) -> sa.Engine:
    if not path.is_file():
        # A mistyped path must not start a second, empty history.
        raise Damaged(Code.STORE_MISSING, detail=path.name)
    options: dict[str, Any] = {"poolclass": NullPool} if pool is None else {"poolclass": QueuePool, "pool_size": pool}
    engine = sa.create_engine(
        f"sqlite+pysqlite:///{path}", connect_args={"timeout": BUSY_S, "check_same_thread": False}, **options
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        for pragma in ("journal_mode=WAL", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class Readers:
    """A few reading connections in threads, so that the event loop never waits for the disk."""

    def __init__(self, path: Path) -> None:
        self._engine = open_readers(path)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    def read_now(self, question: Callable[[sa.Connection], T]) -> T:
        """Answer `question` on this thread, all of it from one state of the database."""
        with self._engine.begin() as connection:
            return question(connection)

    async def read(self, question: Callable[[sa.Connection], T]) -> T:
        """Answer `question` (a function of an open transaction) on a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read_now, question)

    def close(self) -> None:
        """Finish what is being read and close."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()
