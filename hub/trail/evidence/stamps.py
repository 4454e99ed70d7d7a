"""Time-stamps (RFC 3161) of checkpoints in an evidence file: one covers every leaf before it. Pure."""

from collections.abc import Mapping

from hub.protocol.codes import Code
from hub.protocol.verdict import pending
from hub.signing.receipts import SignedReceipt
from hub.trail.evidence.opened import Opening
from hub.trail.evidence.tally import Tally
from hub.trail.keys import TrustedKeys

TIME_STAMP = "evidence.time_stamp"


def check_time_stamps(
    receipts: tuple[Opening[SignedReceipt], ...],
    trail: Mapping[str, bytes],
    statements: tuple[TrustedKeys, ...],
    *,
    tally: Tally,
) -> None:
    """Count whether an authority that the statements name has stamped the log behind every receipt."""
    del trail
    if receipts and any(keys.authorities for keys in statements):
        tally.add(TIME_STAMP, pending(TIME_STAMP, Code.TIME_STAMP_TO_COME), None)
