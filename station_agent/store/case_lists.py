"""Questions for lists of cases: a page of them by side and state, and how many there are. Indexed; never the whole table."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, or_, select

from hub.cases.machine import default_machine
from hub.protocol.identifiers import CaseId
from station_agent.store.cases import CaseRow
from station_agent.store.schema.cases import case_files, cases, letters
from station_agent.store.schema.desk import desk_seen

_CASE = tuple(cases.c[field.name] for field in fields(CaseRow))


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One line of a list: the case, whether the officer has not seen its present state, its letter's state, files with it."""

    row: CaseRow
    unread: bool
    letter_state: str | None
    files: int


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases: the `types` that the officer may see, the side, and the states of case or letter (empty: all)."""

    types: tuple[str, ...]
    side: str
    states: tuple[str, ...] = ()
    letter_states: tuple[str, ...] = ()


def case_lines(
    tx: Connection, wanted: CaseFilter, *, number: str, limit: int, offset: int = 0, oldest_first: bool = False
) -> tuple[CaseLine, ...]:
    """Return the lines of a list for the officer `number`, the last changed first (or the one that has rested longest)."""
    order = cases.c.changed_at.asc() if oldest_first else cases.c.changed_at.desc()
    # Of the few open cases all are found by their state and sorted (the sign keeps SQLite from walking along all cases by their
    # change instead); closed ones are too many for that.
    changed = literal_column("+cases.changed_at") if _few(wanted) else cases.c.changed_at
    # The page is picked first, from an index alone: nothing is joined for the thousands of rows before it.
    picked = select(cases.c.case).where(_condition(wanted)).order_by(changed.asc() if oldest_first else changed.desc())
    page = picked.limit(limit).offset(offset)
    if wanted.letter_states:
        page = page.join(letters, letters.c.case == cases.c.case)
    question = _lines(number).where(cases.c.case.in_(page)).order_by(order)
    return tuple(_line(dict(each)) for each in tx.execute(question).mappings())


def lines_of(tx: Connection, wanted: Sequence[CaseId], *, number: str) -> tuple[CaseLine, ...]:
    """Return the lines of these cases for the officer `number`, in no order; what the officer may see is for the caller."""
    question = _lines(number).where(cases.c.case.in_(wanted))
    return tuple(_line(dict(each)) for each in tx.execute(question).mappings())


def open_by_peer(tx: Connection, wanted: CaseFilter) -> dict[str, int]:
    """Return how many of these cases there are with each other station."""
    question = select(cases.c.peer, func.count()).where(_condition(wanted)).group_by(cases.c.peer)
    return {peer: int(count) for peer, count in tx.execute(question)}


def count_owned(tx: Connection, number: str, states: Sequence[str]) -> int:
    """Return how many cases in these states are this officer's."""
    question = select(func.count()).select_from(cases).where(cases.c.owner == number, cases.c.state.in_(states))
    return int(tx.execute(question).scalar_one())


def count_cases(tx: Connection, wanted: CaseFilter) -> int:
    """Return how many cases there are."""
    question = select(func.count()).select_from(cases)
    if wanted.letter_states:
        question = question.join(letters, letters.c.case == cases.c.case)
    return int(tx.execute(question.where(_condition(wanted))).scalar_one())


def count_by_state(tx: Connection, wanted: CaseFilter) -> dict[str, int]:
    """Return how many of these cases there are in each state that any is in."""
    question = select(cases.c.state, func.count()).where(_condition(wanted)).group_by(cases.c.state)
    return {state: int(count) for state, count in tx.execute(question)}


def count_unread(tx: Connection, wanted: CaseFilter, *, number: str) -> int:
    """Return how many of them have changed since the officer `number` last opened them."""
    unread = or_(desk_seen.c.at.is_(None), desk_seen.c.at < cases.c.changed_at)
    question = select(func.count()).select_from(_joined(number)).where(_condition(wanted), unread)
    return int(tx.execute(question).scalar_one())


def _lines(number: str) -> Select[Any]:
    files = select(func.count()).where(case_files.c.case == cases.c.case, case_files.c.role != "act").scalar_subquery()
    columns = (*_CASE, desk_seen.c.at.label("seen_at"), letters.c.state.label("letter_state"), files.label("files"))
    return select(*columns).select_from(_joined(number))


def _joined(number: str) -> Any:
    seen = and_(desk_seen.c.case == cases.c.case, desk_seen.c.number == number)
    return cases.outerjoin(desk_seen, seen).outerjoin(letters, letters.c.case == cases.c.case)


def _few(wanted: CaseFilter) -> bool:
    states = default_machine("case").rules.states
    return bool(wanted.states) and not any(states[state].final for state in wanted.states)


def _condition(wanted: CaseFilter) -> ColumnElement[bool]:
    conditions = [cases.c.side == wanted.side, cases.c.type.in_(wanted.types)]
    if wanted.states:
        conditions.append(cases.c.state.in_(wanted.states))
    if wanted.letter_states:
        conditions.append(letters.c.state.in_(wanted.letter_states))
    return and_(*conditions)


def _line(found: dict[str, Any]) -> CaseLine:
    seen_at, letter_state, files = found.pop("seen_at"), found.pop("letter_state"), found.pop("files")
    row = CaseRow(**found | {"late": bool(found["late"])})
    return CaseLine(row, seen_at is None or seen_at < row.changed_at, letter_state, files)
