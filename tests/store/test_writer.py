"""The one writer: one transaction for what is queued, each item its own outcome, nothing acknowledged that failed."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, HanxunError, Refused, Unavailable
from hub.store.database import Readers
from hub.store.migrate import create_database
from hub.store.schema.exchange import blobs
from hub.store.writer import MAX_BATCH, Writer


class Notes:
    """A filing that writes one row for each submission; `-` at its front is refused, `!` breaks the transaction."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.forgotten = 0

    def file(self, tx: sa.Connection, submissions: Sequence[str]) -> Sequence[str | HanxunError]:
        """See `Filing`."""
        self.batches.append(len(submissions))
        outcomes: list[str | HanxunError] = []
        for text in submissions:
            if text == "damaged":
                raise Damaged(Code.STORE_DAMAGED)
            if text.startswith("!"):
                tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
            if text.startswith("-"):
                outcomes.append(Refused(Code.REQUEST_FORM))
            else:
                tx.execute(sa.insert(blobs).values(digest=text, size=1, stored_at=""))
                outcomes.append(text.upper())
        return outcomes

    def committed(self) -> None:
        """See `Filing`."""

    def forget(self) -> None:
        """See `Filing`."""
        self.forgotten += 1


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "hub.sqlite"
    create_database(path)
    return path


@contextmanager
def another_writes(database: Path) -> Iterator[None]:
    """Another process holds the database, as an administrator's verb beside the hub does."""
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def stored(database: Path) -> list[str]:
    """The digests that were committed."""
    readers = Readers(database)
    try:
        return readers.read_now(
            lambda tx: list(tx.execute(sa.select(blobs.c.digest).order_by(blobs.c.digest)).scalars())
        )
    finally:
        readers.close()


async def test_what_is_queued_is_one_transaction_and_a_refusal_fails_nobody_else(database: Path) -> None:
    notes = Notes()
    writer: Writer[str, str] = Writer(database, notes)
    writer.start()
    with another_writes(database):
        first = writer.submit("a")
        await asyncio.sleep(0.05)
        rest = [writer.submit(text) for text in ("b", "-", "c")]
    outcomes = await asyncio.gather(first, *rest, return_exceptions=True)
    await writer.stop()
    assert [outcome if isinstance(outcome, str) else type(outcome) for outcome in outcomes] == ["A", "B", Refused, "C"]
    assert notes.batches == [1, 3]
    assert stored(database) == ["a", "b", "c"]


async def test_a_transaction_that_breaks_is_unavailable_to_all_of_it_and_the_next_one_goes_on(database: Path) -> None:
    notes = Notes()
    writer: Writer[str, str] = Writer(database, notes)
    writer.start()
    with another_writes(database):
        first = writer.submit("a")
        await asyncio.sleep(0.05)
        rest = [writer.submit("b"), writer.submit("!")]
    assert await first == "A"
    for outcome in await asyncio.gather(*rest, return_exceptions=True):
        assert isinstance(outcome, Unavailable)
    assert notes.forgotten == 1
    assert await writer.submit("d") == "D"
    await writer.stop()
    assert stored(database) == ["a", "d"]


async def test_work_fails_alone(database: Path) -> None:
    writer: Writer[str, str] = Writer(database, Notes())
    writer.start()

    def refuse(tx: sa.Connection) -> None:
        tx.execute(sa.insert(blobs).values(digest="x", size=1, stored_at=""))
        raise Refused(Code.REQUEST_FORM)

    def double(tx: sa.Connection) -> None:
        for _ in range(2):
            tx.execute(sa.insert(blobs).values(digest="y", size=1, stored_at=""))

    def good(tx: sa.Connection) -> int:
        return tx.execute(sa.insert(blobs).values(digest="z", size=1, stored_at="")).rowcount

    outcomes = await asyncio.gather(
        writer.run(refuse), writer.run(double), writer.run(good), writer.submit("a"), return_exceptions=True
    )
    await writer.stop()
    assert [type(outcome) for outcome in outcomes] == [Refused, HanxunError, int, str]
    assert stored(database) == ["a", "z"]


async def test_stopping_finishes_what_is_queued_and_refuses_the_rest(database: Path) -> None:
    writer: Writer[str, str] = Writer(database, Notes())
    writer.start()
    with another_writes(database):
        queued = [writer.submit(text) for text in "abc"]
        stopping = asyncio.create_task(writer.stop())
        await asyncio.sleep(0.05)
        with pytest.raises(Unavailable):
            writer.submit("d")
    await stopping
    assert await asyncio.gather(*queued) == ["A", "B", "C"]
    assert stored(database) == ["a", "b", "c"]


async def test_damage_stops_the_writer_for_good(database: Path) -> None:
    told = threading.Event()
    writer: Writer[str, str] = Writer(database, Notes(), on_damage=told.set)
    writer.start()
    with pytest.raises(Damaged):
        await writer.submit("damaged")
    assert told.is_set()
    with pytest.raises(Unavailable):
        writer.submit("a")
    await writer.stop()


async def test_while_another_process_writes_the_loop_goes_on(database: Path) -> None:
    writer: Writer[str, str] = Writer(database, Notes())
    writer.start()
    with another_writes(database):
        waiting = writer.submit("a")
        for _ in range(20):
            await asyncio.wait_for(asyncio.sleep(0.005), 0.1)
        assert not waiting.done()
    assert await waiting == "A"
    await writer.stop()
    assert stored(database) == ["a"]


async def test_more_than_one_batch_holds_is_filed_in_order(database: Path) -> None:
    notes = Notes()
    writer: Writer[str, str] = Writer(database, notes)
    writer.start()
    texts = [f"{number:03d}" for number in range(2 * MAX_BATCH + 1)]
    assert await asyncio.gather(*map(writer.submit, texts)) == texts
    await writer.stop()
    assert notes.batches == [MAX_BATCH, MAX_BATCH, 1]
    assert stored(database) == texts


async def test_a_caller_that_has_gone_does_not_disturb_the_others(database: Path) -> None:
    writer: Writer[str, str] = Writer(database, Notes())
    writer.start()
    first, second = writer.submit("a"), writer.submit("b")
    first.cancel()
    assert await second == "B"
    await writer.stop()
    assert stored(database) == ["a", "b"]
