"""Steps of the machines M1 (case), M2 (letter) and M4 (gate) as officers and the program take them."""

from collections.abc import Collection
from dataclasses import replace

from hub.cases.machine import Actor, Machine, Side, default_machine
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from station_agent.people import Person
from station_agent.store.cases import CaseRow
from station_agent.store.letters import LetterRow

SYSTEM = (Actor.SYSTEM.value,)


def step_case(row: CaseRow, event: str, *, person: Person | None, facts: Collection[str] = ()) -> CaseRow:
    """Return the case after `event` of M1 by `person` (None: the program itself). Raises: Refused (`state.*`)."""
    side = Side(row.side)
    return replace(row, state=_step(default_machine("case"), row.state, event, person=person, side=side, facts=facts))


def step_letter(row: LetterRow, *events: str, person: Person | None, facts: Collection[str] = ()) -> LetterRow:
    """Return the letter after `events` of M2. Raises: Refused (`state.*`)."""
    state = row.state
    for event in events:
        state = _step(default_machine("letter"), state, event, person=person, side=None, facts=facts)
    return replace(row, state=state)


def step_gate(row: CaseRow, event: str, *, person: Person | None, facts: Collection[str] = ()) -> CaseRow:
    """Return the case after `event` of M4. Raises: Refused (`state.*`)."""
    return replace(row, gate=_step(default_machine("gate"), row.gate, event, person=person, side=None, facts=facts))


def replay_case(row: CaseRow, event: str, *, missing: Collection[str] = ()) -> CaseRow:
    """Return the case after an event that the other station has taken: its own agent judged roles and guards.

    `missing` names guards that this station knows not to hold. Raises: Refused (`state.*`).
    """
    machine = default_machine("case")
    facts = set(machine.rules.guards) - set(missing)
    refusal: Refused | None = None
    for actor in Actor:
        try:
            return replace(row, state=machine.step(row.state, event, by=actor, facts=facts))
        except NotPermitted as error:
            refusal = error
    raise refusal or Refused(Code.STATE_UNKNOWN)


def _step(
    machine: Machine, state: str, event: str, *, person: Person | None, side: Side | None, facts: Collection[str]
) -> str:
    roles = SYSTEM if person is None else tuple(sorted(role.value for role in person.certified.roles))
    refusal: Refused = NotPermitted(Code.ROLE_MISSING, values={"roles": "—"})
    # An officer may hold several roles: any one of them that the machine accepts will do.
    for role in roles:
        try:
            return machine.step(state, event, by=Actor(role), side=side, facts=facts)
        except NotPermitted as error:
            refusal = error
    raise refusal
