"""Questions for showing cases: all messages of several cases at once, each with what became of it. Two cases cost as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from hub.protocol.identifiers import CaseId, Digest
from station_agent.store.letters import LetterRow
from station_agent.store.schema.cases import letters
from station_agent.store.schema.exchange import envelopes, outbox, receipts


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One envelope as signed: `received_at` is the hub's time of its first receipt, `queue` the state of one that this station
    sends, `trouble` the code of its last failure."""

    case: CaseId
    digest: Digest
    incoming: bool
    raw: bytes
    stored_at: str
    received_at: str | None
    queue: str | None
    trouble: str | None


def messages_of(tx: Connection, cases: Sequence[CaseId]) -> Mapping[CaseId, tuple[MessageRow, ...]]:
    """Return the messages of each of `cases`, in the order in which this station stored them."""
    first = (
        select(receipts.c.time)
        .where(receipts.c.envelope == envelopes.c.digest)
        .order_by(receipts.c.seq)
        .limit(1)
        .scalar_subquery()
    )
    columns = (envelopes.c["case"], envelopes.c.digest, envelopes.c.incoming, envelopes.c.raw, envelopes.c.stored_at)
    question = (
        select(*columns, first, outbox.c.state, outbox.c.trouble)
        .select_from(envelopes.outerjoin(outbox, outbox.c.envelope == envelopes.c.digest))
        .where(envelopes.c["case"].in_(cases))
        .order_by(envelopes.c.seq)
    )
    found: dict[CaseId, list[MessageRow]] = {case: [] for case in cases}
    for case, digest, incoming, raw, stored_at, received_at, queue, trouble in tx.execute(question):
        row = MessageRow(CaseId(case), Digest(digest), bool(incoming), raw, stored_at, received_at, queue, trouble)
        found[row.case].append(row)
    return {case: tuple(rows) for case, rows in found.items()}


def letters_of(tx: Connection, cases: Sequence[CaseId]) -> Mapping[CaseId, LetterRow]:
    """Return the letters of those of `cases` that have one."""
    rows = tx.execute(select(letters).where(letters.c["case"].in_(cases))).mappings()
    attested = ((row, row["attested_original"]) for row in rows)
    return {
        row["case"]: LetterRow(**dict(row) | {"attested_original": None if value is None else bool(value)})
        for row, value in attested
    }
