"""What was filed: envelopes, cases, receipts, handovers. Asked and written for a whole batch at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.protocol.identifiers import CaseId, Digest, EnvelopeId, StationId
from hub.protocol.instants import format_instant
from hub.store.schema import alarms, attachments, cases, envelopes, handovers, mailbox, receipts


@dataclass(frozen=True, slots=True)
class FiledEnvelope:
    """What later envelopes need to know of one that was filed; its bytes stay where they are."""

    seq: int
    digest: Digest
    id: EnvelopeId
    case: CaseId
    kind: str
    sender: StationId
    receiver: StationId


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as the hub sees it: its two stations and its state in M1."""

    id: CaseId
    type: str
    opener: StationId
    respondent: StationId
    state: str
    disputes: int


@dataclass(frozen=True, slots=True)
class EnvelopeRow:
    """An envelope to file: what `FiledEnvelope` says, its bytes, its leaf and its attachments (digest, size)."""

    filed: FiledEnvelope
    raw: bytes
    leaf: int
    attachments: tuple[tuple[Digest, int], ...]
    deliver_to: StationId
    hands_over: int | None


@dataclass(frozen=True, slots=True)
class ReceiptRow:
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
_BY_DIGEST = sa.select(*_FILED).where(_E.digest.in_(sa.bindparam("digests", expanding=True)))
_BY_ID = sa.select(*_FILED).where(_E.id.in_(sa.bindparam("ids", expanding=True)))
_CASES = sa.select(cases.c.id, cases.c.type, cases.c.opener, cases.c.respondent, cases.c.state, cases.c.disputes).where(
    cases.c.id.in_(sa.bindparam("ids", expanding=True))
)
_HANDED_OVER = sa.select(handovers.c.delivered).where(handovers.c.delivered.in_(sa.bindparam("seqs", expanding=True)))
_RECEIPTS = (
    sa.select(_E.digest, receipts.c.raw)
    .join(receipts, receipts.c.seq == _E.seq)
    .where(_E.digest.in_(sa.bindparam("digests", expanding=True)))
)
_CHANGE_CASE = (
    sa.update(cases)
    .where(cases.c.id == sa.bindparam("case"))
    .values(state=sa.bindparam("new_state"), disputes=sa.bindparam("new_disputes"), changed_at=sa.bindparam("now"))
)


def envelopes_by_digest(tx: sa.Connection, digests: Iterable[Digest]) -> dict[Digest, FiledEnvelope]:
    """Return the filed envelopes among `digests`."""
    rows = tx.execute(_BY_DIGEST, {"digests": tuple(digests)})
    return {Digest(row[1]): FiledEnvelope(*row) for row in rows}


def envelopes_by_id(tx: sa.Connection, ids: Iterable[EnvelopeId]) -> dict[EnvelopeId, FiledEnvelope]:
    """Return the filed envelopes among `ids`."""
    rows = tx.execute(_BY_ID, {"ids": tuple(ids)})
    return {EnvelopeId(row[2]): FiledEnvelope(*row) for row in rows}


def cases_by_id(tx: sa.Connection, ids: Iterable[CaseId]) -> dict[CaseId, CaseRow]:
    """Return the known cases among `ids`."""
    return {CaseId(row[0]): CaseRow(*row) for row in tx.execute(_CASES, {"ids": tuple(ids)})}


def receipts_by_digest(tx: sa.Connection, digests: Iterable[Digest]) -> dict[Digest, bytes]:
    """Return the receipts that answered the envelopes among `digests`, byte for byte."""
    rows = tx.execute(_RECEIPTS, {"digests": tuple(digests)})
    return {Digest(row.digest): row.raw for row in rows}


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
    return set(tx.execute(_HANDED_OVER, {"seqs": tuple(seqs)}).scalars())


def next_seq(tx: sa.Connection) -> int:
    """Return the next filing number."""
    return (tx.execute(sa.select(sa.func.max(_E.seq))).scalar_one() or 0) + 1


def insert_cases(tx: sa.Connection, rows: Sequence[CaseRow], *, now: datetime) -> None:
    """File new cases."""
    at = format_instant(now)
    values = [
        {
            "id": row.id,
            "type": row.type,
            "opener": row.opener,
            "respondent": row.respondent,
            "state": row.state,
            "disputes": row.disputes,
            "opened_at": at,
            "changed_at": at,
        }
        for row in rows
    ]
    if values:
        tx.execute(sa.insert(cases), values)


def update_cases(tx: sa.Connection, rows: Sequence[CaseRow], *, now: datetime) -> None:
    """File the new states of known cases."""
    at = format_instant(now)
    values = [{"case": row.id, "new_state": row.state, "new_disputes": row.disputes, "now": at} for row in rows]
    if values:
        tx.execute(_CHANGE_CASE, values)


def insert_envelopes(tx: sa.Connection, rows: Sequence[EnvelopeRow], *, now: datetime) -> None:
    """File envelopes with their attachments' names, mailbox entries and handovers. UNIQUE decides any race left."""
    at = format_instant(now)
    tx.execute(
        sa.insert(envelopes),
        [
            {
                "seq": row.filed.seq,
                "digest": row.filed.digest,
                "id": row.filed.id,
                "case_id": row.filed.case,
                "kind": row.filed.kind,
                "sender": row.filed.sender,
                "receiver": row.filed.receiver,
                "received_at": at,
                "leaf": row.leaf,
                "raw": row.raw,
            }
            for row in rows
        ],
    )
    tx.execute(sa.insert(mailbox), [{"station": row.deliver_to, "seq": row.filed.seq} for row in rows])
    named = [
        {"seq": row.filed.seq, "position": position, "digest": digest, "size": size}
        for row in rows
        for position, (digest, size) in enumerate(row.attachments)
    ]
    if named:
        tx.execute(sa.insert(attachments), named)
    handed = [{"delivered": row.hands_over, "seq": row.filed.seq} for row in rows if row.hands_over is not None]
    if handed:
        tx.execute(sa.insert(handovers), handed)


def insert_receipts(tx: sa.Connection, rows: Sequence[ReceiptRow]) -> None:
    """File receipts."""
    values = [{"seq": row.seq, "about": row.about, "leaf": row.leaf, "raw": row.raw} for row in rows]
    tx.execute(sa.insert(receipts), values)


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
