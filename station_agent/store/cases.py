"""Questions about cases and their files."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, StationId
from hub.protocol.instants import format_instant
from station_agent.store.restores import skipped_until
from station_agent.store.schema.cases import case_files, case_numbers, cases

OPENER = "opener"
ANSWERER = "answerer"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as this station sees it: `side` is opener or answerer, `peer` the other station, `state` machine M1's,
    `gate` machine M4's, `owner` the number of the officer who claimed it, instants as stored."""

    case: CaseId
    type: str
    side: str
    peer: StationId
    state: str
    gate: str
    opened_at: str
    changed_at: str
    owner: str | None = None
    late: bool = False


def insert_case(tx: Connection, row: CaseRow) -> None:
    """Store a new case."""
    tx.execute(insert(cases).values({field.name: getattr(row, field.name) for field in fields(row)}))


def find_case(tx: Connection, case: CaseId) -> CaseRow | None:
    """Return the case, or None."""
    found = tx.execute(select(cases).where(cases.c.case == case)).mappings().one_or_none()
    return None if found is None else _row(found)


def require_case(tx: Connection, case: CaseId) -> CaseRow:
    """Return the case. Raises: Refused (`case.unknown`)."""
    row = find_case(tx, case)
    if row is None:
        raise Refused(Code.CASE_UNKNOWN, detail=case)
    return row


def save_case(tx: Connection, row: CaseRow, *, now: datetime) -> CaseRow:
    """Store the changed case and return it with its time of change."""
    changed = replace(row, changed_at=format_instant(now))
    values = {field.name: getattr(changed, field.name) for field in fields(changed)}
    tx.execute(update(cases).where(cases.c.case == row.case).values(values))
    return changed


def all_cases(tx: Connection) -> tuple[CaseRow, ...]:
    """Return every case, the last changed first."""
    return tuple(_row(found) for found in tx.execute(select(cases).order_by(cases.c.changed_at.desc())).mappings())


def next_case_number(tx: Connection, type: str, *, station: StationId, year: int) -> CaseId:
    """Take the next running number of this type and year."""
    last = tx.execute(
        select(func.max(case_numbers.c.number)).where(case_numbers.c.type == type, case_numbers.c.year == year)
    ).scalar()
    number = max(last or 0, skipped_until(tx, type, year)) + 1
    tx.execute(insert(case_numbers).values(type=type, year=year, number=number))
    return CaseId(f"{type}-{station}-{year}-{number:06d}")


def note_case_number(tx: Connection, case: CaseId) -> None:
    """Note a number that was taken before this agent was restored, as its sent inquiry shows."""
    type, _, year, number = case.rsplit("-", 3)
    values = {"type": type, "year": int(year), "number": int(number)}
    tx.execute(insert_or(case_numbers).values(values).on_conflict_do_nothing())


def add_files(tx: Connection, case: CaseId, files: Iterable[Attachment]) -> None:
    """Note files that belong to the case at this desk; one that is there already stays."""
    for file in files:
        values = {"digest": file.digest, "size": file.size, "media_type": file.media_type, "name": file.name}
        tx.execute(insert_or(case_files).values(case=case, role=file.role.value, **values).on_conflict_do_nothing())


def files_of(tx: Connection, case: CaseId, *roles: Role) -> tuple[Attachment, ...]:
    """Return the case's files with one of `roles` (all when none is named)."""
    question = select(case_files).where(case_files.c.case == case).order_by(case_files.c.role, case_files.c.digest)
    if roles:
        question = question.where(case_files.c.role.in_([role.value for role in roles]))
    return tuple(
        Attachment(
            digest=Digest(found["digest"]),
            size=found["size"],
            media_type=found["media_type"],
            name=found["name"],
            role=Role(found["role"]),
        )
        for found in tx.execute(question).mappings()
    )


def other_cases_with(tx: Connection, digest: Digest, *, case: CaseId) -> tuple[CaseId, ...]:
    """Return the cases other than `case` that hold a file with exactly these bytes, oldest first."""
    query = select(case_files.c.case).where(case_files.c.digest == digest, case_files.c.case != case).distinct()
    return tuple(tx.execute(query.order_by(case_files.c.case)).scalars())


def cases_holding(tx: Connection, digests: Iterable[Digest]) -> dict[Digest, CaseId]:
    """Return, of those files that a case holds, the first case that does."""
    columns = (case_files.c.digest, func.min(case_files.c.case))
    query = select(*columns).where(case_files.c.digest.in_(list(digests))).group_by(case_files.c.digest)
    return {row[0]: row[1] for row in tx.execute(query)}


def _row(found: object) -> CaseRow:
    values = dict(found)  # type: ignore[call-overload]
    return CaseRow(**values | {"late": bool(values["late"])})
