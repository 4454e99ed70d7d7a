"""Tables and questions of the reference register (SQLite, WAL, synchronous=FULL), shared by agents on one machine."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused, Unavailable
from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import SHANGHAI, format_instant
from station_agent.register.interface import Person

BUSY_TIMEOUT_S = 20
metadata = MetaData()

persons = Table(
    "persons",
    metadata,
    Column("id18", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("station", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("came_from", Text),
    Column("move_serial", Text),
    Column("move_date", Text),
    Column("items", LargeBinary, nullable=False),
)
entries = Table(
    "entries",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("day", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("operation", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("act", Text, nullable=False, unique=True),
    Column("act_raw", LargeBinary, nullable=False),
    Column("evidence", Text),
    Column("at", Text, nullable=False),
)
# What may be used once. The primary key refuses a second use, whoever asks and however many ask at once.
consumed = Table(
    "consumed",
    metadata,
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("serial", Text, nullable=False),
    PrimaryKeyConstraint("kind", "key"),
)

# Lists of seals that evidence has brought, verified then (see `seal_memory.py`).
seal_lists = Table(
    "seal_lists",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
)

ACT = "act"
LETTER = "letter"
EVIDENCE = "evidence"
REQUEST = "request"
_USED_BEFORE = {
    ACT: Code.REGISTER_ACT_USED,
    LETTER: Code.LETTER_ALREADY_USED,
    EVIDENCE: Code.REGISTER_EVIDENCE_USED,
    REQUEST: Code.REGISTER_REQUEST_USED,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the register."""

    serial: str
    operation: str
    case: str
    act: Digest
    act_raw: bytes
    evidence: Digest | None
    at: datetime


def seal_lists_kept(tx: Connection) -> tuple[tuple[int, bytes], ...]:
    """Return number and JSON of the lists of seals that are remembered."""
    rows = tx.execute(select(seal_lists.c.number, seal_lists.c.raw).order_by(seal_lists.c.number))
    return tuple((row.number, row.raw) for row in rows)


def put_seal_list(tx: Connection, number: int, raw: bytes, *, instead_of: list[int]) -> None:
    """Remember a list of seals in place of others."""
    tx.execute(delete(seal_lists).where(seal_lists.c.number.in_([*instead_of, number])))
    tx.execute(insert(seal_lists).values(number=number, raw=raw))


@contextmanager
def open_tables(file: Path) -> Iterator[Connection]:
    """Yield one transaction on the register's file, which holds the write lock; on disk when the block is left.

    Raises: Unavailable (`register.busy`), Damaged (`register.damaged`).
    """
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_TIMEOUT_S}, poolclass=NullPool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as tx:
            metadata.create_all(tx)
            yield tx
    except OperationalError as error:
        raise Unavailable(Code.REGISTER_BUSY, detail=str(error.orig)) from error
    except DatabaseError as error:
        raise Damaged(Code.REGISTER_DAMAGED, detail=str(error.orig)) from error
    finally:
        engine.dispose()


def find_person(tx: Connection, id18: str) -> Person | None:
    """Return the record of a citizen number, or None."""
    found = tx.execute(select(persons).where(persons.c.id18 == id18)).mappings().one_or_none()
    if found is None:
        return None
    values = dict(found)
    return Person(**values | {"items": msgspec.json.decode(values["items"], type=dict[str, str])})


def put_person(tx: Connection, person: Person) -> None:
    """Enter a record, or write it anew."""
    values = {
        "id18": person.id18,
        "name": person.name,
        "station": person.station,
        "address": person.address,
        "came_from": person.came_from,
        "move_serial": person.move_serial,
        "move_date": person.move_date,
        "items": msgspec.json.encode(dict(person.items)),
    }
    tx.execute(insert(persons).prefix_with("OR REPLACE").values(values))


def next_serial(tx: Connection, station: StationId, *, now: datetime) -> str:
    """Return the next business serial number: station, day (Beijing), running number of the day."""
    day = now.astimezone(SHANGHAI).strftime("%Y%m%d")
    last = tx.execute(select(func.max(entries.c.number)).where(entries.c.day == day)).scalar()
    return f"{station}-{day}-{(last or 0) + 1:06d}"


def add_entry(tx: Connection, entry: Entry) -> None:
    """Store a change. Raises: Refused (`register.act_used`)."""
    _, day, number = entry.serial.rsplit("-", 2)
    values: dict[str, Any] = {
        "serial": entry.serial,
        "day": day,
        "number": int(number),
        "operation": entry.operation,
        "case": entry.case,
        "act": entry.act,
        "act_raw": entry.act_raw,
        "evidence": entry.evidence,
        "at": format_instant(entry.at),
    }
    try:
        tx.execute(insert(entries).values(values))
    except IntegrityError as error:
        raise Refused(Code.REGISTER_ACT_USED) from error


def serial_of_act(tx: Connection, act: Digest) -> str | None:
    """Return the serial number that this very act got, or None."""
    found: str | None = tx.execute(select(entries.c.serial).where(entries.c.act == act)).scalar()
    return found


def consume(tx: Connection, kind: str, key: str, *, case: str, serial: str) -> None:
    """Use something up. Raises: Refused (`E405` for a letter, `register.*_used`) when it was used before."""
    try:
        tx.execute(insert(consumed).values(kind=kind, key=key, case=case, serial=serial))
    except IntegrityError as error:
        before = used_by(tx, kind, key)
        raise Refused(_USED_BEFORE[kind], values={"case": before or "—"}) from error


def used_by(tx: Connection, kind: str, key: str) -> str | None:
    """Return the case that used something up, or None."""
    question = select(consumed.c.case).where(consumed.c.kind == kind, consumed.c.key == key)
    found: str | None = tx.execute(question).scalar()
    return found


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
