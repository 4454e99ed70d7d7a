"""Proof files (C2SP tlog-proof, `.tlog-proof`): a leaf's index and path with the signed checkpoint, to be checked offline."""

from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Verdict, failed, not_applicable, passed
from hub.trail.checkpoint import ORIGIN_CHECK, SIGNATURE_CHECK, parse_checkpoint
from hub.trail.hashing import HASH_SIZE, leaf_hash
from hub.trail.lines import encode_base64, parse_base64, parse_decimal, parse_hash
from hub.trail.policy import QUORUM_CHECK, Policy, check_policy
from hub.trail.proofs import INCLUSION_CHECK, check_inclusion

_HEADER = "c2sp.org/tlog-proof@v1"
FORM_CHECK = "trail.proof_form"
MAX_PROOF_SIZE = 2_000_000


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof file's parts; `checkpoint` is the signed note byte for byte. `extra` is signed by nobody: never rely on it."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def encode_tlog_proof(proof: TlogProof) -> bytes:
    """Return the proof file."""
    if any(len(one) != HASH_SIZE for one in proof.proof):
        raise ValueError("a proof is made of 32-byte hashes")
    lines = [_HEADER]
    if proof.extra is not None:
        lines.append(f"extra {encode_base64(proof.extra)}")
    lines += [f"index {proof.index}", *map(encode_base64, proof.proof), "", ""]
    return "\n".join(lines).encode() + proof.checkpoint


def parse_tlog_proof(raw: bytes) -> TlogProof:
    """Return the parts of a proof file; the checkpoint is not read yet. Raises: Refused (`trail.proof_form`)."""
    head, blank, checkpoint = raw[:MAX_PROOF_SIZE].partition(b"\n\n")
    if not blank or not checkpoint or len(raw) > MAX_PROOF_SIZE:
        raise Refused(Code.TRAIL_PROOF_FORM, detail="no checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused(Code.TRAIL_PROOF_FORM, detail="not ASCII") from error
    if lines.pop(0) != _HEADER:
        raise Refused(Code.TRAIL_PROOF_FORM, detail="first line")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = parse_base64(lines.pop(0).removeprefix("extra "), code=Code.TRAIL_PROOF_FORM)
    if not lines or not lines[0].startswith("index "):
        raise Refused(Code.TRAIL_PROOF_FORM, detail="index line")
    index = parse_decimal(lines.pop(0).removeprefix("index "), code=Code.TRAIL_PROOF_FORM)
    # The path of the largest tree has 63 hashes.
    if len(lines) > 63:
        raise Refused(Code.TRAIL_PROOF_FORM, detail=f"{len(lines)} hashes")
    return TlogProof(index, tuple(parse_hash(line, code=Code.TRAIL_PROOF_FORM) for line in lines), checkpoint, extra)


def check_tlog_proof(raw: bytes, entry: bytes, *, policy: Policy) -> Verdict:
    """Say whether the proof file shows that `entry` (the leaf record's bytes) is in a log as `policy` demands.

    Checks `trail.proof_form`, `checkpoint.origin`, `checkpoint.signature`, `trail.quorum`, `trail.inclusion`. Size and root
    are taken from the checkpoint only. Source: tlog-proof.md, Verifying a tlog proof.
    """
    try:
        proof = parse_tlog_proof(raw)
        signed = parse_checkpoint(proof.checkpoint)
    except Refused as error:
        others = (ORIGIN_CHECK, SIGNATURE_CHECK, QUORUM_CHECK, INCLUSION_CHECK)
        return Verdict((failed(FORM_CHECK, error.code, error.detail, **error.values), *map(not_applicable, others)))
    inclusion = check_inclusion(
        leaf_hash(entry),
        index=proof.index,
        size=signed.checkpoint.size,
        proof=proof.proof,
        root=signed.checkpoint.root,
    )
    return Verdict((passed(FORM_CHECK), *check_policy(signed, policy).checks, inclusion))
