"""The register of seals: each seal's state and everything that befell it, the newest signed list, alarms."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import format_instant
from hub.protocol.seal_status import SEAL_STATE_ZH, SealEntry, SealEvent, SealState
from hub.store.schema.registry import administration
from hub.store.schema.seals import seal_alarms, seal_events, seal_lists, seals


@dataclass(frozen=True, slots=True)
class SealRow:
    """A registered seal: its certificate's x5t, its station, its state now."""

    x5t: str
    station: StationId
    state: SealState


@dataclass(frozen=True, slots=True)
class SealListRow:
    """The newest signed list."""

    number: int
    at: str
    raw: bytes


def seals_registered(tx: sa.Connection) -> tuple[SealRow, ...]:
    """Return every seal, by station."""
    query = sa.select(seals.c.x5t, seals.c.station, seals.c.state)
    rows = tx.execute(query.order_by(seals.c.station, seals.c.x5t))
    return tuple(SealRow(row.x5t, row.station, SealState(row.state)) for row in rows)


def find_seal(tx: sa.Connection, x5t: str) -> SealRow:
    """Return the seal whose certificate has this x5t. Raises: Refused (`seal.unknown`)."""
    for row in seals_registered(tx):
        if row.x5t == x5t:
            return row
    raise Refused(Code.SEAL_UNKNOWN, detail=x5t[:43])


def insert_seal(tx: sa.Connection, row: SealRow, *, act: Digest, now: datetime) -> None:
    """Register a seal. Raises: Refused (`seal.known`)."""
    values = {"x5t": row.x5t, "station": row.station, "state": row.state.value}
    if tx.execute(insert(seals).values(values).on_conflict_do_nothing()).rowcount == 0:
        raise Refused(Code.SEAL_KNOWN, detail=row.x5t)
    _add_event(tx, row.x5t, SealEvent(state=row.state, at=format_instant(now)), act)


def change_seal(
    tx: sa.Connection,
    x5t: str,
    *,
    before: frozenset[SealState],
    event: SealEvent,
    act: Digest,
) -> None:
    """Bring a seal that is in one of the states `before` into the event's. Raises: Refused (`seal.unknown`, `seal.state`)."""
    row = find_seal(tx, x5t)
    if row.state not in before:
        raise Refused(Code.SEAL_STATE, detail=x5t, values={"state": SEAL_STATE_ZH[row.state]})
    tx.execute(sa.update(seals).where(seals.c.x5t == x5t).values(state=event.state.value))
    _add_event(tx, x5t, event, act)


def seal_entries(tx: sa.Connection) -> tuple[SealEntry, ...]:
    """Return every seal with everything that befell it, as the signed list says it."""
    columns = (seal_events.c.seal, seal_events.c.state, seal_events.c.at, seal_events.c.compromised_since)
    events: dict[str, list[SealEvent]] = {}
    for row in tx.execute(sa.select(*columns).order_by(seal_events.c.number)):
        event = SealEvent(state=SealState(row.state), at=row.at, compromised_since=row.compromised_since)
        events.setdefault(row.seal, []).append(event)
    return tuple(
        SealEntry(seal=row.x5t, station=row.station, events=tuple(events[row.x5t])) for row in seals_registered(tx)
    )


def seal_events_counted(tx: sa.Connection) -> int:
    """Return how many things have befallen seals: it grows with each."""
    return int(tx.execute(sa.select(sa.func.coalesce(sa.func.max(seal_events.c.number), 0))).scalar_one())


def newest_seal_list(tx: sa.Connection) -> SealListRow | None:
    """Return the newest signed list, None before there was one."""
    row = tx.execute(sa.select(seal_lists.c.number, seal_lists.c.at, seal_lists.c.raw)).one_or_none()
    return None if row is None else SealListRow(row.number, row.at, row.raw)


def keep_seal_list(tx: sa.Connection, row: SealListRow) -> None:
    """Keep a newer signed list in place of the last."""
    values = {"number": row.number, "at": row.at, "raw": row.raw}
    new = insert(seal_lists).values(only=1, **values)
    tx.execute(new.on_conflict_do_update(index_elements=["only"], set_=values))


def insert_alarm(
    tx: sa.Connection, *, digest: Digest, station: StationId, sender: StationId, statement: int, now: datetime
) -> None:
    """Note a station's alarm, whose bytes are the recorded `statement`."""
    values = {
        "digest": digest,
        "station": station,
        "sender": sender,
        "received_at": format_instant(now),
        "statement": statement,
    }
    tx.execute(sa.insert(seal_alarms).values(values))


def has_alarm(tx: sa.Connection, digest: Digest) -> bool:
    """Whether this very alarm was received before."""
    return tx.execute(sa.select(seal_alarms.c.digest).where(seal_alarms.c.digest == digest)).first() is not None


def alarms_about(tx: sa.Connection, station: StationId | None) -> tuple[bytes, ...]:
    """Return the signed alarms that `station` raised or whose letter it had sent, oldest first; None: all."""
    query = sa.select(administration.c.raw).join(seal_alarms, seal_alarms.c.statement == administration.c.number)
    if station is not None:
        query = query.where((seal_alarms.c.station == station) | (seal_alarms.c.sender == station))
    return tuple(tx.execute(query.order_by(administration.c.number)).scalars())


def _add_event(tx: sa.Connection, x5t: str, event: SealEvent, act: Digest) -> None:
    values = {
        "seal": x5t,
        "state": event.state.value,
        "at": event.at,
        "compromised_since": event.compromised_since,
        "act": act,
    }
    tx.execute(sa.insert(seal_events).values(values))
