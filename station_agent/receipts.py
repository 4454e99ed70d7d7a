"""Is this receipt the hub's, about this envelope, and does it stand in the hub's trail? Judged from the bytes alone."""

from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.identifiers import Digest
from hub.protocol.instants import parse_instant
from hub.protocol.receipt import Event
from hub.protocol.verdict import Check, Verdict, failed, passed
from hub.signing.receipts import SignedReceipt, check_receipt
from hub.signing.trust import Trust
from hub.trail.note import VerifierKey
from hub.trail.position import check_position, parse_position
from station_agent.store.trust import CheckpointRow

GROWTH_CHECK = "trail.consistency"


def check_receipt_for(
    signed: SignedReceipt,
    *,
    envelope: Digest,
    handover: Digest | None,
    trust: Trust,
    log_key: VerifierKey,
    seen: CheckpointRow | None,
    now: datetime,
) -> Verdict:
    """Say whether `signed` acknowledges `envelope` (and its `handover`, if given), as the trail shows.

    `seen` is the checkpoint of the same size that was verified before, if any: the trail must not tell two stories.
    """
    receipt = signed.receipt
    verdict = Verdict((_about(signed, envelope, handover),))
    verdict += check_receipt(signed, trust=trust, at=parse_instant(receipt.time), now=now)
    if receipt.trail is None:
        return verdict + Verdict((failed("receipt.trail", Code.RECEIPT_OTHER, "no trail"),))
    leaf = envelope if handover is None else handover
    position = check_position(receipt.trail, digest=leaf, origin=log_key.name, log_keys=(log_key,))
    verdict += position
    return verdict + Verdict((_one_story(signed, seen),)) if position.passed else verdict


def checkpoint_of(signed: SignedReceipt, *, seen_at: str) -> CheckpointRow | None:
    """Return the checkpoint of a verified receipt, to be remembered."""
    if signed.receipt.trail is None:
        return None
    checkpoint = parse_position(signed.receipt.trail).signed.checkpoint
    note = signed.receipt.trail.checkpoint
    return CheckpointRow(checkpoint.origin, checkpoint.size, checkpoint.root.hex(), note, seen_at)


def _about(signed: SignedReceipt, envelope: Digest, handover: Digest | None) -> Check:
    receipt = signed.receipt
    wanted = Event.CONTENT_CONSIGNMENT if handover is None else Event.CONTENT_HANDOVER
    fits = wanted in receipt.events and (receipt.envelope, receipt.handover) == (envelope, handover)
    return passed("receipt.subject") if fits else failed("receipt.subject", Code.RECEIPT_OTHER, receipt.envelope)


def _one_story(signed: SignedReceipt, seen: CheckpointRow | None) -> Check:
    found = checkpoint_of(signed, seen_at="")
    if seen is None or found is None or (found.origin, found.size) != (seen.origin, seen.size):
        return passed(GROWTH_CHECK)
    if found.root != seen.root:
        return failed(GROWTH_CHECK, Code.TRAIL_CONSISTENCY, f"two roots at size {found.size}")
    return passed(GROWTH_CHECK)
