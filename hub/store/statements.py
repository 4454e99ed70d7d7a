"""Statements of the hot path, written with SQLAlchemy Core and compiled once.

Core's own execution costs some 50 us for each statement and some us for each row; a batch has a dozen statements. Here the
text is compiled at import and goes to the driver of Core's connection as it is, parameters in the order of the text.
What the driver raises is the driver's own: `DRIVER_ERRORS` names both kinds.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import Insert

DRIVER_ERRORS = (sa.exc.DBAPIError, sqlite3.Error)
_DIALECT = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """One compiled statement. Parameters are given by position, in the order of `names`."""

    def __init__(self, statement: sa.sql.ClauseElement, *, names: Sequence[str] = ()) -> None:
        """Raises: ValueError when the text's parameters do not stand in the order of `names`: a fault of this program."""
        compiled = statement.compile(dialect=_DIALECT, column_keys=list(names) or None)
        self.text = str(compiled)
        in_text = tuple(getattr(compiled, "positiontup", None) or ())
        if in_text != tuple(names):
            raise ValueError(f"parameters are {in_text}, not {tuple(names)}")

    def rows(self, tx: sa.Connection, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return _driver(tx).execute(self.text, parameters).fetchall()

    def run(self, tx: sa.Connection, *parameters: Any) -> int:
        """Execute once; return how many rows were changed."""
        return _driver(tx).execute(self.text, parameters).rowcount

    def run_many(self, tx: sa.Connection, rows: list[tuple[Any, ...]]) -> None:
        """Execute for every row of parameters; nothing for none."""
        if rows:
            _driver(tx).executemany(self.text, rows)


class Insertion(Prepared):
    """An insertion whose rows go to the driver many at a time.

    The driver gives the interpreter lock away at every step of a statement and fights for it again: a step for each row
    made the writer and the event loop hand it to and fro some hundred times in a batch.
    """

    def __init__(self, statement: sa.sql.ClauseElement, *, names: Sequence[str]) -> None:
        """See `Prepared`."""
        super().__init__(statement, names=names)
        head, values, tail = self.text.partition(f"VALUES ({', '.join('?' * len(names))})")
        row = values.removeprefix("VALUES ")
        self._texts = {count: f"{head}VALUES {', '.join([row] * count)}{tail}" for count in _ROWS_AT_ONCE}

    def run_many(self, tx: sa.Connection, rows: list[tuple[Any, ...]]) -> None:
        """Insert all rows; nothing for none."""
        driver, done = _driver(tx), 0
        for count in _ROWS_AT_ONCE:
            while len(rows) - done >= count:
                driver.execute(self._texts[count], list(chain.from_iterable(rows[done : done + count])))
                done += count


# Few different texts, so that the driver's cache of compiled statements holds them all.
_ROWS_AT_ONCE = (64, 32, 16, 8, 4, 2, 1)


def _driver(tx: sa.Connection) -> sqlite3.Connection:
    assert tx.in_transaction()  # or each statement would be a transaction of its own
    driver: sqlite3.Connection = tx.connection.driver_connection  # type: ignore[assignment]
    return driver


def insert_into(table: sa.Table, *, ignore: bool = False) -> Insertion:
    """Return the insertion of whole rows, columns in the table's order. `ignore`: a row that is there stays."""
    statement: Insert = sqlite.insert(table).on_conflict_do_nothing() if ignore else sa.insert(table)
    return Insertion(statement, names=[column.name for column in table.columns])


def one_of(parameter: str) -> Any:
    """Return what stands right of `in_`: the values of one JSON array, so that the text is the same for any number."""
    return sa.select(sa.column("value")).select_from(sa.func.json_each(sa.bindparam(parameter, type_=sa.Text)))


def as_array(values: Iterable[str] | Iterable[int]) -> str:
    """Return values as the JSON array that `one_of` reads."""
    return msgspec.json.encode(list(values)).decode()
