"""A11: every exception that was made, for ever: late letters with their reasons, restores, erased cases, doubted letters, alarms."""

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from hub.exchange.erasing import notice_in
from hub.exchange.seals import list_alarms
from hub.protocol.restore import RestoreStatement
from hub.signing.jws import stated_payload
from hub.store.erasures import ErasureRow, all_erasures
from hub.store.filed import Alarm, alarms_known
from hub.store.restores import RestoreRow, restores_declared
from hub.store.search import late_reasons
from hub.web.desk.ground import Ground
from hub.web.desk.shown import step_name, type_name
from hub.web.desk.statements import stated
from hub.web.desk.visit import Answer, Html, Visit

MOST = 500


@dataclass(frozen=True, slots=True)
class LateLine:
    """A limit that was missed and for which the station gave a reason."""

    case: str
    type: str
    step: str
    station: str
    due_at: str
    done_at: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class OverrideLine:
    """Any other exception: when, what about, who, why. `case` where it is about one."""

    at: str
    what: str
    case: str | None
    about: str
    reason: str


@dataclass(frozen=True, slots=True)
class OverridesPage:
    """All of them."""

    late: tuple[LateLine, ...]
    others: tuple[OverrideLine, ...]


def show_overrides(ground: Ground, visit: Visit) -> Answer:
    """A11."""

    def look(
        tx: sa.Connection,
    ) -> tuple[
        tuple[tuple[str, str, str, str, str | None, str, str], ...],
        tuple[RestoreRow, ...],
        list[ErasureRow],
        tuple[Alarm, ...],
    ]:
        return late_reasons(tx, limit=MOST), tuple(restores_declared(tx)), list(all_erasures(tx)), alarms_known(tx)

    late, restores, erasures, alarms = ground.read(look)
    words, names = visit.words, ground.station_names()
    others = [
        OverrideLine(row.at, words("overrides.restore"), None, words("overrides.size", n=row.size), _why(row))
        for row in restores
    ]
    for erasure in erasures:
        signed = stated(words, notice_in(erasure.raw).signatures[0].encode())
        who, why = ("", "") if signed is None else (signed.who, signed.reason)
        others.append(OverrideLine(erasure.at, words("overrides.erased"), erasure.case, who, why))
    for doubt in list_alarms(ground.folder.root):
        others += [
            OverrideLine(
                doubt.at, words("overrides.doubted"), case, names.get(doubt.station, doubt.station), doubt.facts
            )
            for case in doubt.cases
        ]
    others += [
        OverrideLine("", words("overrides.id_reused"), None, names.get(alarm.station, alarm.station), alarm.code)
        for alarm in alarms
    ]
    lines = tuple(
        LateLine(
            case,
            type_name(ground, words, type),
            step_name(ground, words, type, step),
            names.get(station, station),
            due_at,
            done_at,
            reason,
        )
        for case, type, step, due_at, done_at, station, reason in late
    )
    return Html("overrides.html", OverridesPage(lines, tuple(sorted(others, key=lambda each: each.at, reverse=True))))


def _why(row: RestoreRow) -> str:
    raw = row.raw
    payload = raw if raw[:1] == b"{" else stated_payload(raw)
    return msgspec.json.decode(payload, type=RestoreStatement).reason
