"""Questions about the tray: scans from the scan folder that wait for an officer. A version of a file is one item, once."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, func, insert, or_, select, update

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import format_instant
from station_agent.store.schema.cases import case_files, letters
from station_agent.store.schema.desk import tray


class TrayState(StrEnum):
    """Where an item stands; a discarded one can be restored until it is erased; a refused file is no scan."""

    WAITING = "waiting"
    ATTACHED = "attached"
    DISCARDED = "discarded"
    ERASED = "erased"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TrayRow:
    """One item. `changed_ns` is the file's time; `digest` None for a refused one, whose `trouble` is a code; `same_as` the
    first item with the same bytes; `case` where it was attached; `made_from` the items it was joined from (`3,4`), or whose
    pages it holds (`3:2-5`)."""

    item: int
    name: str
    size: int
    changed_ns: int
    digest: Digest | None
    media_type: str | None
    trouble: str | None
    state: str
    same_as: int | None
    case: CaseId | None
    taken_at: str
    changed_at: str
    made_from: str | None = None


_COLUMNS = tuple(tray.c[field.name] for field in fields(TrayRow))


def known_files(tx: Connection) -> frozenset[tuple[str, int, int]]:
    """Return every version of a file that was taken: name, time of its last change (nanoseconds), size."""
    return frozenset(tuple(row) for row in tx.execute(select(tray.c.name, tray.c.changed_ns, tray.c.size)))


def add_item(
    tx: Connection,
    *,
    name: str,
    size: int,
    changed_ns: int,
    digest: Digest | None,
    media_type: str | None,
    trouble: Code | None,
    made_from: str | None = None,
    now: datetime,
) -> int:
    """Add what was found in the folder or made here, linked to the first item with the same bytes, and return its number."""
    first = tx.execute(select(func.min(tray.c.item)).where(tray.c.digest == digest)).scalar() if digest else None
    at = format_instant(now)
    state = TrayState.REFUSED if trouble else TrayState.WAITING
    values = {"name": name, "size": size, "changed_ns": changed_ns, "digest": digest, "media_type": media_type}
    values |= {"trouble": trouble and trouble.value, "state": state.value, "same_as": first, "made_from": made_from}
    added = tx.execute(insert(tray).values(taken_at=at, changed_at=at, **values)).inserted_primary_key
    if added is None:
        raise RuntimeError("no key for a tray item")
    return int(added[0])


def newest_of(tx: Connection, name: str) -> TrayRow | None:
    """Return the item last taken from the file of that name, or None."""
    found = tx.execute(select(*_COLUMNS).where(tray.c.name == name).order_by(tray.c.item.desc()).limit(1)).one_or_none()
    return None if found is None else TrayRow(*found)


def renew_item(
    tx: Connection, item: int, *, size: int, changed_ns: int, digest: Digest, media_type: str | None, now: datetime
) -> None:
    """Let an item stand for the same scan as its file has become: written on, or only touched."""
    values = {"size": size, "changed_ns": changed_ns, "digest": digest, "media_type": media_type}
    tx.execute(update(tray).where(tray.c.item == item).values(changed_at=format_instant(now), **values))


def tray_items(tx: Connection, *states: TrayState) -> tuple[TrayRow, ...]:
    """Return the items in one of these states (all when none is named), oldest first."""
    query = select(*_COLUMNS).order_by(tray.c.item)
    if states:
        query = query.where(tray.c.state.in_([state.value for state in states]))
    return tuple(TrayRow(*row) for row in tx.execute(query))


def count_waiting(tx: Connection) -> int:
    """Return how many scans wait for an officer."""
    return int(tx.execute(select(func.count()).where(tray.c.state == TrayState.WAITING.value)).scalar_one())


def require_item(tx: Connection, item: int) -> TrayRow:
    """Return an item. Raises: Refused (`tray.unknown`)."""
    found = tx.execute(select(*_COLUMNS).where(tray.c.item == item)).one_or_none()
    if found is None:
        raise Refused(Code.TRAY_UNKNOWN, values={"item": item})
    return TrayRow(*found)


def move_item(tx: Connection, row: TrayRow, state: TrayState, *, case: CaseId | None = None, now: datetime) -> None:
    """Bring an item into another state. Raises: Refused (`tray.state`) when it is no longer as `row` says."""
    values = {"state": state.value, "case": case, "changed_at": format_instant(now)}
    asked = update(tray).where(tray.c.item == row.item, tray.c.state == row.state).values(values)
    if tx.execute(asked).rowcount != 1:
        raise Refused(Code.TRAY_STATE, values={"item": row.item, "state": row.state})


def discarded_before(tx: Connection, now: datetime, *, kept: timedelta) -> tuple[TrayRow, ...]:
    """Return the items discarded longer ago than `kept`."""
    limit = format_instant(now - kept)
    query = select(*_COLUMNS).where(tray.c.state == TrayState.DISCARDED.value, tray.c.changed_at <= limit)
    return tuple(TrayRow(*row) for row in tx.execute(query))


def is_named_elsewhere(tx: Connection, digest: Digest, *, but: int) -> bool:
    """Whether a case, or an item other than `but` that is not erased, holds these bytes."""
    other = select(tray.c.item).where(
        tray.c.digest == digest, tray.c.item != but, tray.c.state != TrayState.ERASED.value
    )
    file = select(case_files.c.case).where(case_files.c.digest == digest)
    letter = select(letters.c.case).where(or_(letters.c.scan == digest, letters.c.letter == digest))
    return any(tx.execute(query.limit(1)).first() is not None for query in (other, file, letter))
