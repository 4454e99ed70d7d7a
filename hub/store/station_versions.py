"""What each organisation is called and belongs to, from which day of Beijing on. The `stations` rows hold what is in force now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import SHANGHAI
from hub.store.schema.registry import station_versions, stations
from hub.store.schema.trail import head


@dataclass(frozen=True, slots=True)
class StationVersion:
    """From `from_day` (YYYY-MM-DD) on `code` is called `name` and stands below `parent`; `act`: digest of the act that says so."""

    code: StationId
    from_day: str
    name: str
    parent: StationId | None
    act: Digest | None = None


_V = station_versions.c
_ROW = (_V.code, _V.from_day, _V.name, _V.parent, _V.act)


def day_of(at: datetime) -> str:
    """Return Beijing's day of an instant."""
    return at.astimezone(SHANGHAI).date().isoformat()


def versions_all(tx: sa.Connection) -> tuple[StationVersion, ...]:
    """Return every version, by code and day."""
    return tuple(map(_version, tx.execute(sa.select(*_ROW).order_by(_V.code, _V.from_day)).mappings()))


def versions_among(tx: sa.Connection, codes: Sequence[StationId]) -> tuple[StationVersion, ...]:
    """Return the versions of some organisations, by code and day."""
    query = sa.select(*_ROW).where(_V.code.in_(codes)).order_by(_V.code, _V.from_day)
    return tuple(map(_version, tx.execute(query).mappings()))


def put_version(tx: sa.Connection, version: StationVersion) -> None:
    """Keep a version; one that begins on the same day is replaced."""
    values = {
        "code": version.code,
        "from_day": version.from_day,
        "name": version.name,
        "parent": version.parent,
        "act": version.act,
    }
    statement = insert(station_versions).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["code", "from_day"], set_=values))


def in_force_on(versions: Sequence[StationVersion], day: str) -> StationVersion | None:
    """Return the one of an organisation's `versions` (by day) that is in force on `day`; before the first of them, the first."""
    before = [version for version in versions if version.from_day <= day]
    return before[-1] if before else next(iter(versions), None)


def all_on(versions: Sequence[StationVersion], day: str) -> dict[StationId, StationVersion]:
    """Return what is in force on `day` of every organisation among `versions` (by code and day)."""
    found: dict[StationId, StationVersion] = {}
    for version in versions:
        if version.code not in found or version.from_day <= day:
            found[version.code] = version
    return found


def names_on(versions: Sequence[StationVersion], day: str) -> dict[str, str]:
    """Return what each organisation among `versions` was called on `day`."""
    return {code: version.name for code, version in all_on(versions, day).items()}


def unsettled_stations(tx: sa.Connection, today: date) -> tuple[StationVersion, ...]:
    """Return what is in force today and is not what the stations' rows say."""
    present = {row.code: (row.name, row.parent) for row in tx.execute(sa.select(stations))}
    now = all_on(versions_all(tx), today.isoformat()).values()
    return tuple(version for version in now if present.get(version.code) != (version.name, version.parent))


def settle_stations(tx: sa.Connection, today: date) -> int:
    """Let the stations' rows say what is in force today; return how many changed. Run at each change and each new day."""
    changed = unsettled_stations(tx, today)
    for version in changed:
        wanted = {"name": version.name, "parent": version.parent}
        tx.execute(sa.update(stations).where(stations.c.code == version.code).values(wanted))
    if changed:
        tx.execute(sa.update(head).values(registry=head.c.registry + 1))
    return len(changed)


def _version(found: sa.RowMapping) -> StationVersion:
    return StationVersion(**dict(found))
