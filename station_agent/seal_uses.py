"""用印登记簿: every logged use of the station's seals, from the custodians' signed acts; people of the letter masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from hub.protocol.act import ActKind
from hub.protocol.strict_json import parse_strict
from hub.signing.acts import open_act
from station_agent.agent import Agent
from station_agent.desk.gate.checks import persons_of
from station_agent.desk.stamp import seal_use_log
from station_agent.store.acts import ActRow
from station_agent.store.cases import find_case
from station_agent.store.letters import find_letter

MASK = "*"


@dataclass(frozen=True, slots=True)
class SealUse:
    """One line: running `number`, the letter, copies, `persons` masked, who kept the seal, when (RFC 3339), by which act."""

    number: int
    letter_number: str
    case: str
    peer: str
    copies: int
    persons: tuple[str, ...]
    custodian: str
    at: str
    act: str


def seal_uses(agent: Agent) -> tuple[SealUse, ...]:
    """Return the register of seal use, oldest first. Raises: Refused for an act that does not open any more."""
    acts = sorted(seal_use_log(agent), key=lambda row: (row.at, row.id))
    with agent.store.read() as tx:
        return tuple(_line(tx, agent, number, row) for number, row in enumerate(acts, start=1))


def masked(name: str, id18: str) -> str:
    """Return a person as registers show them: the first character of the name, the last four of the number."""
    return f"{name[:1]}{MASK * max(1, len(name) - 1)} …{id18[-4:]}"


def _line(tx: Connection, agent: Agent, number: int, row: ActRow) -> SealUse:
    act = open_act(row.raw, certificates=agent.knowledge.find).act
    assert act.act is ActKind.SEAL_USE
    case = find_case(tx, row.case)
    return SealUse(
        number=number,
        letter_number=str(act.details.get("letter_number", "")),
        case=row.case,
        peer=case.peer if case is not None else "",
        copies=int(act.details.get("copies", 1)),
        persons=_persons(tx, row),
        custodian=f"{act.officer.number} {act.officer.name}",
        at=row.at,
        act=row.digest,
    )


def _persons(tx: Connection, row: ActRow) -> tuple[str, ...]:
    letter = find_letter(tx, row.case)
    body: Mapping[str, Any] = parse_strict(letter.body) if letter is not None else {}
    return tuple(masked(name, id18) for id18, name in persons_of(body).items())
