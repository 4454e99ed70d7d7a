"""Questions about cases passed from one officer of the station to another."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, insert, select

from hub.protocol.identifiers import CaseId
from station_agent.store.schema.desk import desk_handlings

TAKEN_OVER = "taken over"
FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True)
class HandlingRow:
    """`officer` (number) took the case over or forwarded it at `at`; since then it is `owner`'s. `note` says why."""

    case: CaseId
    at: str
    officer: str
    what: str
    owner: str
    note: str


def add_handling(tx: Connection, row: HandlingRow) -> None:
    """Keep who passed a case to whom, and why."""
    tx.execute(insert(desk_handlings).values({field.name: getattr(row, field.name) for field in fields(row)}))


def handlings_of(tx: Connection, case: CaseId) -> tuple[HandlingRow, ...]:
    """Return what was passed on of `case`, oldest first."""
    columns = (desk_handlings.c[field.name] for field in fields(HandlingRow))
    question = select(*columns).where(desk_handlings.c.case == case).order_by(desk_handlings.c.seq)
    return tuple(HandlingRow(**dict(row)) for row in tx.execute(question).mappings())
