"""Looks at this station's cases by people of the hub, kept as they signed them."""

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.identifiers import CaseId
from station_agent.store.schema.cases import reveals


def last_reveal(tx: Connection) -> int:
    """Return the hub's number of the newest look that was taken, 0 when there is none."""
    return int(tx.execute(select(func.max(reveals.c.number))).scalar_one() or 0)


def add_reveal(tx: Connection, *, number: int, case: CaseId, at: str, raw: bytes) -> None:
    """Keep a look; the same number again changes nothing."""
    tx.execute(insert(reveals).values(number=number, case=case, at=at, raw=raw).on_conflict_do_nothing())


def reveals_of(tx: Connection, case: CaseId) -> tuple[bytes, ...]:
    """Return the looks at a case, newest first."""
    query = select(reveals.c.raw).where(reveals.c.case == case).order_by(reveals.c.number.desc())
    return tuple(bytes(raw) for raw in tx.execute(query).scalars())
