"""What was filed: envelopes, cases, receipts, handovers. Asked and written for a whole batch at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.protocol.identifiers import CaseId, Digest, EnvelopeId, StationId
from hub.protocol.instants import format_instant
from hub.store.restores import floor_seq
from hub.store.schema.exchange import alarms, attachments, cases, envelopes, handovers, mailbox, receipts
from hub.store.statements import Prepared, as_array, insert_into, one_of


class FiledEnvelope(msgspec.Struct, frozen=True):
    """What later envelopes need to know of one that was filed; its bytes stay where they are."""

    seq: int
    digest: Digest
    id: EnvelopeId
    case: CaseId
    kind: str
    sender: StationId
    receiver: StationId


class CaseRow(msgspec.Struct, frozen=True):
    """A case as the hub sees it: its two stations and its state in M1."""

    id: CaseId
    type: str
    opener: StationId
    respondent: StationId
    state: str
    disputes: int


class EnvelopeRow(msgspec.Struct, frozen=True):
    """An envelope to file: what `FiledEnvelope` says, its bytes, its leaf and its attachments (digest, size)."""

    filed: FiledEnvelope
    raw: bytes
    leaf: int
    attachments: tuple[tuple[Digest, int], ...]
    hands_over: int | None


class ReceiptRow(msgspec.Struct, frozen=True):
    """A receipt to file: the filing number it answers, the digest it is about, its bytes and its own leaf."""

    seq: int
    about: Digest
    raw: bytes
    leaf: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """Somebody used an envelope's id for other bytes."""

    code: str
    station: StationId
    envelope_id: EnvelopeId
    digest: Digest
    known_digest: Digest


_E = envelopes.c
_FILED = (_E.seq, _E.digest, _E.id, _E.case_id, _E.kind, _E.sender, _E.receiver)
_CASE = (cases.c.id, cases.c.type, cases.c.opener, cases.c.respondent, cases.c.state, cases.c.disputes)
_BY_DIGEST = Prepared(sa.select(*_FILED).where(_E.digest.in_(one_of("digests"))), names=["digests"])
_BY_ID = Prepared(sa.select(*_FILED).where(_E.id.in_(one_of("ids"))), names=["ids"])
_CASES = Prepared(sa.select(*_CASE).where(cases.c.id.in_(one_of("ids"))), names=["ids"])
_HANDED_OVER = Prepared(
    sa.select(handovers.c.delivered).where(handovers.c.delivered.in_(one_of("seqs"))), names=["seqs"]
)
_RECEIPTS = Prepared(
    sa.select(_E.digest, receipts.c.raw)
    .join(receipts, receipts.c.seq == _E.seq)
    .where(_E.digest.in_(one_of("digests"))),
    names=["digests"],
)
_LAST_SEQ = Prepared(sa.select(sa.func.max(_E.seq)))
_CHANGE_CASE = Prepared(
    sa.update(cases)
    .where(cases.c.id == sa.bindparam("case"))
    .values(state=sa.bindparam("state_"), disputes=sa.bindparam("disputes_"), changed_at=sa.bindparam("at")),
    names=["state_", "disputes_", "at", "case"],
)
_NEW_CASE = insert_into(cases)
_NEW_ENVELOPE = insert_into(envelopes)
_NEW_DELIVERY = insert_into(mailbox)
_NEW_ATTACHMENT = insert_into(attachments)
_NEW_HANDOVER = insert_into(handovers)
_NEW_RECEIPT = insert_into(receipts)


def envelopes_by_digest(tx: sa.Connection, digests: Iterable[Digest]) -> dict[Digest, FiledEnvelope]:
    """Return the filed envelopes among `digests`."""
    return {row[1]: FiledEnvelope(*row) for row in _BY_DIGEST.rows(tx, as_array(digests))}


def envelopes_by_id(tx: sa.Connection, ids: Iterable[EnvelopeId]) -> dict[EnvelopeId, FiledEnvelope]:
    """Return the filed envelopes among `ids`."""
    return {row[2]: FiledEnvelope(*row) for row in _BY_ID.rows(tx, as_array(ids))}


def cases_by_id(tx: sa.Connection, ids: Iterable[CaseId]) -> dict[CaseId, CaseRow]:
    """Return the known cases among `ids`."""
    return {row[0]: CaseRow(*row) for row in _CASES.rows(tx, as_array(ids))}


def receipts_by_digest(tx: sa.Connection, digests: Iterable[Digest]) -> dict[Digest, bytes]:
    """Return the receipts that answered the envelopes among `digests`, byte for byte."""
    return {row[0]: row[1] for row in _RECEIPTS.rows(tx, as_array(digests))}


def filed_in_case(tx: sa.Connection, case: CaseId) -> list[tuple[bytes, bytes]]:
    """Return the bytes of every envelope of `case` with those of the receipt that answered it, in the order filed."""
    query = (
        sa.select(_E.raw, receipts.c.raw)
        .join(receipts, receipts.c.seq == _E.seq)
        .where(_E.case_id == case)
        .order_by(_E.seq)
    )
    return [(row[0], row[1]) for row in tx.execute(query)]


def handed_over(tx: sa.Connection, seqs: Iterable[int]) -> set[int]:
    """Return which of the filing numbers have a handover."""
    return {row[0] for row in _HANDED_OVER.rows(tx, as_array(seqs))}


def next_seq(tx: sa.Connection) -> int:
    """Return the next filing number; after a declared restore it leaps over those that may have been given out before."""
    return max(_LAST_SEQ.rows(tx)[0][0] or 0, floor_seq(tx)) + 1


def insert_cases(tx: sa.Connection, rows: Iterable[CaseRow], *, now: datetime) -> None:
    """File new cases."""
    at = format_instant(now)
    _NEW_CASE.run_many(
        tx, [(row.id, row.type, row.opener, row.respondent, row.state, row.disputes, at, at) for row in rows]
    )


def update_cases(tx: sa.Connection, rows: Iterable[CaseRow], *, now: datetime) -> None:
    """File the new states of known cases."""
    at = format_instant(now)
    _CHANGE_CASE.run_many(tx, [(row.state, row.disputes, at, row.id) for row in rows])


def insert_envelopes(tx: sa.Connection, rows: Sequence[EnvelopeRow], *, now: datetime) -> None:
    """File envelopes with their attachments' names, mailbox entries and handovers. UNIQUE decides any race left."""
    at = format_instant(now)
    _NEW_ENVELOPE.run_many(
        tx,
        [
            (e.seq, e.digest, e.id, e.case, e.kind, e.sender, e.receiver, at, row.leaf, row.raw)
            for row in rows
            for e in (row.filed,)
        ],
    )
    _NEW_DELIVERY.run_many(tx, [(row.filed.receiver, row.filed.seq) for row in rows])
    _NEW_ATTACHMENT.run_many(
        tx,
        [
            (row.filed.seq, position, digest, size)
            for row in rows
            for position, (digest, size) in enumerate(row.attachments)
        ],
    )
    _NEW_HANDOVER.run_many(tx, [(row.hands_over, row.filed.seq) for row in rows if row.hands_over is not None])


def insert_receipts(tx: sa.Connection, rows: Iterable[ReceiptRow]) -> None:
    """File receipts."""
    _NEW_RECEIPT.run_many(tx, [(row.seq, row.about, row.leaf, row.raw) for row in rows])


def insert_alarms(tx: sa.Connection, rows: Sequence[Alarm], *, now: datetime) -> None:
    """File alarms; they stay although what caused them was refused."""
    at = format_instant(now)
    values = [
        {
            "at": at,
            "code": row.code,
            "station": row.station,
            "envelope_id": row.envelope_id,
            "digest": row.digest,
            "known_digest": row.known_digest,
        }
        for row in rows
    ]
    if values:
        tx.execute(sa.insert(alarms), values)


def alarms_known(tx: sa.Connection) -> tuple[Alarm, ...]:
    """Return all alarms, oldest first."""
    columns = (alarms.c.code, alarms.c.station, alarms.c.envelope_id, alarms.c.digest, alarms.c.known_digest)
    return tuple(Alarm(*row) for row in tx.execute(sa.select(*columns).order_by(alarms.c.number)))
