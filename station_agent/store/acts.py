"""Questions about officers' signed acts."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, func, insert, select

from hub.protocol.act import ActKind
from hub.protocol.identifiers import CaseId, Digest, EnvelopeId
from station_agent.store.schema.cases import acts


@dataclass(frozen=True, slots=True)
class ActRow:
    """One signed act: `raw` is the compact JWS, the rest is read from it for looking up."""

    digest: Digest
    id: EnvelopeId
    case: CaseId
    kind: str
    officer: str
    subject: Digest
    at: str
    raw: bytes


def insert_act(tx: Connection, row: ActRow) -> None:
    """Store an act; UNIQUE(id, digest) decides a repeat (IntegrityError)."""
    tx.execute(insert(acts).values({field.name: getattr(row, field.name) for field in fields(row)}))


def acts_of(tx: Connection, case: CaseId, kind: ActKind | None = None) -> tuple[ActRow, ...]:
    """Return this station's acts of `case` in order, all or those of one kind."""
    question = (
        select(*(acts.c[field.name] for field in fields(ActRow)))
        .where(acts.c.case == case, func.length(acts.c.raw) > 0)
        .order_by(acts.c.seq)
    )
    if kind is not None:
        question = question.where(acts.c.kind == kind.value)
    return tuple(ActRow(**dict(found)) for found in tx.execute(question).mappings())


def acts_of_kind(tx: Connection, kind: ActKind, *, since: str = "", until: str = "~") -> tuple[ActRow, ...]:
    """Return this station's acts of one kind in all cases, in order; by the clock of the act, from `since` to before `until`."""
    question = select(*(acts.c[field.name] for field in fields(ActRow))).where(acts.c.kind == kind.value)
    question = question.where(acts.c.at >= since, acts.c.at < until).order_by(acts.c.seq)
    return tuple(ActRow(**dict(found)) for found in tx.execute(question).mappings())


def find_act(tx: Connection, digest: Digest) -> ActRow | None:
    """Return the act with that digest, or None."""
    question = select(*(acts.c[field.name] for field in fields(ActRow))).where(acts.c.digest == digest)
    found = tx.execute(question).mappings().one_or_none()
    return None if found is None else ActRow(**dict(found))
