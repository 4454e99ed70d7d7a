"""A8: figures of a period: how many by type, limits kept, outcomes, returns. Every name comes from the case types."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.pages.tables import Cell
from hub.protocol.instants import SHANGHAI
from hub.store.desk import LookUp, note_lookup
from hub.store.search import TypeFigures, figures_by_type, limits_kept, outcomes_between
from hub.web.desk.ground import Ground
from hub.web.desk.shown import instant_of_day, saved_table, step_name, type_name
from hub.web.desk.visit import Answer, Html, Visit

CHART = 1000


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One case type's figures."""

    name: str
    opened: int
    open: int
    late: int
    returned: int
    disputed: int


@dataclass(frozen=True, slots=True)
class LimitLine:
    """How one limit was kept: `rate` in per cent of those met in the period."""

    type: str
    step: str
    met: int
    late: int
    rate: int
    width: int


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """How often an outcome was given."""

    type: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """The figures of the days from `since` to `until`, both included, Beijing."""

    since: str
    until: str
    types: tuple[TypeLine, ...]
    limits: tuple[LimitLine, ...]
    outcomes: tuple[OutcomeLine, ...]


def show_figures(ground: Ground, visit: Visit) -> Answer:
    """A8."""
    return Html("figures.html", _figures(ground, visit))


def export(ground: Ground, visit: Visit) -> Answer:
    """The figures for saving."""
    page, words = _figures(ground, visit), visit.words
    with ground.lock, ground.engine.begin() as tx:
        by = (visit.person.number, visit.person.certified.name)
        note_lookup(tx, LookUp.LIST, by=by, now=visit.now, reason=words("figures.title"))
    rows: list[list[Cell]] = []
    for each in page.types:
        counted = {"opened": each.opened, "open": each.open, "late": each.late, "returned": each.returned}
        counted["disputed"] = each.disputed
        rows += [[each.name, words(f"figures.{key}"), count] for key, count in counted.items()]
    rows += [[each.type, f"{each.step} · {words('figures.met')}", each.met] for each in page.limits]
    rows += [[each.type, f"{each.step} · {words('figures.rate')} %", each.rate] for each in page.limits]
    rows += [[each.type, f"{words('figures.outcome')} · {each.outcome}", each.count] for each in page.outcomes]
    head = [words("figures.type"), words("figures.figure"), f"{page.since} – {page.until}"]
    return saved_table(visit.params["form"], "figures", head, rows)


def _figures(ground: Ground, visit: Visit) -> FiguresPage:
    today = visit.now.astimezone(SHANGHAI)
    since = visit.query.get("since") or today.strftime("%Y-%m-01")
    until = visit.query.get("until") or today.strftime("%Y-%m-%d")
    begins, ends = instant_of_day(since[:10]), instant_of_day(until[:10], after=1)

    def look(
        tx: sa.Connection,
    ) -> tuple[tuple[TypeFigures, ...], tuple[tuple[str, str, int, int], ...], tuple[tuple[str, str, int], ...]]:
        return figures_by_type(tx, begins, ends), limits_kept(tx, begins, ends), outcomes_between(tx, begins, ends)

    types, limits, outcomes = ground.read(look)
    words = visit.words
    return FiguresPage(
        since=since[:10],
        until=until[:10],
        types=tuple(
            TypeLine(
                type_name(ground, words, each.type), each.opened, each.open, each.late, each.returned, each.disputed
            )
            for each in types
        ),
        limits=tuple(
            LimitLine(
                type_name(ground, words, type),
                step_name(ground, words, type, step),
                met,
                late,
                round((met - late) * 100 / met),
                round((met - late) * CHART / met),
            )
            for type, step, met, late in limits
        ),
        outcomes=tuple(
            OutcomeLine(type_name(ground, words, type), outcome, count) for type, outcome, count in outcomes
        ),
    )
