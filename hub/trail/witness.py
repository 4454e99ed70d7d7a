"""The witness: who has seen a log at one size cosigns only what adds to it (C2SP tlog-witness, add-checkpoint).

`judge` is pure. `add_checkpoint` tells the story in the order that keeps a witness honest: judge, store, then sign. The
agent pulls the request from its hub and sends the answer back; bodies and codes are the standard's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Result
from hub.trail.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    check_growth,
    parse_checkpoint,
    verify_checkpoint,
)
from hub.trail.cosignature import cosign
from hub.trail.hashing import EMPTY_ROOT
from hub.trail.lines import encode_base64, parse_decimal, parse_hash
from hub.trail.note import NoteSigner, VerifierKey

MAX_PROOF_LINES = 63
SIZE_TYPE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class WitnessState:
    """The largest tree that this witness has accepted for one log: one row for each origin.

    `checkpoint` is the log-signed checkpoint, kept byte for byte: with a later one that contradicts it, it is the proof
    of misbehaviour that anyone can check.
    """

    origin: str
    size: int
    root: bytes
    checkpoint: bytes


class WitnessStore(Protocol):
    """What a witness needs of its storage. State that was lost must make `load` raise, never return None: a witness that
    starts again at nothing would cosign a second history."""

    def load(self, origin: str) -> WitnessState | None:
        """Return the state of the log, None only if it was never cosigned here."""

    def swap(self, before: WitnessState | None, after: WitnessState) -> bool:
        """Replace `before` by `after` atomically and durably (fsync) before returning True; False, and nothing changed,
        if the stored state is no longer `before`. In SQL: UPDATE ... WHERE origin = ? AND size = ? AND root = ?, or an
        INSERT that the unique origin refuses."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request for a cosignature: the size that the witness is thought to have, the proof from it, the checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    signed: SignedCheckpoint


@dataclass(frozen=True, slots=True)
class Accepted:
    """The checkpoint adds to what was seen: store `after` in place of `before`, and only then cosign."""

    before: WitnessState | None
    after: WitnessState
    signed: SignedCheckpoint


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not cosigned. `status` is the standard's HTTP status; `contradiction` is set when the log has signed a history that
    cannot follow the stored one (another root at the same size): `seen` and `offered` together prove it."""

    status: int
    code: Code
    detail: str = ""
    last_size: int | None = None
    contradiction: bool = False
    seen: bytes | None = None
    offered: bytes | None = None


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """The HTTP answer, and the rejection behind it (None when cosigned)."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    rejected: Rejected | None = None


def encode_add_checkpoint(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Return the request body: `old <size>`, proof lines, an empty line, the signed checkpoint."""
    lines = [f"old {old_size}\n", *(encode_base64(one) + "\n" for one in proof), "\n"]
    return "".join(lines).encode() + checkpoint


def parse_add_checkpoint(raw: bytes) -> AddCheckpoint:
    """Return the parts of a request. Raises: Refused (`witness.form`, `note.form`, `checkpoint.form`)."""
    head, blank, note = raw.partition(b"\n\n")
    if not blank or len(head) > 4096:
        raise Refused(Code.WITNESS_FORM, detail="no empty line")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused(Code.WITNESS_FORM, detail="not ASCII") from error
    if not first.startswith("old ") or len(lines) > MAX_PROOF_LINES:
        raise Refused(Code.WITNESS_FORM, detail=f"{len(lines)} proof lines")
    return AddCheckpoint(
        parse_decimal(first.removeprefix("old "), code=Code.WITNESS_FORM),
        tuple(parse_hash(line, code=Code.WITNESS_FORM) for line in lines),
        parse_checkpoint(note),
    )


def judge(
    request: AddCheckpoint, *, state: WitnessState | None, logs: Mapping[str, Sequence[VerifierKey]]
) -> Accepted | Rejected:
    """Say whether the checkpoint may be cosigned by a witness that has `state`; `logs` are the trusted keys by origin.

    Source: tlog-witness.md, add-checkpoint, the checks in its order.
    """
    signed, new = request.signed, request.signed.checkpoint
    if new.origin not in logs:
        return Rejected(404, Code.WITNESS_UNKNOWN_LOG, new.origin)
    try:
        verify_checkpoint(signed, origin=new.origin, log_keys=logs[new.origin])
    except Refused as error:
        return Rejected(403, error.code, str(error))
    if request.old_size > new.size:
        return Rejected(400, Code.WITNESS_FORM, f"old {request.old_size} > {new.size}")
    seen_size = 0 if state is None else state.size
    if request.old_size != seen_size:
        return Rejected(409, Code.WITNESS_CONFLICT, last_size=seen_size)
    if (refusal := _refuse_growth(request, state)) is not None:
        return refusal
    return Accepted(state, WitnessState(new.origin, new.size, new.root, signed.raw), signed)


def add_checkpoint(
    raw: bytes,
    *,
    store: WitnessStore,
    logs: Mapping[str, Sequence[VerifierKey]],
    signer: NoteSigner,
    at: datetime,
) -> WitnessAnswer:
    """Answer one request: cosign a checkpoint that adds to the stored one, once that is stored, or say why not."""
    try:
        request = parse_add_checkpoint(raw)
    except Refused as error:
        # A note that no key could have signed has, as the standard counts it, no trusted signature.
        return _reject(Rejected(403 if error.code is Code.NOTE_FORM else 400, error.code, str(error)))
    origin = request.signed.checkpoint.origin
    judged = judge(request, state=store.load(origin) if origin in logs else None, logs=logs)
    if isinstance(judged, Rejected):
        return _reject(judged)
    # Durable before signed: a signature on a size that a crash forgets would let the log roll back.
    if not store.swap(judged.before, judged.after):
        newest = store.load(origin)
        return _reject(Rejected(409, Code.WITNESS_CONFLICT, last_size=0 if newest is None else newest.size))
    return WitnessAnswer(200, cosign(judged.signed, signer=signer, at=at).text.encode())


def _refuse_growth(request: AddCheckpoint, state: WitnessState | None) -> Rejected | None:
    new = request.signed.checkpoint
    if new.size == 0 and new.root != EMPTY_ROOT:
        return Rejected(422, Code.TRAIL_CONSISTENCY, "an empty log with another root")
    if request.old_size == 0:
        return Rejected(422, Code.TRAIL_CONSISTENCY, "consistency proof from size 0") if request.proof else None
    assert state is not None  # a size above 0 was stored
    old = Checkpoint(state.origin, state.size, state.root)
    growth = check_growth(old, new, request.proof)
    if growth.result is Result.PASSED:
        return None
    # A bad proof alone proves nothing: anyone can send one. Two signed roots of one size do.
    contradiction = new.size == old.size and new.root != old.root
    return Rejected(
        422,
        growth.cause or Code.TRAIL_CONSISTENCY,
        f"consistency proof: {growth.detail}",
        contradiction=contradiction,
        seen=state.checkpoint if contradiction else None,
        offered=request.signed.raw if contradiction else None,
    )


def _reject(rejected: Rejected) -> WitnessAnswer:
    if rejected.status == 409:
        return WitnessAnswer(409, b"%d\n" % (rejected.last_size or 0), SIZE_TYPE, rejected)
    text = f"{rejected.code.value}: {rejected.detail}\n"
    return WitnessAnswer(rejected.status, text.encode(), rejected=rejected)
