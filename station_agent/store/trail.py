"""Questions about the trail as this station sees it: witness state, proofs of misbehaviour, keys, proofs of leaves, acts."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.instants import format_instant
from station_agent.store.schema.exchange import envelopes, receipts
from station_agent.store.schema.trail import (
    leaf_proofs,
    misbehaviour,
    time_stamps,
    trail_events,
    trail_keys,
    witness_states,
)


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """The largest tree that a witness key has cosigned; `size` 0: none yet. `root` in hexadecimal."""

    key: str
    origin: str
    size: int
    root: str
    note: str


@dataclass(frozen=True, slots=True)
class LeafProofRow:
    """The proof of what the receipt of that digest acknowledges, against a checkpoint of `size` leaves: a tlog-proof file.
    Empty: the log has lost the leaf."""

    receipt: Digest
    size: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class TrailEventRow:
    """Something that happened here, signed for the trail; `leaf` is its index once the hub has logged it."""

    digest: Digest
    case: CaseId
    event: str
    at: str
    raw: bytes
    leaf: int | None = None
    trouble: str | None = None


def witness_row(tx: Connection, key: str, origin: str) -> WitnessRow | None:
    """Return the state of a witness key; None: this store has never known the key."""
    question = select(witness_states).where(witness_states.c.key == key, witness_states.c.origin == origin)
    found = tx.execute(question).mappings().one_or_none()
    return None if found is None else WitnessRow(**dict(found))


def witness_rows(tx: Connection, origin: str) -> tuple[WitnessRow, ...]:
    """Return the state of every witness key that this station has had for the log."""
    found = tx.execute(select(witness_states).where(witness_states.c.origin == origin)).mappings()
    return tuple(WitnessRow(**dict(row)) for row in found)


def begin_witness(tx: Connection, row: WitnessRow) -> None:
    """Note a new key, before it is used."""
    tx.execute(insert(witness_states).values({field.name: getattr(row, field.name) for field in fields(row)}))


def swap_witness(tx: Connection, before: WitnessRow, after: WitnessRow) -> bool:
    """Replace the state `before` by `after`; False when it is another by now."""
    present = (
        (witness_states.c.key == before.key)
        & (witness_states.c.origin == before.origin)
        & (witness_states.c.size == before.size)
        & (witness_states.c.root == before.root)
    )
    done = tx.execute(update(witness_states).where(present).values(size=after.size, root=after.root, note=after.note))
    return done.rowcount == 1


def rewind_witnesses(tx: Connection, origin: str, *, size: int, root: str, note: str) -> None:
    """A declared restore was taken: witness keys go on from the tree that the log goes on from."""
    beyond = (witness_states.c.origin == origin) & (witness_states.c.size > size)
    tx.execute(update(witness_states).where(beyond).values(size=size, root=root, note=note))


def keep_misbehaviour(tx: Connection, raw: bytes, *, now: datetime) -> Digest:
    """Keep a proof for ever, once."""
    digest = digest_of(raw)
    values = {"digest": digest, "at": format_instant(now), "raw": raw}
    tx.execute(insert_or(misbehaviour).values(values).on_conflict_do_nothing())
    return digest


def misbehaviour_kept(tx: Connection) -> tuple[bytes, ...]:
    """Return the proofs, oldest first."""
    return tuple(tx.execute(select(misbehaviour.c.raw).order_by(misbehaviour.c.at, misbehaviour.c.digest)).scalars())


def add_trail_keys(tx: Connection, *, number: int, raw: bytes, now: datetime) -> None:
    """Remember a verified statement of the trail's keys."""
    values = {"number": number, "raw": raw, "taken_at": format_instant(now)}
    tx.execute(insert_or(trail_keys).values(values).on_conflict_do_nothing())


def trail_keys_taken(tx: Connection) -> tuple[bytes, ...]:
    """Return the statements taken, oldest first."""
    return tuple(tx.execute(select(trail_keys.c.raw).order_by(trail_keys.c.number)).scalars())


def put_leaf_proof(tx: Connection, row: LeafProofRow) -> None:
    """Remember the proof of a leaf, the newest one."""
    tx.execute(insert(leaf_proofs).prefix_with("OR REPLACE").values(receipt=row.receipt, size=row.size, raw=row.raw))


def leaf_proof(tx: Connection, receipt: Digest) -> LeafProofRow | None:
    """Return the proof for a receipt, or None."""
    found = tx.execute(select(leaf_proofs).where(leaf_proofs.c.receipt == receipt)).mappings().one_or_none()
    return None if found is None else LeafProofRow(**dict(found))


def receipts_without_proof(tx: Connection, limit: int) -> tuple[tuple[Digest, bytes], ...]:
    """Return digest and bytes of receipts whose leaves have no proof yet, the newest first."""
    question = (
        select(receipts.c.digest, receipts.c.raw)
        .outerjoin(leaf_proofs, leaf_proofs.c.receipt == receipts.c.digest)
        .where(leaf_proofs.c.receipt.is_(None))
        .order_by(receipts.c.seq.desc())
        .limit(limit)
    )
    return tuple((row[0], row[1]) for row in tx.execute(question))


def count_unproved(tx: Connection, case: CaseId) -> int:
    """Return how many receipts of `case` have no proof yet against a tree that enough stations have cosigned."""
    question = (
        select(func.count())
        .select_from(receipts.join(envelopes, envelopes.c.digest == receipts.c.envelope))
        .outerjoin(leaf_proofs, leaf_proofs.c.receipt == receipts.c.digest)
        .where(envelopes.c.case == case, leaf_proofs.c.receipt.is_(None))
    )
    return int(tx.execute(question).scalar_one())


def proofs_without_stamp(tx: Connection, limit: int) -> tuple[tuple[Digest, bytes], ...]:
    """Return digest and bytes of receipts whose proofs rest on a checkpoint without a time-stamp, the newest first."""
    question = (
        select(receipts.c.digest, receipts.c.raw)
        .join(leaf_proofs, leaf_proofs.c.receipt == receipts.c.digest)
        .outerjoin(time_stamps, time_stamps.c.size == leaf_proofs.c.size)
        .where(leaf_proofs.c.size > 0, time_stamps.c.size.is_(None))
        .order_by(receipts.c.seq.desc())
        .limit(limit)
    )
    return tuple((row[0], row[1]) for row in tx.execute(question))


def put_time_stamp(tx: Connection, size: int, raw: bytes) -> None:
    """Remember the verified token over the checkpoint of that size."""
    tx.execute(insert_or(time_stamps).values(size=size, raw=raw).on_conflict_do_nothing())


def time_stamp_of(tx: Connection, size: int) -> bytes | None:
    """Return the token over the checkpoint of that size, or None."""
    found: bytes | None = tx.execute(select(time_stamps.c.raw).where(time_stamps.c.size == size)).scalar()
    return found


def cases_of_receipts(tx: Connection, digests: Iterable[Digest]) -> tuple[CaseId, ...]:
    """Return the cases that receipts belong to."""
    question = (
        select(envelopes.c.case)
        .join(receipts, receipts.c.envelope == envelopes.c.digest)
        .where(receipts.c.digest.in_(list(digests)))
        .distinct()
    )
    return tuple(tx.execute(question).scalars())


def add_trail_event(tx: Connection, row: TrailEventRow) -> None:
    """Queue something for the trail, in the transaction of what happened."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    tx.execute(insert(trail_events).values(values))


def trail_events_waiting(tx: Connection, limit: int) -> tuple[TrailEventRow, ...]:
    """Return what the hub has not logged yet, oldest first; what it refused is left out."""
    question = select(*_EVENT).where(trail_events.c.leaf.is_(None), trail_events.c.trouble.is_(None))
    return tuple(
        TrailEventRow(**dict(row)) for row in tx.execute(question.order_by(trail_events.c.seq).limit(limit)).mappings()
    )


def trail_events_of(tx: Connection, case: CaseId) -> tuple[TrailEventRow, ...]:
    """Return everything signed for the trail about `case`, oldest first."""
    question = select(*_EVENT).where(trail_events.c.case == case).order_by(trail_events.c.seq)
    return tuple(TrailEventRow(**dict(row)) for row in tx.execute(question).mappings())


def trail_events_unlogged(tx: Connection) -> tuple[TrailEventRow, ...]:
    """Return everything that is not in the trail yet, also what was refused."""
    question = select(*_EVENT).where(trail_events.c.leaf.is_(None)).order_by(trail_events.c.seq)
    return tuple(TrailEventRow(**dict(row)) for row in tx.execute(question).mappings())


def note_logged(tx: Connection, digest: Digest, *, leaf: int, position: bytes) -> None:
    """The hub has logged it, and the proof of that was verified."""
    values = {"leaf": leaf, "position": position, "trouble": None}
    tx.execute(update(trail_events).where(trail_events.c.digest == digest).values(values))


def note_trouble(tx: Connection, digest: Digest, trouble: str) -> None:
    """The hub does not take it, for this reason."""
    tx.execute(update(trail_events).where(trail_events.c.digest == digest).values(trouble=trouble))


def log_again_from(tx: Connection, size: int) -> None:
    """A restored hub has lost the leaves from `size` on: what stood there is sent again."""
    tx.execute(update(trail_events).where(trail_events.c.leaf >= size).values(leaf=None, position=None))
    tx.execute(leaf_proofs.delete().where(leaf_proofs.c.size > size))
    tx.execute(time_stamps.delete().where(time_stamps.c.size > size))


_EVENT = tuple(trail_events.c[field.name] for field in fields(TrailEventRow))
