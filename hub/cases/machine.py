"""One interpreter for all state machines; the machines are data (`config/machines/*.toml`, DOMAIN 3, M1, M2, M4).

Pure: a state and an event in, the next state out or a refusal that says what is possible. Whether a guard holds is
told by the caller; this module never looks anything up.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.toml import decode_toml

BACK = "<back>"


class Actor(StrEnum):
    """Who does something. The first six are the roles in officers' certificates; the system is the program itself."""

    WINDOW = "window"
    CUSTODIAN = "custodian"
    HEAD = "head"
    COMMUNITY = "community"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SYSTEM = "system"


class Side(StrEnum):
    """Which of the two stations: the one that opened the case or the one that answers (never 迁入/迁出, DOMAIN 0.4)."""

    OPENER = "opener"
    ANSWERER = "answerer"


class Name(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people call a state, event or guard."""

    zh: str
    en: str


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A state; a `final` one has no ordinary way on."""

    zh: str
    en: str
    final: bool = False


class Transition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way from states to a state. `to = "<back>"` returns to where the last suspension came from."""

    event: str
    from_: tuple[str, ...] = msgspec.field(name="from")
    to: str
    by: tuple[Actor, ...]
    side: Side | None = None
    guards: tuple[str, ...] = ()


class MachineRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine's file. `envelopes` names the event that each kind of envelope is."""

    zh: str
    en: str
    initial: str
    states: dict[str, State]
    events: dict[str, Name]
    guards: dict[str, Name] = {}
    envelopes: dict[Kind, str] = {}
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine ready to run; `ways` holds the transitions by state and event, in the file's order."""

    rules: MachineRules
    ways: Mapping[tuple[str, str], tuple[Transition, ...]]

    @property
    def initial(self) -> str:
        """The state before anything happened."""
        return self.rules.initial

    def event_of(self, kind: Kind) -> str:
        """Return the event that an envelope of `kind` is. Raises: Refused (`state.event`) if it is none."""
        event = self.rules.envelopes.get(kind)
        if event is None:
            raise self._no_way(self.initial, kind.value)
        return event

    def possible(self, state: str, *, side: Side | None = None) -> tuple[str, ...]:
        """Return the events that the machine knows in `state`, whatever their guards say."""
        return tuple(
            event
            for (start, event), ways in self.ways.items()
            if start == state and any(side is None or way.side in (None, side) for way in ways)
        )

    def step(
        self,
        state: str,
        event: str,
        *,
        by: Actor | str,
        side: Side | None = None,
        facts: Collection[str] = (),
        came_from: str | None = None,
    ) -> str:
        """Return the state after `event`.

        `by` is the role acting, `side` its station's part in the case (None: not compared), `facts` the names of the
        guards that hold, `came_from` the state before a suspension. The first transition whose guards all hold is taken.
        Raises: Refused (`state.unknown`, `state.event`, `state.guard`), NotPermitted (`state.role`).
        """
        if state not in self.rules.states:
            raise Refused(Code.STATE_UNKNOWN, values={"state": state[:40]})
        ways = [way for way in self.ways.get((state, event), ()) if side is None or way.side in (None, side)]
        if not ways:
            raise self._no_way(state, event)
        permitted = [way for way in ways if by in way.by]
        if not permitted:
            name = self.rules.events[event]
            roles = ", ".join(sorted({role.value for way in ways for role in way.by}))
            raise NotPermitted(Code.STATE_ROLE, values={"event_zh": name.zh, "event_en": name.en, "roles": roles})
        for way in permitted:
            if all(guard in facts for guard in way.guards):
                return self._target(way, came_from)
        raise self._guarded(permitted[-1], facts)

    def _target(self, way: Transition, came_from: str | None) -> str:
        if way.to != BACK:
            return way.to
        if came_from not in self.rules.states:
            raise Refused(Code.STATE_UNKNOWN, values={"state": came_from})
        return came_from

    def _no_way(self, state: str, event: str) -> Refused:
        here = self.rules.states[state]
        name = self.rules.events.get(event, Name(zh=event[:40], en=event[:40]))
        possible = [self.rules.events[other] for other in self.possible(state)]
        return Refused(
            Code.STATE_EVENT,
            detail=f"{event[:40]} in {state}",
            values={
                "state_zh": here.zh,
                "state_en": here.en,
                "event_zh": name.zh,
                "event_en": name.en,
                "possible_zh": "、".join(other.zh for other in possible) or "无",
                "possible_en": ", ".join(other.en for other in possible) or "nothing",
            },
        )

    def _guarded(self, way: Transition, facts: Collection[str]) -> Refused:
        name = self.rules.events[way.event]
        missing = [self.rules.guards[guard] for guard in way.guards if guard not in facts]
        return Refused(
            Code.STATE_GUARD,
            detail=", ".join(guard for guard in way.guards if guard not in facts),
            values={
                "event_zh": name.zh,
                "event_en": name.en,
                "guard_zh": "、".join(guard.zh for guard in missing),
                "guard_en": ", ".join(guard.en for guard in missing),
            },
        )


def load_machine(raw: bytes, *, name: str) -> Machine:
    """Return the machine in a file's bytes. Raises: Refused (`config.invalid`) with the place."""
    rules = decode_toml(raw, MachineRules, name=name, known=_known_keys())
    ways: dict[tuple[str, str], tuple[Transition, ...]] = {}
    for number, way in enumerate(rules.transitions):
        unknown = [
            *({*way.from_, way.to} - set(rules.states) - {BACK}),
            *({way.event} - set(rules.events)),
            *(set(way.guards) - set(rules.guards)),
        ]
        if unknown:
            raise Refused(
                Code.CONFIG_INVALID, detail=f"{name}: transitions[{number}]: unknown {', '.join(sorted(unknown))}"
            )
        for start in way.from_:
            ways[start, way.event] = (*ways.get((start, way.event), ()), way)
    unknown = sorted(({rules.initial} - set(rules.states)) | (set(rules.envelopes.values()) - set(rules.events)))
    if unknown:
        raise Refused(Code.CONFIG_INVALID, detail=f"{name}: unknown {', '.join(unknown)}")
    return Machine(rules, ways)


@cache
def default_machine(name: str) -> Machine:
    """Return a machine that ships with the program: `case` (M1), `letter` (M2) or `gate` (M4)."""
    file = f"{name}.toml"
    return load_machine((files("config") / "machines" / file).read_bytes(), name=file)


def case_event(kind: Kind) -> str:
    """Return the event of M1 that an envelope of `kind` is."""
    return default_machine("case").event_of(kind)


def _known_keys() -> tuple[str, ...]:
    structs = (MachineRules, Transition, State, Name)
    return tuple(sorted({key for struct in structs for key in struct.__struct_encode_fields__}))
