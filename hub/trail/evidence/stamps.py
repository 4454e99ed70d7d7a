"""Time-stamps (RFC 3161) of checkpoints in an evidence file: one covers every leaf before it. Pure.

Under `trail/`, beside the proofs: `stamp-<size>.tsr`, a token over the text of the checkpoint of that size.
"""

from collections.abc import Mapping

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Check, failed, passed, pending
from hub.signing.receipts import SignedReceipt
from hub.signing.time_stamps import open_token
from hub.trail.checkpoint import parse_checkpoint
from hub.trail.evidence.opened import Opening
from hub.trail.evidence.standing import proof_name
from hub.trail.evidence.tally import Tally
from hub.trail.keys import TrustedKeys
from hub.trail.tlog_proof import parse_tlog_proof

TIME_STAMP = "evidence.time_stamp"


def stamp_name(size: int) -> str:
    """Return the name under `trail/` of the token over the checkpoint of `size` leaves."""
    return f"stamp-{size}.tsr"


def check_time_stamps(
    receipts: tuple[Opening[SignedReceipt], ...],
    trail: Mapping[str, bytes],
    statements: tuple[TrustedKeys, ...],
    *,
    tally: Tally,
) -> None:
    """Count whether an authority that the statements name has stamped the log behind every receipt.

    None named: not asked for. Not there yet, or only by the hub's own trial authority: pending. A false token fails.
    """
    if not any(keys.authorities for keys in statements):
        return
    for number, opening in enumerate(receipts, start=1):
        if opening.value is not None and opening.value.receipt.trail is not None:
            tally.add(TIME_STAMP, _check(trail, trail.get(proof_name(number)), statements), opening.name)


def _check(trail: Mapping[str, bytes], proof: bytes | None, statements: tuple[TrustedKeys, ...]) -> Check:
    to_come = pending(TIME_STAMP, Code.TIME_STAMP_TO_COME)
    if proof is None:
        return to_come
    try:
        signed = parse_checkpoint(parse_tlog_proof(proof).checkpoint)
    except Refused:
        return to_come  # `evidence.witnesses` says what is wrong with it
    token = trail.get(stamp_name(signed.checkpoint.size))
    return to_come if token is None else check_stamp(token, signed.note.text, statements)


def check_stamp(token: bytes, text: bytes, statements: tuple[TrustedKeys, ...]) -> Check:
    """Judge one token over a checkpoint's text; the newest statement's authorities come first."""
    refusal: Refused | None = None
    trial: Check | None = None
    for keys in reversed(statements):
        for authority, certified in keys.authorities:
            try:
                at = format_instant(open_token(token, text, authority=certified))
            except Refused as error:
                refusal = error
                continue
            if not authority.trial:
                return passed(TIME_STAMP, f"{authority.name} {at}")
            trial = pending(TIME_STAMP, Code.TIME_STAMP_TRIAL, f"试用时间戳 {authority.name} {at}")
    if trial is not None:
        return trial
    return failed(TIME_STAMP, Code.TIME_STAMP_INVALID, None if refusal is None else refusal.detail)
