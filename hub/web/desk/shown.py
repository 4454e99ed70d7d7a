"""How the hub's desk names things: case types, states and events in words, organisations by their names, lists for saving."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.cases.catalogue import ClockRule
from hub.cases.machine import default_machine
from hub.pages.tables import CSV_TYPE, XLSX_TYPE, Cell, csv_of, xlsx_of
from hub.pages.visit import File
from hub.pages.wording import Words
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from hub.protocol.instants import SHANGHAI, format_instant
from hub.web.desk.ground import Ground

TONES = {
    "delivered": "new",
    "reassigned": "new",
    "claimed": "busy",
    "in_progress": "busy",
    "awaiting_supply": "wait",
    "returned": "wait",
    "suspended": "wait",
    "answered": "good",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list to choose from."""

    value: str
    text: str


def type_name(ground: Ground, words: Words, code: str) -> str:
    """Return the name of a case type; one that is not in force here is named by its code."""
    found = ground.catalogue.types.get(code)
    return code if found is None else words.of(found)


def clock_rule(ground: Ground, type: str, step: str | None) -> ClockRule | None:
    """Return the rule of a limit; None when the case types in force do not know it."""
    found = ground.catalogue.types.get(type)
    rules = () if found is None else found.clocks
    return next((rule for rule in rules if rule.step == step), None)


def step_name(ground: Ground, words: Words, type: str, step: str | None) -> str:
    """Return the name of a limit."""
    rule = clock_rule(ground, type, step)
    return (step or "") if rule is None else words.of(rule)


def state_name(words: Words, state: str) -> str:
    """Return a state in words."""
    found = default_machine("case").rules.states.get(state)
    return state if found is None else words.of(found)


def kind_name(ground: Ground, words: Words, type: str, kind: str) -> str:
    """Return what a message is called: by its case type, else by what it does."""
    found, wanted = ground.catalogue.types.get(type), Kind(kind)
    if found is not None and wanted in found.messages:
        return words.of(found.messages[wanted])
    machine = default_machine("case")
    return words.of(machine.rules.events[machine.event_of(wanted)])


def day_bounds(now: datetime) -> tuple[str, str]:
    """Return the instants at which Beijing's day begins and ends."""
    begins = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return format_instant(begins), format_instant(begins + timedelta(days=1))


def instant_of_day(day: str, *, after: int = 0) -> str:
    """Return the instant at which a day of Beijing begins, `after` days on; "" for "". Raises: Refused (`desk.view`)."""
    if not day:
        return ""
    try:
        begins = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise Refused(Code.DESK_VIEW, field="day") from error
    return format_instant(begins + timedelta(days=after))


def saved_table(form: str, name: str, head: list[str], rows: list[list[Cell]]) -> File:
    """Return a table for saving, as `csv` or `xlsx`. Raises: Refused (`desk.not_found`)."""
    if form == "csv":
        return File(csv_of(head, rows), CSV_TYPE, f"{name}.csv")
    if form == "xlsx":
        return File(xlsx_of(head, rows), XLSX_TYPE, f"{name}.xlsx")
    raise Refused(Code.DESK_NOT_FOUND)
