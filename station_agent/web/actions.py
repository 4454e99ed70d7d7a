"""What an officer can do with a case now: the events of M1 that its state, side and the officer's roles allow, as buttons.

Nothing is written per case type: names come from the machine, forms from the catalogue. Guards are judged when it is done.
"""

from dataclasses import dataclass

from hub.cases.catalogue import CaseType
from hub.cases.machine import Side, default_machine
from hub.protocol.envelope import Kind
from station_agent.desk.forward import OPEN
from station_agent.people import Person
from station_agent.store.cases import CaseRow

_MAIN = ("claim", "answer", "supply", "close")
_GRAVE = ("return", "withdraw", "dispute")
KINDS = {
    event: kind
    for kind, event in default_machine("case").rules.envelopes.items()
    if kind not in (Kind.INQUIRY, Kind.HANDOVER)
}
"""The kind of message that each event sends, of those an officer sends by a form."""


@dataclass(frozen=True, slots=True)
class Action:
    """One button: the event, its names, whether it is the main one here, or one not to be pressed lightly."""

    event: str
    zh: str
    en: str
    main: bool
    grave: bool


def actions_for(row: CaseRow, person: Person, case_type: CaseType) -> tuple[Action, ...]:
    """Return the actions in the order of M1."""
    machine = default_machine("case")
    roles, side = {role.value for role in person.certified.roles}, Side(row.side)
    found = []
    for event in machine.possible(row.state, side=side):
        kind = KINDS.get(event)
        ways = [way for way in machine.ways[row.state, event] if way.side in (None, side)]
        allowed = any(actor.value in roles for way in ways for actor in way.by)
        if kind is None or kind not in case_type.messages or not allowed:
            continue
        name = machine.rules.events[event]
        found.append(Action(event, name.zh, name.en, event in _MAIN, event in _GRAVE))
    return tuple(sorted(found, key=lambda action: (not action.main, action.grave)))


def can_take_over(row: CaseRow, person: Person) -> bool:
    """Whether the case is a colleague's and this officer may take it over, with a reason."""
    open_here = row.side == Side.ANSWERER.value and row.state in ("claimed", "in_progress", "awaiting_supply")
    roles = {role.value for role in person.certified.roles}
    return open_here and row.owner not in (None, person.number) and bool(roles & {"window", "head"})


def can_forward(row: CaseRow, person: Person) -> bool:
    """Whether this officer may hand the case to a colleague: its owner, the head, anybody of the window while it is nobody's."""
    roles = {role.value for role in person.certified.roles}
    mine = row.owner in (None, person.number) and "window" in roles
    return row.side == Side.ANSWERER.value and row.state in OPEN and (mine or "head" in roles)
