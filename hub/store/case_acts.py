"""Administrators' acts about one limit of a case, 督办 and 延期: kept as signed, told to the case's stations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.protocol.administration import AdministrationKind
from hub.protocol.erasure import ERASED
from hub.protocol.identifiers import CaseId, StationId
from hub.store.schema.exchange import case_acts, cases


@dataclass(frozen=True, slots=True)
class CaseActRow:
    """One act: `station` has to keep the limit `step`; `due_at`: to when it was extended; `raw` as signed."""

    id: str
    case_id: CaseId
    kind: AdministrationKind
    station: StationId
    step: str
    at: str
    due_at: str | None
    by_number: str
    by_name: str
    reason: str
    raw: bytes


_C = case_acts.c
_ROW = (
    _C.id,
    _C.case_id,
    _C.kind,
    _C.station,
    _C.step,
    _C.at,
    _C.due_at,
    _C.by_number,
    _C.by_name,
    _C.reason,
    _C.raw,
)


def insert_case_act(tx: sa.Connection, row: CaseActRow, *, now: datetime) -> None:
    """Keep an act. Its id is unique; whoever files one has asked `case_act_of` in the same transaction."""
    values = {
        # By the clock, so that a hub restored from an older backup goes on with greater numbers than stations have seen.
        "number": max(int(now.timestamp()), case_acts_counted(tx) + 1),
        "id": row.id,
        "case_id": row.case_id,
        "kind": row.kind.value,
        "station": row.station,
        "step": row.step,
        "at": row.at,
        "due_at": row.due_at,
        "by_number": row.by_number,
        "by_name": row.by_name,
        "reason": row.reason,
        "raw": row.raw,
    }
    tx.execute(sa.insert(case_acts).values(values))


def case_act_of(tx: sa.Connection, id: str) -> CaseActRow | None:
    """Return the act of this id, or None."""
    found = tx.execute(sa.select(*_ROW).where(_C.id == id)).mappings().one_or_none()
    return None if found is None else _row(found)


def acts_about(tx: sa.Connection, case: CaseId) -> tuple[CaseActRow, ...]:
    """Return the acts about a case, oldest first."""
    query = sa.select(*_ROW).where(_C.case_id == case).order_by(_C.number)
    return tuple(map(_row, tx.execute(query).mappings()))


def urges_counted(tx: sa.Connection, wanted: Sequence[CaseId]) -> dict[CaseId, int]:
    """Return how often each of these cases was urged; those that never were are left out."""
    mine = (_C.case_id.in_(wanted), _C.kind == AdministrationKind.URGE_CASE.value)
    query = sa.select(_C.case_id, sa.func.count()).where(*mine).group_by(_C.case_id)
    return {CaseId(row[0]): row[1] for row in tx.execute(query)}


def case_acts_counted(tx: sa.Connection) -> int:
    """Return the number of the newest act, 0 when there is none: it grows with every act."""
    return int(tx.execute(sa.select(sa.func.max(_C.number))).scalar_one() or 0)


def case_acts_for(tx: sa.Connection, station: StationId, *, after: int, limit: int) -> tuple[tuple[int, bytes], ...]:
    """Return number and bytes of the acts about cases of `station`, behind number `after`, oldest first; of erased cases none."""
    query = (
        sa.select(_C.number, _C.raw)
        .join(cases, cases.c.id == _C.case_id)
        .where(
            _C.number > after,
            cases.c.state != ERASED,
            sa.or_(cases.c.opener == station, cases.c.respondent == station),
        )
        .order_by(_C.number)
        .limit(limit)
    )
    return tuple((row.number, bytes(row.raw)) for row in tx.execute(query))


def _row(found: sa.RowMapping) -> CaseActRow:
    return CaseActRow(**dict(found) | {"kind": AdministrationKind(found["kind"]), "raw": bytes(found["raw"])})
