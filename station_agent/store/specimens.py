"""Questions about impressions registered with other stations' seals: the hub's word on each station, and which files are here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import format_instant
from station_agent.store.cases import ANSWERER
from station_agent.store.schema.cases import cases
from station_agent.store.schema.trust import specimen_statements, specimens

ENDED = ("closed", "withdrawn")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """The newest word of the hub on a station's impressions, verified when it came."""

    at: str
    raw: bytes


def stations_to_ask(tx: Connection) -> tuple[StationId, ...]:
    """Return the stations whose inquiries wait here for an end: their impressions may be looked at."""
    query = select(cases.c.peer).where(cases.c.side == ANSWERER, cases.c.state.not_in(ENDED)).distinct()
    return tuple(StationId(peer) for peer in tx.execute(query.order_by(cases.c.peer)).scalars())


def statement_about(tx: Connection, station: StationId) -> StatementRow | None:
    """Return the word kept of a station, None before there was one."""
    columns = (specimen_statements.c.at, specimen_statements.c.raw)
    row = tx.execute(select(*columns).where(specimen_statements.c.station == station)).one_or_none()
    return None if row is None else StatementRow(row.at, row.raw)


def keep_statement(tx: Connection, station: StationId, row: StatementRow) -> None:
    """Keep a newer word in place of the last."""
    values = {"at": row.at, "raw": row.raw}
    new = insert_or(specimen_statements).values(station=station, **values)
    tx.execute(new.on_conflict_do_update(index_elements=["station"], set_=values))


def specimens_asked(tx: Connection) -> dict[str, str | None]:
    """Return digest -> why it is not here (a code), None for those that are."""
    return {row.digest: row.trouble for row in tx.execute(select(specimens.c.digest, specimens.c.trouble))}


def note_specimen(tx: Connection, digest: Digest, *, trouble: str | None, now: datetime) -> None:
    """Note that an impression was fetched, or why it was not taken."""
    values = {"trouble": trouble, "at": format_instant(now)}
    new = insert_or(specimens).values(digest=digest, **values)
    tx.execute(new.on_conflict_do_update(index_elements=["digest"], set_=values))
