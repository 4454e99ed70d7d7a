"""The one writer: a thread with one connection that commits what is queued as one transaction, without a timer.

While one batch is being committed the next one gathers, so a single client is not delayed and many share one fsync.
A caller gets its answer only after COMMIT has returned; a batch that cannot be committed is answered `Unavailable` to
all of it. What a batch means is decided by the `Filing` given; this module knows transactions only.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, HanxunError, Unavailable
from hub.store.database import open_writer
from hub.store.statements import DRIVER_ERRORS

log = logging.getLogger(__name__)
T = TypeVar("T")
S = TypeVar("S", contravariant=True)
R = TypeVar("R", covariant=True)

MAX_BATCH = 256
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


@dataclass(frozen=True, slots=True)
class _Item(Generic[S]):
    submission: S | None
    work: Callable[[sa.Connection], Any] | None
    future: "asyncio.Future[Any]"


class Writer(Generic[S, R]):
    """Owns the only writing connection of this process. `submit` and `run` are called on an event loop."""

    def __init__(self, path: Path, filing: Filing[S, R], *, on_damage: Callable[[], None] = lambda: None) -> None:
        self._engine = open_writer(path)
        self._filing = filing
        self._on_damage = on_damage
        self._queue: queue.SimpleQueue[list[_Item[S]] | None] = queue.SimpleQueue()
        self._gathered: list[_Item[S]] = []
        self._waiting = 0
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._connection: sa.Connection | None = None
        self._refusal: Code | None = None
        self.trouble: Code | None = None
        """Why the last commit failed; None once one has gone through."""
        self._gate = threading.Lock()

    def start(self) -> None:
        """Begin to serve the queue."""
        self._thread.start()

    def stop(self) -> None:
        """Finish all that is queued, refuse what comes later, and close."""
        with self._gate:
            self._refusal = self._refusal or Code.HUB_STOPPING
            self._hand_over()
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._close_connection()
        self._engine.dispose()

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
        """Queue `work`, which writes in a savepoint of the batch's transaction; the future holds its result after COMMIT."""
        return self._put(_Item(None, work, asyncio.get_running_loop().create_future()))

    def _put(self, item: _Item[S]) -> "asyncio.Future[Any]":
        with self._gate:
            if self._refusal is not None:
                raise Unavailable(self._refusal)
            if self._waiting >= MAX_QUEUED:
                raise Unavailable(Code.HUB_BUSY)
            self._waiting += 1
            if not self._gathered:
                # Handed over when the loop has run what is ready now: the requests that one poll brought share a commit.
                item.future.get_loop().call_soon(self._hand_over)
            self._gathered.append(item)
        return item.future

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._queue.put(gathered)

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            batch: list[_Item[S]] = []
            items = self._queue.get()
            while True:
                if items is None:
                    stopping = True
                    break
                batch += items
                if len(batch) >= MAX_BATCH or self._queue.empty():
                    break
                items = self._queue.get_nowait()
            if batch:
                self._answer(batch, self._commit(batch))
                self._waiting -= len(batch)

    def _commit(self, batch: list[_Item[S]]) -> Sequence[Any]:
        """Write `batch` as one transaction and return its outcomes. Never raises: the thread must go on."""
        try:
            outcomes = self._write(batch)
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

    def _write(self, batch: list[_Item[S]]) -> Sequence[Any]:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._engine.connect()
        submissions = [item.submission for item in batch if item.submission is not None]
        with connection.begin():
            filed = iter(self._filing.file(connection, submissions) if submissions else ())
            return [next(filed) if item.work is None else _within(connection, item.work) for item in batch]

    def _answer(self, batch: list[_Item[S]], outcomes: Sequence[Any]) -> None:
        pairs = [(item.future, outcome) for item, outcome in zip(batch, outcomes, strict=True)]
        try:
            # One wake-up of the loop for the whole batch, not one for each item.
            batch[0].future.get_loop().call_soon_threadsafe(_resolve, pairs)
        except RuntimeError:
            log.warning("loop closed before its answers items=%d", len(pairs))

    def _stop_for_damage(self, error: Damaged) -> None:
        log.critical("damaged code=%s detail=%s", error.code.value, error.detail)
        self._filing.forget()
        with self._gate:
            self._refusal = Code.STORE_DAMAGED
        self._on_damage()

    def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except DRIVER_ERRORS as error:
                log.error("close failed error=%s", first_line(error))


def _resolve(pairs: "list[tuple[asyncio.Future[Any], Any]]") -> None:
    for future, outcome in pairs:
        if future.done():  # its caller has gone; what was committed stays committed
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


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
