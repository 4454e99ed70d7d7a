"""上级督办 and 延期 of this station's cases, verified when they came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.administration import AdministrationKind
from hub.protocol.identifiers import CaseId, StationId
from station_agent.store.schema.cases import case_acts, cases


@dataclass(frozen=True, slots=True)
class CaseActRow:
    """One act: `station` has to keep the limit `step`; `due_at`: to when it was extended; `who` signed it at `at`."""

    number: int
    case: CaseId
    kind: AdministrationKind
    station: StationId
    step: str
    at: str
    due_at: str | None
    who: str
    reason: str
    raw: bytes


_ROW = tuple(case_acts.c[field.name] for field in fields(CaseActRow))


def last_case_act(tx: Connection) -> int:
    """Return the hub's number of the newest act that was taken, 0 when there is none."""
    return int(tx.execute(select(func.max(case_acts.c.number))).scalar_one() or 0)


def add_case_act(tx: Connection, row: CaseActRow) -> None:
    """Keep an act; the same number again changes nothing."""
    values = {field.name: getattr(row, field.name) for field in fields(row)} | {"kind": row.kind.value}
    tx.execute(insert(case_acts).values(values).on_conflict_do_nothing())


def case_acts_of(tx: Connection, wanted: Sequence[CaseId]) -> Mapping[CaseId, tuple[CaseActRow, ...]]:
    """Return the acts about each of `wanted` that has any, oldest first."""
    found: dict[CaseId, list[CaseActRow]] = {}
    query = select(*_ROW).where(case_acts.c.case.in_(wanted)).order_by(case_acts.c.number)
    for row in tx.execute(query).mappings():
        act = CaseActRow(**dict(row) | {"kind": AdministrationKind(row["kind"])})
        found.setdefault(act.case, []).append(act)
    return {case: tuple(acts) for case, acts in found.items()}


def urged_cases(tx: Connection, station: StationId, *, over: Sequence[str]) -> tuple[CaseId, ...]:
    """Return the cases about which `station` was urged, the last urged first; those in one of the states `over` are left out."""
    mine = (case_acts.c.kind == AdministrationKind.URGE_CASE.value, case_acts.c.station == station)
    query = (
        select(case_acts.c.case)
        .join(cases, cases.c.case == case_acts.c.case)
        .where(*mine, cases.c.state.not_in(over))
        .group_by(case_acts.c.case)
        .order_by(func.max(case_acts.c.number).desc())
    )
    return tuple(CaseId(case) for case in tx.execute(query).scalars())


def forget_words(tx: Connection, case: CaseId) -> None:
    """Take out what an act says in words: the case was erased. That it was, and when, stays."""
    tx.execute(update(case_acts).where(case_acts.c.case == case).values(reason="", raw=b""))
