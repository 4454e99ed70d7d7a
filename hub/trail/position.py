"""Where a leaf stands, as receipts carry it: from the appender to the wire, and from the wire to a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.receipt import TrailPosition
from hub.protocol.verdict import Verdict, failed, not_applicable, passed
from hub.trail.checkpoint import ORIGIN_CHECK, SIGNATURE_CHECK, SignedCheckpoint, check_checkpoint, parse_checkpoint
from hub.trail.hashing import leaf_hash
from hub.trail.lines import encode_base64, parse_base64, parse_hash
from hub.trail.note import VerifierKey
from hub.trail.proofs import INCLUSION_CHECK, check_inclusion
from hub.trail.record import LeafRecord, parse_record
from hub.trail.sequence import Appended

RECORD_CHECK = "trail.record"


@dataclass(frozen=True, slots=True)
class StandingLeaf:
    """A parsed position: the record's exact bytes and its meaning, its place, its proof, the checkpoint. Not verified."""

    index: int
    raw_record: bytes
    record: LeafRecord
    proof: tuple[bytes, ...]
    signed: SignedCheckpoint


def make_positions(appended: Appended, records: Sequence[bytes], checkpoint: bytes) -> tuple[TrailPosition, ...]:
    """Return what each receipt of a batch carries: the records of `appended`, in order, under one signed `checkpoint`."""
    text = checkpoint.decode("utf-8")
    # The leaves of a batch share most of their hashes: each is written once.
    written = {one: encode_base64(one) for one in {one for position in appended.positions for one in position.proof}}
    return tuple(
        TrailPosition(
            index=position.index,
            leaf=encode_base64(record),
            proof=tuple(map(written.__getitem__, position.proof)),
            checkpoint=text,
        )
        for position, record in zip(appended.positions, records, strict=True)
    )


def parse_position(position: TrailPosition) -> StandingLeaf:
    """Return the parts of a receipt's position. Raises: Refused (`trail.proof_form`, `record.form`, `note.form`,
    `checkpoint.form`)."""
    raw_record = parse_base64(position.leaf, code=Code.TRAIL_PROOF_FORM)
    return StandingLeaf(
        position.index,
        raw_record,
        parse_record(raw_record),
        tuple(parse_hash(line, code=Code.TRAIL_PROOF_FORM) for line in position.proof),
        parse_checkpoint(position.checkpoint.encode()),
    )


def check_position(position: TrailPosition, *, digest: Digest, origin: str, log_keys: Sequence[VerifierKey]) -> Verdict:
    """Say whether the log `origin` commits to a record about the bytes of `digest` at this position.

    Checks `trail.record`, `checkpoint.origin`, `checkpoint.signature`, `trail.inclusion`. Size and root are taken from
    the checkpoint only.
    """
    try:
        leaf = parse_position(position)
    except Refused as error:
        unread = failed(RECORD_CHECK, error.code, error.detail, **error.values)
        return Verdict((unread, *map(not_applicable, (ORIGIN_CHECK, SIGNATURE_CHECK, INCLUSION_CHECK))))
    about = (
        passed(RECORD_CHECK, leaf.record.event)
        if leaf.record.digest == digest
        else failed(RECORD_CHECK, Code.RECORD_OTHER, leaf.record.digest)
    )
    standing = check_inclusion(
        leaf_hash(leaf.raw_record),
        index=leaf.index,
        size=leaf.signed.checkpoint.size,
        proof=leaf.proof,
        root=leaf.signed.checkpoint.root,
    )
    signed = check_checkpoint(leaf.signed, origin=origin, log_keys=log_keys)
    return Verdict((about, *signed.checks, standing))
