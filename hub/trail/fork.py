"""A portable proof that a log has told two stories: two checkpoints that it signed and that cannot belong to one history.

Anybody who has the log's key can check the file; nothing else is needed. A log that merely shows less than before cannot be
proved so (the smaller checkpoint is an older one): then the larger checkpoint is what to compare the log with.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Check, Result, Verdict, failed, indeterminate, not_applicable, passed
from hub.trail.checkpoint import Checkpoint, open_checkpoint
from hub.trail.lines import encode_base64, parse_hash
from hub.trail.note import VerifierKey
from hub.trail.proofs import check_consistency

SIGNED_CHECK, TWO_STORIES_CHECK = "fork.signed", "fork.two_stories"


class ForkProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The proof file (JSON). `seen` and `shown` are signed checkpoints (notes); for `shown` larger than `seen`, `root` is the
    root (base64) of the first `seen` leaves in the tree that `shown` commits to, and `proof` the consistency proof that says
    so. With two of one size both are empty."""

    kind: Literal["hanxun-trail-fork"] = "hanxun-trail-fork"
    v: Literal[1] = 1
    seen: str
    shown: str
    root: str = ""
    proof: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fork:
    """An opened proof: both checkpoints, signed by the log."""

    seen: Checkpoint
    shown: Checkpoint


def make_fork_proof(seen: bytes, shown: bytes, *, root: bytes = b"", proof: tuple[bytes, ...] = ()) -> bytes:
    """Return the proof file."""
    return encode_json(
        ForkProof(
            seen=seen.decode(),
            shown=shown.decode(),
            root=encode_base64(root) if root else "",
            proof=tuple(map(encode_base64, proof)),
        )
    )


def is_fork_proof(raw: bytes) -> bool:
    """Say whether a file claims to be one."""
    return raw.startswith(b'{"') and b'"hanxun-trail-fork"' in raw


def notes_in(raw: bytes) -> tuple[bytes, bytes]:
    """Return the two signed checkpoints in a proof file, nothing verified. Raises: Refused (`trail.fork_form`)."""
    proof = _parse(raw)
    return proof.seen.encode(), proof.shown.encode()


def check_fork_proof(raw: bytes, *, key: VerifierKey) -> Verdict:
    """Say whether the file proves that the log with this key has signed two histories (`fork.signed`, `fork.two_stories`).

    Passed means: proved. A rollback that cannot be proved so is indeterminate.
    """
    try:
        proof = _parse(raw)
        seen, shown = (
            open_checkpoint(note.encode(), origin=key.name, log_keys=(key,)).checkpoint
            for note in (proof.seen, proof.shown)
        )
        hashes = tuple(parse_hash(line, code=Code.TRAIL_FORK_FORM) for line in (proof.root, *proof.proof) if line)
    except Refused as error:
        return Verdict(
            (failed(SIGNED_CHECK, error.code, error.detail, **error.values), not_applicable(TWO_STORIES_CHECK))
        )
    return Verdict((passed(SIGNED_CHECK, key.name), _two_stories(seen, shown, hashes)))


def _two_stories(seen: Checkpoint, shown: Checkpoint, hashes: tuple[bytes, ...]) -> Check:
    if seen.size == shown.size:
        if seen.root != shown.root:
            return passed(TWO_STORIES_CHECK, f"two roots at {seen.size}")
        return failed(TWO_STORIES_CHECK, Code.TRAIL_FORK_FORM, "one checkpoint twice")
    if shown.size < seen.size:
        # An older checkpoint is no lie: what shows the rollback is the log itself, held against the larger one.
        return indeterminate(TWO_STORIES_CHECK, Code.TRAIL_ROLLBACK, size=shown.size, seen=seen.size)
    if not hashes or hashes[0] == seen.root:
        return failed(TWO_STORIES_CHECK, Code.TRAIL_FORK_FORM, "no other root")
    other = check_consistency(
        old_size=seen.size, old_root=hashes[0], new_size=shown.size, new_root=shown.root, proof=hashes[1:]
    )
    if other.result is not Result.PASSED:
        return failed(TWO_STORIES_CHECK, Code.TRAIL_FORK_FORM, other.detail)
    return passed(TWO_STORIES_CHECK, f"another tree of {seen.size} leaves in the one of {shown.size}")


def _parse(raw: bytes) -> ForkProof:
    try:
        return decode_strict(raw, ForkProof)
    except Refused as error:
        raise Refused(Code.TRAIL_FORK_FORM, detail=error.code.value) from error
