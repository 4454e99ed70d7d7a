"""The one writer: a task with one connection that commits what is queued as one transaction, without a timer.

While one batch is being committed the next one gathers, so a single client is not delayed and many share one fsync.
A caller gets its answer only after COMMIT has returned; a batch that cannot be committed is answered `Unavailable` to
all of it. What a batch means is decided by the `Filing` given; this module knows transactions only.

Filing runs on the event loop, only what waits for the disk or for another process (COMMIT, a contended BEGIN) in a thread:
filing in a thread made both sides hand the interpreter lock to and fro at every statement and signature, at twice the cost.
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import sqlalchemy as sa

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, HanxunError, Unavailable
from hub.store.database import BUSY_S, open_writer
from hub.store.statements import DRIVER_ERRORS

log = logging.getLogger(__name__)
T = TypeVar("T")
S = TypeVar("S", contravariant=True)
R = TypeVar("R", covariant=True)

MAX_BATCH = 24  # with more waiting, one batch is filed while another is committed and a third is examined
MAX_QUEUED = 8192


class StoreWriter(Protocol):
    """What who watches over the writer needs of it."""

    @property
    def serving(self) -> bool:
        """Whether submissions are taken."""
        ...

    @property
    def refusal(self) -> Code | None:
        """Why they are not."""
        ...

    @property
    def trouble(self) -> Code | None:
        """Why the last commit failed."""
        ...

    def run(self, work: Callable[[sa.Connection], T]) -> "asyncio.Future[T]":
        """Queue `work`."""
        ...


class Filing(Protocol[S, R]):
    """What the writer does with submissions inside its transaction."""

    def file(self, tx: sa.Connection, submissions: Sequence[S]) -> "Sequence[R | HanxunError]":
        """Write all that is acceptable, bulk, and return one outcome for each submission, in order.

        A refusal of one item is returned, not raised, and leaves its neighbours untouched. Raising fails the batch.
        """
        ...

    def committed(self) -> None:
        """The transaction of the last `file` is durable."""
        ...

    def forget(self) -> None:
        """The last transaction's fate is unknown or it was undone: drop all that was remembered of the database."""
        ...


class _Item(msgspec.Struct, Generic[S], frozen=True):
    submission: S | None
    work: Callable[[sa.Connection], Any] | None
    future: "asyncio.Future[Any]"


class Writer(Generic[S, R]):
    """Owns the only writing connection of this process. Used on one event loop."""

    def __init__(self, path: Path, filing: Filing[S, R], *, on_damage: Callable[[], None] = lambda: None) -> None:
        self._engine = open_writer(path)
        self._filing = filing
        self._on_damage = on_damage
        self._queue: deque[_Item[S]] = deque()
        self._filled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._connection: sa.Connection | None = None
        self._refusal: Code | None = None
        self.trouble: Code | None = None
        """Why the last commit failed; None once one has gone through."""
        self._stopping = False

    def start(self) -> None:
        """Begin to serve the queue."""
        self._task = asyncio.get_running_loop().create_task(self._serve(), name="writer")

    async def stop(self) -> None:
        """Finish all that is queued, refuse what comes later, and close."""
        self._refusal = self._refusal or Code.HUB_STOPPING
        self._stopping = True
        self._filled.set()
        if self._task is not None:
            await self._task
        self._close_connection()
        self._engine.dispose()
        self._thread.shutdown()

    @property
    def serving(self) -> bool:
        """Whether submissions are taken."""
        return self._refusal is None

    @property
    def refusal(self) -> Code | None:
        """Why submissions are not taken any more; None while they are."""
        return self._refusal

    def submit(self, submission: S) -> "asyncio.Future[R]":
        """Queue one submission; the future holds its outcome after COMMIT.

        Raises: Unavailable (at once, or in the future), Refused and others in the future.
        """
        return self._put(_Item(submission, None, asyncio.get_running_loop().create_future()))

    def run(self, work: Callable[[sa.Connection], T]) -> "asyncio.Future[T]":
        """Queue `work`, which writes in a savepoint of the batch's transaction; the future holds its result after COMMIT.

        It runs on the loop: it must be short, and wait for nothing.
        """
        return self._put(_Item(None, work, asyncio.get_running_loop().create_future()))

    def _put(self, item: _Item[S]) -> "asyncio.Future[Any]":
        if self._refusal is not None:
            raise Unavailable(self._refusal)
        if len(self._queue) >= MAX_QUEUED:
            raise Unavailable(Code.HUB_BUSY)
        self._queue.append(item)
        # The task wakes when the loop has run what is ready now: the requests that one poll brought share a commit.
        self._filled.set()
        return item.future

    async def _serve(self) -> None:
        while await self._filled.wait():
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
            if batch:
                _answer(batch, await self._commit(batch))
            elif self._stopping:
                return
            if not self._queue and not self._stopping:
                self._filled.clear()

    async def _commit(self, batch: list[_Item[S]]) -> Sequence[Any]:
        """Write `batch` as one transaction and return its outcomes. Never raises: the task must go on."""
        try:
            outcomes = await self._write(batch)
        except Damaged as error:
            self._stop_for_damage(error)
            return [error] * len(batch)
        except HanxunError as error:
            self._filing.forget()
            return [error] * len(batch)
        except DRIVER_ERRORS as error:
            log.error("commit failed items=%d error=%s", len(batch), first_line(error))
            self._filing.forget()
            self._close_connection()  # a fresh one reads what is really there
            self.trouble = _trouble(first_line(error))
            return [Unavailable(self.trouble)] * len(batch)
        except Exception:
            log.exception("commit failed items=%d", len(batch))
            self._filing.forget()
            self._close_connection()
            self.trouble = Code.STORE_UNAVAILABLE
            return [Unavailable(self.trouble)] * len(batch)
        self.trouble = None
        self._filing.committed()
        return outcomes

    async def _write(self, batch: list[_Item[S]]) -> Sequence[Any]:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._engine.connect()
            _wait_for_others(connection, 0.0)
        submissions = [item.submission for item in batch if item.submission is not None]
        transaction = await self._begin(connection)
        try:
            filed = iter(self._filing.file(connection, submissions) if submissions else ())
            outcomes = [next(filed) if item.work is None else _within(connection, item.work) for item in batch]
            await self._in_thread(transaction.commit)
        except BaseException:
            if transaction.is_active:
                transaction.rollback()
            raise
        return outcomes

    async def _begin(self, connection: sa.Connection) -> sa.Transaction:
        try:
            return connection.begin()
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlite_errorname", "") != "SQLITE_BUSY":
                raise
        # An administrator's verb beside this hub is writing.
        return await self._in_thread(lambda: _begin_patiently(connection))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _stop_for_damage(self, error: Damaged) -> None:
        log.critical("damaged code=%s detail=%s", error.code.value, error.detail)
        self._filing.forget()
        self._refusal = Code.STORE_DAMAGED
        self._on_damage()

    def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except DRIVER_ERRORS as error:
                log.error("close failed error=%s", first_line(error))


def _begin_patiently(connection: sa.Connection) -> sa.Transaction:
    _wait_for_others(connection, BUSY_S)
    try:
        return connection.begin()
    finally:
        _wait_for_others(connection, 0.0)


def _wait_for_others(connection: sa.Connection, seconds: float) -> None:
    """Set how long a statement waits while another process holds the database; around SQLAlchemy, which would begin."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    driver.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


def _answer(batch: "list[_Item[Any]]", outcomes: Sequence[Any]) -> None:
    for item, outcome in zip(batch, outcomes, strict=True):
        if item.future.done():  # its caller has gone; what was committed stays committed
            continue
        if isinstance(outcome, BaseException):
            item.future.set_exception(outcome)
        else:
            item.future.set_result(outcome)


def _within(connection: sa.Connection, work: Callable[[sa.Connection], T]) -> "T | HanxunError":
    savepoint = connection.begin_nested()
    try:
        result = work(connection)
    except Damaged:
        raise
    except HanxunError as error:
        savepoint.rollback()
        return error
    except (sa.exc.IntegrityError, sqlite3.IntegrityError) as error:
        # Works settle races by ON CONFLICT; what still arrives here is our fault and must not fail the neighbours.
        log.error("work broke a constraint error=%s", first_line(error))
        savepoint.rollback()
        return HanxunError(Code.HUB_INTERNAL)
    savepoint.commit()
    return result


def _trouble(said: str) -> Code:
    if "full" in said:
        return Code.STORE_FULL
    return Code.STORE_READ_ONLY if "readonly" in said else Code.STORE_UNAVAILABLE


def first_line(error: Exception) -> str:
    """Return what the driver says, without the statement and its parameters: a log holds no letters."""
    return str(getattr(error, "orig", error)).partition("\n")[0][:120]
