"""What was erased under retention rules, in an evidence file exported since: what is gone, by digest, and on whose word.

Only a notice that the hub and two administrators have rightly signed for this case excuses anything. What needs an erased part
is `redacted`, never passed; receipts, their places in the trail and the times stand as before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.verdict import Check, Result, failed, indeterminate, passed, redacted
from hub.signing.erasures import SignedErasure, check_erasure
from hub.signing.receipts import SignedReceipt
from hub.trail.evidence.opened import OpenedCase
from hub.trail.evidence.parts import EvidenceParts
from hub.trail.evidence.report import ERASURE, ReportErasure, ReportRemoved
from hub.trail.evidence.tally import Tally

ENVELOPE, FILE = "envelope", "file"
_NEED = {
    ENVELOPE: ("evidence.envelopes", "evidence.senders", "evidence.chain"),
    FILE: ("evidence.attachments", "evidence.acts", "evidence.officers", "evidence.seals"),
}


def good_erasures(parts: EvidenceParts, case: OpenedCase, *, now: datetime, tally: Tally) -> tuple[SignedErasure, ...]:
    """Count every notice of an erasure and return those that hold and are about this case."""
    good = []
    for opening in case.erasures:
        signed, refusal = opening.value, opening.refusal
        if signed is None:
            assert refusal is not None
            tally.add(ERASURE, failed("", refusal.code, refusal.detail, **refusal.values), opening.name)
            continue
        verdict = check_erasure(signed, trust=case.trust, now=now)
        about = passed("") if signed.notice.case == parts.case else failed("", Code.EVIDENCE_RECEIPT, "another case")
        tally.add_all(ERASURE, verdict, opening.name)
        tally.add(ERASURE, about, opening.name)
        if about.result is Result.PASSED and all(check.result is not Result.FAILED for check in verdict.checks):
            good.append(signed)
    return tuple(good)


def removed_by(erasures: Iterable[SignedErasure]) -> dict[Digest, str]:
    """Return what was erased: digest -> what it was, in the order of the notices."""
    found: dict[Digest, str] = {}
    for signed in erasures:
        found |= dict.fromkeys(signed.notice.content.envelopes, ENVELOPE)
        found |= {digest: FILE for digest in signed.notice.content.files if digest not in found}
    return found


def count_removed(removed: Mapping[Digest, str], case: OpenedCase, parts: EvidenceParts, tally: Tally) -> None:
    """Count, under every check that needs it, each erased part that is not here; an envelope still has its receipt."""
    here = {opening.value.digest for opening in case.envelopes if opening.value is not None} | set(parts.attachments)
    receipted = {_about(opening.value) for opening in case.receipts if opening.value is not None}
    for digest, what in removed.items():
        if digest in here:
            continue
        for code in _NEED[what]:
            tally.add(code, redacted("", Code.EVIDENCE_REDACTED), digest)
        if what == ENVELOPE and digest not in receipted:
            tally.add("evidence.receipts", indeterminate("", Code.EVIDENCE_NO_RECEIPT), digest)


def is_about_removed(receipt: SignedReceipt, removed: Mapping[Digest, str]) -> bool:
    """Whether a receipt speaks of an envelope that was erased."""
    stated = receipt.receipt
    return any(removed.get(digest) == ENVELOPE for digest in (stated.envelope, stated.handover) if digest is not None)


def check_removed_fit(receipt: SignedReceipt, case: CaseId) -> Check:
    """Say what is left to say of such a receipt: whether it is of this case; what the envelope said cannot be compared."""
    stated = receipt.receipt
    if stated.trail is None or stated.refusal is not None:
        return failed("", Code.EVIDENCE_RECEIPT, "a refusal")
    if stated.case != case:
        return failed("", Code.EVIDENCE_RECEIPT, "case")
    return redacted("", Code.EVIDENCE_REDACTED)


def report_erasure(signed: SignedErasure) -> ReportErasure:
    """Return the report's line of one erasure."""
    first, second = signed.act.act.by, signed.approval.approval.by
    people = (f"{first.number} {first.name}", f"{second.number} {second.name}")
    return ReportErasure(notice=signed.digest, at=signed.notice.at, reason=signed.reason, people=people)


def report_removed(removed: Mapping[Digest, str], case: OpenedCase) -> Sequence[ReportRemoved]:
    """Return the report's list of what was erased."""
    times = {
        _about(opening.value): opening.value.receipt.time for opening in case.receipts if opening.value is not None
    }
    return [
        ReportRemoved(digest=digest, what=what, accepted_at=times.get(digest) if what == ENVELOPE else None)
        for digest, what in removed.items()
    ]


def _about(receipt: SignedReceipt) -> Digest:
    return receipt.receipt.handover or receipt.receipt.envelope
