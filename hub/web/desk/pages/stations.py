"""A6: organisations and stations: what each is, when it was last here, and suspending or resuming one, and its names and place with their days."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import StationId
from hub.protocol.instants import parse_instant
from hub.signing.purposes import OfficerRole
from hub.store.sign_ins import stations_seen
from hub.store.station_versions import StationVersion, day_of, versions_all
from hub.store.stations import stations_known
from hub.store.witnesses import witnesses_in_use
from hub.web.desk.ground import Ground
from hub.web.desk.pages.organisation import VersionLine, histories
from hub.web.desk.pages.overview import SILENT
from hub.web.desk.visit import Answer, Html, Visit


@dataclass(frozen=True, slots=True)
class StationLine:
    """One organisation or station; `depth` in the tree. `seen_at` None: never signed in here. `since`: from which day on it is called
    and placed so; `planned` and `earlier`: what it will be, what it was."""

    code: str
    name: str
    kind: str
    depth: int
    active: bool
    seen_at: str | None
    silent: bool
    witness_size: int | None
    since: str
    planned: tuple[VersionLine, ...]
    earlier: tuple[VersionLine, ...]


@dataclass(frozen=True, slots=True)
class StationsPage:
    """All of them, in the order of the tree."""

    stations: tuple[StationLine, ...]
    administrator: bool


@dataclass(frozen=True, slots=True)
class _Looked:
    entries: tuple[StationEntry, ...]
    seen: dict[StationId, str]
    sizes: dict[StationId, int | None]
    versions: tuple[StationVersion, ...]


def show_stations(ground: Ground, visit: Visit) -> Answer:
    """A6."""

    def look(tx: sa.Connection) -> _Looked:
        sizes = {row.station: row.size for row in witnesses_in_use(tx)}
        return _Looked(stations_known(tx), stations_seen(tx), sizes, versions_all(tx))

    found = ground.read(look)
    entries, today = found.entries, day_of(visit.now)
    known, inside = {entry.code for entry in entries}, dict[str, list[StationEntry]]()
    for entry in entries:
        inside.setdefault(entry.parent if entry.parent in known and entry.parent else "", []).append(entry)
    lines: list[StationLine] = []
    history = histories(found.versions, entries, visit.words("organisation.none_above"))

    def walk(parent: str, depth: int) -> None:
        for entry in inside.get(parent, []):
            at = found.seen.get(entry.code)
            silent = entry.active and (at is None or visit.now - parse_instant(at) > SILENT)
            versions = history.get(entry.code, ())
            began = sum(each.from_day <= today for each in versions)
            line = StationLine(
                code=entry.code,
                name=entry.name,
                kind=entry.kind,
                depth=depth,
                active=entry.active,
                seen_at=at,
                silent=silent,
                witness_size=found.sizes.get(entry.code),
                since=versions[max(began - 1, 0)].from_day if versions else "",
                planned=versions[max(began, 1) :],
                earlier=versions[: max(began - 1, 0)],
            )
            lines.append(line)
            walk(entry.code, depth + 1)

    walk("", 0)
    return Html("stations.html", StationsPage(tuple(lines), OfficerRole.ADMINISTRATOR in visit.person.roles))
