"""What every store of a witness must keep to, as checks to run on it; and the reference in SQLite that they are run on."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from hub.trail.witness import WitnessState, WitnessStore

CREATE = """CREATE TABLE witness (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, checkpoint BLOB NOT NULL
) STRICT, WITHOUT ROWID"""


class SqliteWitnessStore:
    """One row for each log. The file is made once, by `create`: a path that is missing later is lost state, an error."""

    @classmethod
    def create(cls, path: Path) -> "SqliteWitnessStore":
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(CREATE)
        connection.close()
        return cls(path)

    def __init__(self, path: Path) -> None:
        # mode=rw: sqlite must not make an empty file where the state should be.
        self._db = sqlite3.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")

    def load(self, origin: str) -> WitnessState | None:
        row = self._db.execute(
            "SELECT origin, size, root, checkpoint FROM witness WHERE origin = ?", (origin,)
        ).fetchone()
        return None if row is None else WitnessState(*row)

    def swap(self, before: WitnessState | None, after: WitnessState) -> bool:
        if before is None:
            sql = "INSERT INTO witness VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
            values: tuple[object, ...] = (after.origin, after.size, after.root, after.checkpoint)
        else:
            sql = "UPDATE witness SET size = ?, root = ?, checkpoint = ? WHERE origin = ? AND size = ? AND root = ?"
            values = (after.size, after.root, after.checkpoint, after.origin, before.size, before.root)
        return self._db.execute(sql, values).rowcount == 1


def states(origin: str, *sizes: int) -> list[WitnessState]:
    return [WitnessState(origin, size, bytes([size]) * 32, b"checkpoint %d" % size) for size in sizes]


def check_store(open_store: Callable[[], WitnessStore]) -> None:
    """Run the contract. `open_store` opens the same, at first empty, durable state each time, as another process would."""
    one, other = open_store(), open_store()
    first, second, third = states("log", 1, 2, 3)
    assert one.load("log") is None
    assert one.swap(None, first), "the first state of a log is stored"
    assert other.load("log") == first, "and at once seen by everyone"
    assert not other.swap(None, second), "a log that is known does not start again"
    assert not other.swap(second, third), "nothing replaces a state that is not there"
    assert open_store().load("log") == first, "a refused swap changes nothing"
    assert one.swap(first, second)
    assert not other.swap(first, third), "of two that start from one state the later loses"
    assert open_store().load("log") == second, "and the winner's state stays"
    forked = WitnessState("log", 2, bytes(32), b"another root")
    assert not one.swap(forked, third), "the root is compared too, not the size alone"
    assert one.swap(second, second), "the same size may be accepted again, for a fresh cosignature"
    assert one.load("another") is None
    assert one.swap(None, states("another", 9)[0])
    assert open_store().load("log") == second, "logs do not touch each other"
