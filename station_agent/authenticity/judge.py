"""What is this file, and is it genuine? By the bytes alone and what is trusted; every check is listed. No clock, no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.letters.sniff import sniff
from hub.protocol import media_types
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import beijing, format_instant, parse_instant
from hub.protocol.verdict import Verdict, failed, pending
from hub.reports.times import judge_times
from hub.signing.certificates import Certified
from hub.signing.purposes import SealPurpose
from hub.signing.receipts import check_receipt, open_receipt
from hub.signing.seal_check import check_seal
from hub.signing.trust import Trust
from hub.trail.evidence.verify import check_evidence
from hub.trail.note import VerifierKey
from hub.trail.position import check_position

_ZIP = b"PK\x03\x04"


class What(StrEnum):
    """What a file is taken for, by its first bytes."""

    EVIDENCE = "evidence"
    LETTER = "letter"
    RECEIPT = "receipt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict, and what the file says of itself: `case`, `signer`, `at` (instant), empty where it says nothing."""

    what: What
    verdict: Verdict
    case: str = ""
    signer: str = ""
    at: str = ""


def judge(
    raw: bytes, *, trust: Trust, certificates: Mapping[str, Certified], log_key: VerifierKey, now: datetime
) -> Judged:
    """Judge `raw`. `certificates` (by x5t) are those that a receipt may name. Never raises for any bytes."""
    if raw.startswith(_ZIP):
        return _evidence(raw, trust, now)
    if sniff(raw) == media_types.PDF:
        return _letter(raw, trust, now)
    if raw[:3] == b"eyJ":
        return _receipt(raw.strip(), trust, certificates, log_key, now)
    return Judged(What.UNKNOWN, Verdict((failed("file.kind", Code.FILE_NOT_VERIFIABLE),)))


def _evidence(raw: bytes, trust: Trust, now: datetime) -> Judged:
    verdict, parts = check_evidence(raw, trust=trust, now=now, judge_times=judge_times)
    return Judged(What.EVIDENCE, verdict, case="" if parts is None else parts.case)


def _letter(raw: bytes, trust: Trust, now: datetime) -> Judged:
    finding = check_seal(raw, trust=trust, at=now, now=now, purpose=SealPurpose.HOUSEHOLD)
    signer = "" if finding.certified is None else finding.certified.name
    if finding.signed_at is None:
        return Judged(What.LETTER, finding.verdict, signer=signer)
    # Alone, a letter is judged by the list it carries, at the instant its signer claims; only the trail proves a time.
    claimed = min(finding.signed_at, now)
    verdict = check_seal(raw, trust=trust, at=claimed, now=claimed, purpose=SealPurpose.HOUSEHOLD).verdict
    verdict += Verdict((pending("seal.time", Code.SEAL_TIME_CLAIMED, beijing(claimed)),))
    return Judged(What.LETTER, verdict, signer=signer, at=format_instant(claimed))


def _receipt(
    raw: bytes, trust: Trust, certificates: Mapping[str, Certified], log_key: VerifierKey, now: datetime
) -> Judged:
    try:
        signed = open_receipt(raw, certificates=certificates.get)
    except Refused as error:
        return Judged(What.RECEIPT, Verdict((failed("receipt.signature", error.code, error.detail, **error.values),)))
    receipt = signed.receipt
    at = parse_instant(receipt.time)
    verdict = check_receipt(signed, trust=trust, at=at, now=min(at, now))
    if receipt.trail is not None:
        leaf = receipt.envelope if receipt.handover is None else receipt.handover
        verdict += check_position(receipt.trail, digest=leaf, origin=log_key.name, log_keys=(log_key,))
    return Judged(What.RECEIPT, verdict, case=receipt.case or "", signer=signed.certified.name, at=receipt.time)
