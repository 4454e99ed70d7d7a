"""Checkpoints (C2SP tlog-checkpoint v1.0.0): parse, sign, check. Bytes in, verdict out; no clock, no network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Check, Verdict, failed, not_applicable, passed
from hub.trail.hashing import EMPTY_ROOT, HASH_SIZE
from hub.trail.lines import MAX_SIZE, encode_base64, parse_decimal, parse_hash
from hub.trail.note import (
    KeyType,
    Note,
    NoteSigner,
    SignatureLine,
    VerifiedSignature,
    VerifierKey,
    assemble_note,
    parse_note,
    sign_text,
    verify_note,
)
from hub.trail.proofs import CONSISTENCY_CHECK, check_consistency

ORIGIN_CHECK = "checkpoint.origin"
SIGNATURE_CHECK = "checkpoint.signature"
MAX_ORIGIN = 255
_CONTROL = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: at `size` leaves its tree has this `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as received (`note.raw`), with its signature lines. Nothing is verified yet."""

    checkpoint: Checkpoint
    note: Note

    @property
    def raw(self) -> bytes:
        """The exact bytes as received."""
        return self.note.raw


def checkpoint_text(checkpoint: Checkpoint) -> bytes:
    """Return the note text of `checkpoint`. Raises: ValueError for values that no checkpoint can hold."""
    lines = (checkpoint.origin, str(checkpoint.size), encode_base64(checkpoint.root), *checkpoint.extensions)
    if len(checkpoint.root) != HASH_SIZE or not 0 <= checkpoint.size <= MAX_SIZE or not all(lines):
        raise ValueError("not a checkpoint")
    if any(map(_CONTROL.search, lines)) or len(checkpoint.origin.encode()) > MAX_ORIGIN:
        raise ValueError("not a checkpoint")
    return ("\n".join(lines) + "\n").encode()


def sign_checkpoint(origin: str, size: int, root: bytes, *, signer: NoteSigner) -> bytes:
    """Return the signed note in which the log commits to `size` and `root`.

    A log must never sign two checkpoints that contradict each other: call it only for what the store has, or is about to
    commit in this transaction.
    """
    text = checkpoint_text(Checkpoint(origin, size, root))
    return assemble_note(text, (sign_text(text, signer),))


def parse_checkpoint_text(text: bytes) -> Checkpoint:
    """Return the checkpoint that a note's text holds. Raises: Refused (`checkpoint.form`)."""
    try:
        lines = text.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Refused(Code.CHECKPOINT_FORM, detail="UTF-8") from error
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise Refused(Code.CHECKPOINT_FORM, detail="at least three lines, none empty")
    origin, size, root, *extensions = lines
    if len(origin.encode()) > MAX_ORIGIN:
        raise Refused(Code.CHECKPOINT_FORM, detail="origin is too long")
    return Checkpoint(
        origin,
        parse_decimal(size, code=Code.CHECKPOINT_FORM),
        parse_hash(root, code=Code.CHECKPOINT_FORM),
        tuple(extensions),
    )


def parse_checkpoint(raw: bytes) -> SignedCheckpoint:
    """Return the parts of a signed checkpoint; no signature is verified. Raises: Refused (`note.form`, `checkpoint.form`)."""
    note = parse_note(raw)
    return SignedCheckpoint(parse_checkpoint_text(note.text), note)


def verify_checkpoint(
    signed: SignedCheckpoint, *, origin: str, log_keys: Sequence[VerifierKey]
) -> tuple[VerifiedSignature, ...]:
    """Return the log's signatures on the checkpoint, all verified.

    Raises: Refused (`checkpoint.origin`, `note.signature`, `note.not_signed`, `note.key_type` for a key of a witness).
    """
    if signed.checkpoint.origin != origin:
        raise Refused(Code.CHECKPOINT_ORIGIN, values={"origin": signed.checkpoint.origin})
    # A witness vouches for what it saw, not for the log: its key must not stand in for the log's.
    if any(key.key_type is not KeyType.ED25519 for key in log_keys):
        raise Refused(Code.NOTE_KEY_TYPE)
    return verify_note(signed.note, log_keys)


def open_checkpoint(raw: bytes, *, origin: str, log_keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    """Return a checkpoint that the log `origin` signed. Raises: Refused (as `parse_` and `verify_checkpoint`)."""
    signed = parse_checkpoint(raw)
    verify_checkpoint(signed, origin=origin, log_keys=log_keys)
    return signed


def check_checkpoint(signed: SignedCheckpoint, *, origin: str, log_keys: Sequence[VerifierKey]) -> Verdict:
    """Say whether the log `origin` signed this checkpoint (`checkpoint.origin`, `checkpoint.signature`)."""
    if signed.checkpoint.origin != origin:
        wrong = failed(ORIGIN_CHECK, Code.CHECKPOINT_ORIGIN, origin=signed.checkpoint.origin)
        return Verdict((wrong, not_applicable(SIGNATURE_CHECK)))
    try:
        verified = verify_checkpoint(signed, origin=origin, log_keys=log_keys)
    except Refused as error:
        return Verdict((passed(ORIGIN_CHECK), failed(SIGNATURE_CHECK, error.code, error.detail, **error.values)))
    return Verdict((passed(ORIGIN_CHECK, origin), passed(SIGNATURE_CHECK, verified[0].key.text)))


def check_growth(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> Check:
    """Say whether `new` only adds to `old` (both verified before): the check that finds a fork or a rollback.

    A log that got shorter fails with `trail.rollback`, other contradictions with `trail.consistency`. Everything follows
    the empty tree, with an empty proof. Source: tlog-witness.md, add-checkpoint.
    """
    if old.origin != new.origin:
        return failed(CONSISTENCY_CHECK, Code.CHECKPOINT_ORIGIN, origin=new.origin)
    if any(one.size == 0 and one.root != EMPTY_ROOT for one in (old, new)):
        return failed(CONSISTENCY_CHECK, Code.TRAIL_CONSISTENCY, "an empty log with another root")
    if new.size < old.size:
        return failed(CONSISTENCY_CHECK, Code.TRAIL_ROLLBACK, size=new.size, seen=old.size)
    if old.size == 0:
        if proof:
            return failed(CONSISTENCY_CHECK, Code.TRAIL_CONSISTENCY, "a proof from an empty log")
        return passed(CONSISTENCY_CHECK)
    return check_consistency(old_size=old.size, old_root=old.root, new_size=new.size, new_root=new.root, proof=proof)


def add_signatures(raw: bytes, lines: Sequence[SignatureLine]) -> bytes:
    """Return the signed checkpoint with more signature lines under it (cosignatures), each once."""
    note = parse_note(raw)
    return note.raw + "".join(line.text for line in dict.fromkeys(lines) if line not in note.signatures).encode()
