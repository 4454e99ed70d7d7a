"""Renaming an organisation, and putting it under another one, from a day on. Cases name codes, so they move along by themselves.

A change may begin in the past (a decree that was entered late) or up to a year ahead, but not before one that is entered already:
the history of an organisation only goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from hub.protocol.administration import MoveDetails, RenameDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, StationId
from hub.protocol.instants import SHANGHAI
from hub.store.station_versions import (
    StationVersion,
    all_on,
    in_force_on,
    put_version,
    settle_stations,
    versions_all,
)

FURTHEST = timedelta(days=366)


def rename(tx: sa.Connection, code: StationId, details: RenameDetails, *, act: Digest, now: datetime) -> None:
    """Call `code` by another name from a day on. Raises: Refused (`station.unknown`, `station.change_*`, `station.unchanged`,
    `station.name`)."""
    name = details.name.strip()
    if not name or not name.isprintable():
        raise Refused(Code.STATION_NAME, field="name")
    before = _before(versions_all(tx), code, details.from_day, today=_today(now))
    if before.name == name:
        raise Refused(Code.STATION_UNCHANGED, field="name")
    put_version(tx, replace(before, from_day=details.from_day, name=name, act=act))
    settle_stations(tx, _today(now))


def move(tx: sa.Connection, code: StationId, details: MoveDetails, *, act: Digest, now: datetime) -> None:
    """Put `code` under another organisation from a day on. Raises: Refused (`station.unknown`, `station.change_*`,
    `station.unchanged`, `station.below_itself`)."""
    versions, parent = versions_all(tx), details.parent
    before = _before(versions, code, details.from_day, today=_today(now))
    if before.parent == parent:
        raise Refused(Code.STATION_UNCHANGED, field="parent")
    if parent is not None:
        _require_above(versions, code, parent, from_day=details.from_day)
    put_version(tx, replace(before, from_day=details.from_day, parent=parent, act=act))
    settle_stations(tx, _today(now))


def _before(versions: Sequence[StationVersion], code: StationId, day: str, *, today: date) -> StationVersion:
    """What the change changes: the organisation as it is on that day."""
    mine = [version for version in versions if version.code == code]
    if not mine:
        raise Refused(Code.STATION_UNKNOWN, detail=code)
    try:
        far = date.fromisoformat(day) > today + FURTHEST
    except ValueError as error:
        raise Refused(Code.STATION_CHANGE_FAR, field="from_day", detail=day) from error
    if far:
        raise Refused(Code.STATION_CHANGE_FAR, field="from_day", detail=day)
    if day < mine[-1].from_day:
        raise Refused(Code.STATION_CHANGE_ORDER, field="from_day", values={"day": mine[-1].from_day})
    before = in_force_on(mine, day)
    assert before is not None
    return before


def _require_above(versions: Sequence[StationVersion], code: StationId, parent: StationId, *, from_day: str) -> None:
    """`parent` must be known, and not stand below `code` on that day nor on any later one on which something changes."""
    if parent not in {version.code for version in versions}:
        raise Refused(Code.STATION_UNKNOWN, field="parent", detail=parent)
    for day in sorted({from_day} | {version.from_day for version in versions if version.from_day > from_day}):
        tree = all_on(versions, day)
        above: StationId | None = parent
        seen: set[StationId] = set()
        while above is not None and above not in seen:
            if above == code:
                raise Refused(Code.STATION_BELOW_ITSELF, field="parent", detail=parent)
            seen.add(above)
            above = tree[above].parent if above in tree else None


def _today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()
