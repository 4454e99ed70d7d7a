"""Cosignatures/v1 (C2SP tlog-cosignature): a witness states, with a time, which checkpoint it has seen. Pure.

The signature covers the checkpoint's text, not the witness's name: one key for each witness, used for nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.trail.checkpoint import SignedCheckpoint
from hub.trail.note import KeyType, NoteSigner, SignatureLine, VerifierKey, sign_text, verify_note

_LAST_TIMESTAMP = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: as of `at` (UTC), this was the largest consistent tree that `key` had seen."""

    key: VerifierKey
    at: datetime
    line: SignatureLine


def cosign(signed: SignedCheckpoint, *, signer: NoteSigner, at: datetime) -> SignatureLine:
    """Return the witness's signature line. Only for a checkpoint that the witness state machine has accepted and stored."""
    if signer.key.key_type is not KeyType.COSIGNATURE:
        raise ValueError("a witness signs with a cosignature key")
    return sign_text(signed.note.text, signer, timestamp=int(at.timestamp()))


def verify_cosignatures(signed: SignedCheckpoint, witnesses: Sequence[VerifierKey]) -> tuple[Cosignature, ...]:
    """Return the newest verified cosignature of each of `witnesses` that has one; unknown cosigners are ignored.

    Raises: Refused (`note.signature`) if one of them is named and does not verify; (`note.key_type`) for a key that is
    not a cosignature key, as a log's key would let the log vouch for itself.
    """
    if any(key.key_type is not KeyType.COSIGNATURE for key in witnesses):
        raise Refused(Code.NOTE_KEY_TYPE)
    try:
        verified = verify_note(signed.note, witnesses)
    except Refused as error:
        if error.code is Code.NOTE_NOT_SIGNED:
            return ()
        raise
    newest: dict[VerifierKey, Cosignature] = {}
    for signature in verified:
        timestamp = signature.timestamp or 0
        # The time is signed but means nothing beyond what a date can say.
        at = datetime.fromtimestamp(min(timestamp, _LAST_TIMESTAMP), UTC)
        if signature.key not in newest or newest[signature.key].at < at:
            newest[signature.key] = Cosignature(signature.key, at, signature.line)
    return tuple(newest.values())
