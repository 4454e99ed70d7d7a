"""Signed receipts: what the hub states about one envelope (event names of ETSI EN 319 522-1)."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import RECEIPT_TYP
from hub.protocol.receipt import Event, Receipt
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Verdict, passed
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt whose signature is right: `raw` as received, named by `digest`."""

    raw: bytes
    digest: Digest
    receipt: Receipt
    certified: Certified


def sign_receipt(receipt: Receipt, *, signer: Signer) -> bytes:
    """Return the compact JWS of `receipt`. Raises: Refused (`cert.purpose`, `receipt.form`)."""
    _require_hub(signer.certified)
    _require_consistent(receipt)
    return sign_jws(encode_json(receipt), typ=RECEIPT_TYP, signer=signer)


def open_receipt(raw: bytes, *, certificates: CertificateSource) -> SignedReceipt:
    """Return the receipt in `raw`, its signature verified. The log proof in `trail` is for `hub.trail` to check.

    Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`, `receipt.form`).
    """
    opened = verify_jws(raw, typ=RECEIPT_TYP, certificates=certificates)
    receipt = decode_strict(opened.payload, Receipt)
    parse_instant(receipt.time, field="/time")
    _require_hub(opened.certified)
    _require_consistent(receipt)
    return SignedReceipt(raw, digest_of(raw), receipt, opened.certified)


def check_receipt(signed: SignedReceipt, *, trust: Trust, at: datetime, now: datetime) -> Verdict:
    """Say whether the hub's certificate was good at `at`; `now` judges the CRL's age."""
    certificate = check_certificate(
        signed.certified, kind=CertificateKind.HUB, trust=trust, at=at, now=now, prefix="receipt"
    )
    return Verdict((_SIGNATURE, *certificate))


_SIGNATURE = passed("receipt.signature")


def _require_hub(certified: Certified) -> None:
    if CertificateKind.HUB not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")


def _require_consistent(receipt: Receipt) -> None:
    rejected = Event.SUBMISSION_REJECTION in receipt.events
    if not receipt.events or (rejected and len(receipt.events) > 1):
        raise Refused(Code.RECEIPT_FORM, field="/events")
    if rejected != (receipt.refusal is not None):
        raise Refused(Code.RECEIPT_FORM, field="/refusal")
    # An acceptance without its place in the trail would be a promise that nobody can check.
    if rejected != (receipt.trail is None):
        raise Refused(Code.RECEIPT_FORM, field="/trail")
    if (Event.CONTENT_HANDOVER in receipt.events) != (receipt.handover is not None):
        raise Refused(Code.RECEIPT_FORM, field="/handover")
