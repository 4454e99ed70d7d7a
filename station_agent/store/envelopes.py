"""Questions about envelopes and the hub's receipts for them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.protocol.envelope import Kind
from hub.protocol.identifiers import CaseId, Digest, EnvelopeId
from station_agent.store.schema.exchange import envelopes, outbox, receipts


@dataclass(frozen=True, slots=True)
class EnvelopeRow:
    """One envelope as signed (`raw`, compact JWS); `incoming` when the other station sent it."""

    digest: Digest
    id: EnvelopeId
    case: CaseId
    kind: str
    incoming: bool
    raw: bytes
    stored_at: str


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One receipt of the hub, given for `envelope` (for a handover: that envelope, not the one it hands over); `time` is the
    hub's."""

    digest: Digest
    envelope: Digest
    time: str
    raw: bytes


_COLUMNS = tuple(envelopes.c[field.name] for field in fields(EnvelopeRow))


def insert_envelope(tx: Connection, row: EnvelopeRow) -> None:
    """Store an envelope; UNIQUE(id, digest) decides a repeat (IntegrityError)."""
    tx.execute(insert(envelopes).values({field.name: getattr(row, field.name) for field in fields(row)}))


def delete_envelope(tx: Connection, digest: Digest) -> None:
    """Forget an envelope that nobody else has seen."""
    tx.execute(delete(envelopes).where(envelopes.c.digest == digest))


def replace_unsent(tx: Connection, old: Digest, new: EnvelopeRow) -> None:
    """Put `new` where an envelope stood that nobody else has taken, in the same place of the order.

    The outbox's item must be pointed to it in the same transaction.
    """
    tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # until then the item points to what is gone
    values = {"digest": new.digest, "id": new.id, "raw": new.raw, "stored_at": new.stored_at}
    tx.execute(update(envelopes).where(envelopes.c.digest == old).values(values))


def find_envelope(tx: Connection, digest: Digest) -> EnvelopeRow | None:
    """Return the envelope with that digest, or None."""
    return _one(tx.execute(select(*_COLUMNS).where(envelopes.c.digest == digest)).mappings().all())


def find_envelope_id(tx: Connection, id: EnvelopeId) -> EnvelopeRow | None:
    """Return the envelope with that id, or None."""
    return _one(tx.execute(select(*_COLUMNS).where(envelopes.c.id == id)).mappings().all())


def envelopes_of(tx: Connection, case: CaseId) -> tuple[EnvelopeRow, ...]:
    """Return the envelopes of `case` in the order in which this station stored them; of an erased case there are none."""
    here = (envelopes.c.case == case, func.length(envelopes.c.raw) > 0)
    found = tx.execute(select(*_COLUMNS).where(*here).order_by(envelopes.c.seq)).mappings()
    return tuple(_row(row) for row in found)


def receipts_of(tx: Connection, case: CaseId) -> tuple[ReceiptRow, ...]:
    """Return the receipts about envelopes of `case`, in the order in which the envelopes were stored; also of an erased case."""
    columns = (receipts.c[field.name] for field in fields(ReceiptRow))
    question = select(*columns).join(envelopes, envelopes.c.digest == receipts.c.envelope)
    found = tx.execute(question.where(envelopes.c.case == case).order_by(envelopes.c.seq, receipts.c.seq)).mappings()
    return tuple(ReceiptRow(**dict(row)) for row in found)


def last_digest(tx: Connection, case: CaseId) -> Digest | None:
    """Return the digest of the last envelope of `case` that this station has seen; handovers and what was given up (the hub
    does not know it) do not count."""
    given_up = select(outbox.c.envelope).where(outbox.c.state == "dropped")
    question = select(envelopes.c.digest).where(
        envelopes.c.case == case, envelopes.c.kind != Kind.HANDOVER.value, envelopes.c.digest.not_in(given_up)
    )
    found = tx.execute(question.order_by(envelopes.c.seq.desc()).limit(1)).scalar()
    return None if found is None else Digest(found)


def count_envelopes(tx: Connection) -> int:
    """Return how many envelopes are stored."""
    return int(tx.execute(select(func.count()).select_from(envelopes)).scalar_one())


def add_receipts(tx: Connection, rows: Iterable[ReceiptRow]) -> None:
    """Store receipts; one that is there already stays."""
    for row in rows:
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        tx.execute(insert_or(receipts).values(values).on_conflict_do_nothing())


def receipts_for(tx: Connection, envelope: Digest) -> tuple[ReceiptRow, ...]:
    """Return the receipts about `envelope`, in the order in which they came."""
    columns = (receipts.c[field.name] for field in fields(ReceiptRow))
    found = tx.execute(select(*columns).where(receipts.c.envelope == envelope).order_by(receipts.c.seq)).mappings()
    return tuple(ReceiptRow(**dict(row)) for row in found)


def _row(found: object) -> EnvelopeRow:
    values = dict(found)  # type: ignore[call-overload]
    return EnvelopeRow(**values | {"incoming": bool(values["incoming"])})


def _one(found: object) -> EnvelopeRow | None:
    rows = list(found)  # type: ignore[call-overload]
    return _row(rows[0]) if rows else None
