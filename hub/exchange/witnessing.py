"""The hub's side of being witnessed: what a station is asked to cosign, its answer, and how far the trail is cosigned.

Stations come and fetch (tlog-witness, pulled): they stand behind firewalls, and a hub goes on working without them.
"""

import logging
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from hub.exchange.hub import Hub
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import StationId
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.trail_keys import TrailKeys
from hub.protocol.witness import LeafProof, LeafProofs, Witnessed, WitnessStanding
from hub.store.administration import record_statement
from hub.store.time_stamps import TimeStampRow, newest_time_stamp
from hub.store.trail_keys import trail_keys_installed
from hub.store.trail_log import Head, head_of, tile_reader
from hub.store.witnesses import (
    CosignedRow,
    cosigned_rows,
    drop_cosigned_before,
    insert_cosignature,
    insert_witness,
    witnesses_in_use,
)
from hub.trail.checkpoint import add_signatures, parse_checkpoint, verify_checkpoint
from hub.trail.cosignature import verify_cosignatures
from hub.trail.keys import stated_keys, stated_policy
from hub.trail.lines import encode_base64
from hub.trail.note import VerifierKey, assemble_note, parse_signature_lines, parse_verifier_key
from hub.trail.policy import Policy
from hub.trail.proofs import consistency_proof, inclusion_proof, tree_root
from hub.trail.tiles import nodes_from_tiles
from hub.trail.witness import encode_add_checkpoint
from hub.trail.witness_key import check_witness_key, open_witness_key

log = logging.getLogger(__name__)
MAX_LEAVES_ASKED = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """A verified cosignature of a checkpoint of this log, to be filed."""

    size: int
    root: bytes
    checkpoint: str
    key: VerifierKey
    line: str
    at: str


def offer_for(tx: sa.Connection, offered: Head, old: int) -> bytes | None:
    """Return the add-checkpoint request for a witness that has seen `old` leaves, None when there is nothing new for it."""
    if old >= offered.size:
        return None  # whether the log got shorter, the witness asks elsewhere
    proof: tuple[bytes, ...] = ()
    if old:
        proof = consistency_proof(old, offered.size, nodes_from_tiles(tile_reader(tx)))
    return encode_add_checkpoint(old, proof, offered.checkpoint.encode())


async def register_witness(raw: bytes, *, caller: StationId, hub: Hub) -> bool:
    """Take the signed introduction of the calling station's witness key; return whether it was new. It is a leaf.

    Raises: NotPermitted (`certificate.station`), Refused (`jws.*`, `note.*`, `witness.*`, `cert.*`).
    """
    now = hub.clock()
    signed = open_witness_key(raw, origin=hub.settings.trail.origin, certificates=hub.trust.certificate)
    if signed.stated.station != caller:
        raise NotPermitted(Code.CERTIFICATE_STATION, detail=f"witness of {signed.stated.station}")
    check_witness_key(signed, trust=hub.trust.refresh(), now=now).require()
    nonce = hub.random(16)

    def work(tx: sa.Connection) -> bool:
        if not insert_witness(tx, key=signed.key.text, station=caller, raw=raw, now=now):
            return False
        record_statement(tx, hub.trail, raw, now=now, nonce=nonce)
        return True

    return await hub.writer.run(work)


def read_cosignature(raw: bytes, *, log_key: VerifierKey, witness: VerifierKey) -> Taken:
    """Return the cosignature of `witness` on a checkpoint of this log. Pure.

    Raises: Refused (`note.*`, `checkpoint.*`, `witness.not_cosigned`).
    """
    signed = parse_checkpoint(raw)
    by_log = verify_checkpoint(signed, origin=log_key.name, log_keys=(log_key,))
    found = verify_cosignatures(signed, (witness,))
    if not found:
        raise Refused(Code.WITNESS_NOT_COSIGNED)
    note = assemble_note(signed.note.text, [by_log[0].line]).decode()
    stated = signed.checkpoint
    return Taken(stated.size, stated.root, note, witness, found[0].line.text, format_instant(found[0].at))


def witness_of(tx: sa.Connection, station: StationId) -> VerifierKey:
    """Return the key with which a station cosigns. Raises: NotPermitted (`witness.unknown`)."""
    for row in witnesses_in_use(tx):
        if row.station == station:
            return parse_verifier_key(row.key)
    raise NotPermitted(Code.WITNESS_UNKNOWN, detail=station)


def file_cosignature(tx: sa.Connection, taken: Taken) -> None:
    """File a cosignature. Raises: Refused (`trail.consistency`) when the log here is not the one that was cosigned."""
    if taken.size > head_of(tx).size or _root_at(tx, taken.size) != taken.root:
        # This log signed it: somebody has put another database in place.
        log.critical("cosigned checkpoint is not of this log size=%d", taken.size)
        raise Refused(Code.TRAIL_CONSISTENCY, detail=f"size {taken.size}")
    insert_cosignature(
        tx, size=taken.size, checkpoint=taken.checkpoint, key=taken.key.text, line=taken.line, at=taken.at
    )
    if (whole := _largest_by_quorum(tx)) is not None:
        drop_cosigned_before(tx, whole.size)


def cosigned_checkpoint(tx: sa.Connection) -> str:
    """Return the newest checkpoint with the cosignatures it has."""
    head = head_of(tx)
    for row in cosigned_rows(tx):
        if row.size == head.size and row.checkpoint == head.checkpoint:
            return _with_lines(row)
    return head.checkpoint


def witnessed(tx: sa.Connection) -> Witnessed:
    """Return how far the trail is cosigned, and by whom."""
    head, rows = head_of(tx), witnesses_in_use(tx)
    whole = _largest_by_quorum(tx)
    upto = 0 if whole is None else whole.size
    return Witnessed(
        size=head.size,
        cosigned=upto,
        by=tuple(row.name for row in rows if upto and (row.size or 0) >= upto),
        of=len(rows),
        needed=_needed(newest_policy(tx), len(rows)),
        checkpoint=None if whole is None else _with_lines(whole),
        witnesses=tuple(
            WitnessStanding(station=row.station, name=row.name, key=row.key, size=row.size, at=row.cosigned_at)
            for row in rows
        ),
    )


def prove_leaves(tx: sa.Connection, leaves: list[int]) -> LeafProofs:
    """Return the proofs of `leaves` against the newest checkpoint that a quorum has cosigned; where none is asked for,
    against the newest."""
    found = checkpoint_to_rest_on(tx)
    if found is None:
        return LeafProofs(checkpoint=head_of(tx).checkpoint, proofs=())
    size, checkpoint = found
    stamp, stamped = _stamp_that_counts(tx), None
    if stamp is not None and all(leaf < stamp.size for leaf in leaves):
        size, checkpoint, stamped = stamp.size, stamp.checkpoint, encode_base64(stamp.raw)
    nodes = nodes_from_tiles(tile_reader(tx))
    return LeafProofs(
        checkpoint=checkpoint,
        proofs=tuple(
            LeafProof(index=leaf, proof=tuple(map(encode_base64, inclusion_proof(leaf, size, nodes))))
            for leaf in dict.fromkeys(leaves[:MAX_LEAVES_ASKED])
            if leaf < size
        ),
        time_stamp=stamped,
    )


def checkpoint_to_rest_on(tx: sa.Connection) -> tuple[int, str] | None:
    """Return size and note of the newest checkpoint that a quorum has cosigned, or of the newest where none is asked for."""
    policy = newest_policy(tx)
    if policy is None or policy.quorum is None:
        return head_of(tx).size, cosigned_checkpoint(tx)
    whole = _largest_by_quorum(tx)
    return None if whole is None else (whole.size, _with_lines(whole))


def newest_statement(tx: sa.Connection) -> TrailKeys | None:
    """Return the newest statement of keys installed (it was verified then), or None."""
    installed = trail_keys_installed(tx)
    return _statement(installed[-1]) if installed else None


def _stamp_that_counts(tx: sa.Connection) -> TimeStampRow | None:
    """Return the newest stamp, unless the keys were stated anew since: its cosignatures may no longer be enough."""
    stamp, statement = newest_time_stamp(tx), newest_statement(tx)
    if stamp is None or statement is None or stamp.size > head_of(tx).size:
        return None
    return stamp if parse_instant(stamp.at) >= parse_instant(statement.at) else None


def _largest_by_quorum(tx: sa.Connection) -> CosignedRow | None:
    policy, count = newest_policy(tx), len(witnesses_in_use(tx))
    for row in cosigned_rows(tx):
        keys = frozenset(parse_verifier_key(key) for key, _ in row.lines)
        asked = policy is not None and policy.quorum is not None
        if policy.is_met_by(keys) if policy is not None and asked else 2 * len(keys) > count:
            return row
    return None


def _needed(policy: Policy | None, count: int) -> str:
    if policy is None or policy.quorum is None:
        return f"{count // 2 + 1}/{count}"
    group = next((item for item in policy.groups if item.name == policy.quorum), None)
    return policy.quorum if group is None else f"{group.threshold}/{len(group.members)}"


def _with_lines(row: CosignedRow) -> str:
    lines = [line for _, text in row.lines for line in parse_signature_lines(text.encode())]
    return add_signatures(row.checkpoint.encode(), lines).decode()


def _root_at(tx: sa.Connection, size: int) -> bytes:
    return tree_root(size, nodes_from_tiles(tile_reader(tx)))


def newest_policy(tx: sa.Connection) -> Policy | None:
    """Return the policy of the newest statement of keys installed (it was verified then), or None."""
    installed = trail_keys_installed(tx)
    return _policy(installed[-1]) if installed else None


_policy = lru_cache(maxsize=8)(stated_policy)
_statement = lru_cache(maxsize=8)(stated_keys)
