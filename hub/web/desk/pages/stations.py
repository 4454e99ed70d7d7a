"""A6: organisations and stations: what each is, when it was last here, and suspending or resuming one."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import StationId
from hub.protocol.instants import parse_instant
from hub.signing.purposes import OfficerRole
from hub.store.sign_ins import stations_seen
from hub.store.stations import stations_known
from hub.store.witnesses import witnesses_in_use
from hub.web.desk.ground import Ground
from hub.web.desk.pages.overview import SILENT
from hub.web.desk.visit import Answer, Html, Visit


@dataclass(frozen=True, slots=True)
class StationLine:
    """One organisation or station; `depth` in the tree. `seen_at` None: never signed in here."""

    code: str
    name: str
    kind: str
    depth: int
    active: bool
    seen_at: str | None
    silent: bool
    witness_size: int | None


@dataclass(frozen=True, slots=True)
class StationsPage:
    """All of them, in the order of the tree."""

    stations: tuple[StationLine, ...]
    administrator: bool


def show_stations(ground: Ground, visit: Visit) -> Answer:
    """A6."""

    def look(
        tx: sa.Connection,
    ) -> tuple[tuple[StationEntry, ...], dict[StationId, str], dict[StationId, int | None]]:
        sizes = {row.station: row.size for row in witnesses_in_use(tx)}
        return stations_known(tx), stations_seen(tx), sizes

    entries, seen, sizes = ground.read(look)
    known, inside = {entry.code for entry in entries}, dict[str, list[StationEntry]]()
    for entry in entries:
        inside.setdefault(entry.parent if entry.parent in known and entry.parent else "", []).append(entry)
    lines: list[StationLine] = []

    def walk(parent: str, depth: int) -> None:
        for entry in inside.get(parent, []):
            at = seen.get(entry.code)
            silent = entry.active and (at is None or visit.now - parse_instant(at) > SILENT)
            lines.append(
                StationLine(entry.code, entry.name, entry.kind, depth, entry.active, at, silent, sizes.get(entry.code))
            )
            walk(entry.code, depth + 1)

    walk("", 0)
    return Html("stations.html", StationsPage(tuple(lines), OfficerRole.ADMINISTRATOR in visit.person.roles))
