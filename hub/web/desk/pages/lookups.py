"""A9: who looked at what, here and at the stations: searches for people, full texts, evidence; and who looked unusually much."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from hub.protocol.administration import AdministrationKind
from hub.protocol.instants import SHANGHAI, parse_instant
from hub.store.desk import LookUp, LookUpRow, lookups_known
from hub.store.log_pages import statements_before
from hub.web.desk.ground import Ground
from hub.web.desk.statements import Stated, stated
from hub.web.desk.visit import Answer, Html, Visit

ROWS = 100
MOST_STATEMENTS = 2000
WATCHED = timedelta(days=30)
MANY_A_DAY = 20
NIGHT_BEGINS, NIGHT_ENDS = 22, 6


@dataclass(frozen=True, slots=True)
class Unusual:
    """Somebody who looked often in a day, or at night (Beijing)."""

    who: str
    day: str
    count: int
    at_night: int


@dataclass(frozen=True, slots=True)
class LookupsPage:
    """Look-ups at the hub, those of stations, and the unusual ones. `what` filters, `before` goes on."""

    what: str
    kinds: tuple[str, ...]
    rows: tuple[LookUpRow, ...]
    more: bool
    before: int
    stations: tuple[Stated, ...]
    unusual: tuple[Unusual, ...]


def show_lookups(ground: Ground, visit: Visit) -> Answer:
    """A9."""
    what = next((kind for kind in LookUp if kind.value == visit.query.get("what")), None)
    text = visit.query.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0

    def look(tx: sa.Connection) -> tuple[tuple[LookUpRow, ...], tuple[LookUpRow, ...], list[bytes]]:
        rows = lookups_known(tx, what=what, limit=ROWS + 1, before=before)
        recent = lookups_known(tx, limit=MOST_STATEMENTS)
        statements = statements_before(tx, before=0, limit=MOST_STATEMENTS)
        # Most statements are none of ours: only those that may be are decoded.
        return rows, recent, [raw for _, _, raw in statements]

    rows, recent, statements = ground.read(look)
    origin = ground.settings.trail.origin
    told = [said for raw in statements if (said := stated(visit.words, raw)) is not None]
    asked = [
        said for said in told if said.kind is AdministrationKind.LOOK_UP_PERSON and said.origin not in ("", origin)
    ]
    page = LookupsPage(
        what="" if what is None else what.value,
        kinds=tuple(kind.value for kind in LookUp),
        rows=rows[:ROWS],
        more=len(rows) > ROWS,
        before=rows[ROWS - 1].number if len(rows) > ROWS else 0,
        stations=tuple(asked[:ROWS]),
        unusual=_unusual(recent, asked, visit),
    )
    return Html("lookups.html", page)


def _unusual(recent: tuple[LookUpRow, ...], asked: list[Stated], visit: Visit) -> tuple[Unusual, ...]:
    looks = [
        (f"{row.by_name} {row.by_number}", row.at)
        for row in recent
        if row.what in (LookUp.PERSON, LookUp.REVEAL, LookUp.EVIDENCE)
    ]
    looks += [(f"{said.who} · {said.origin}", said.at) for said in asked]
    daily: Counter[tuple[str, str]] = Counter()
    nightly: Counter[tuple[str, str]] = Counter()
    for who, text in looks:
        at = parse_instant(text)
        if visit.now - at > WATCHED:
            continue
        local = at.astimezone(SHANGHAI)
        day = local.strftime("%Y-%m-%d")
        daily[who, day] += 1
        nightly[who, day] += local.hour >= NIGHT_BEGINS or local.hour < NIGHT_ENDS
    return tuple(
        Unusual(who, day, count, nightly[who, day])
        for (who, day), count in sorted(daily.items(), key=lambda item: item[0][1], reverse=True)
        if count >= MANY_A_DAY or nightly[who, day]
    )
