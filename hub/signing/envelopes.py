"""Signed envelopes: what one station says to another, signed by the sending station's agent. DESIGN, Envelope."""

from datetime import datetime

import msgspec

from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import ENVELOPE_TYP
from hub.protocol.strict_json import decode_proved, decode_strict, encode_json
from hub.protocol.verdict import Verdict, passed
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import reopen_jws, sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


class SignedEnvelope(msgspec.Struct, frozen=True):
    """An envelope whose signature is right: `raw` as received, named by `digest`; `envelope` is never written back."""

    raw: bytes
    digest: Digest
    envelope: Envelope
    certified: Certified


def sign_envelope(envelope: Envelope, *, signer: Signer) -> bytes:
    """Return the compact JWS of `envelope`.

    Raises: Refused (`envelope.sender`, `cert.purpose`) when the signer is not an agent of the sending station.
    """
    _require_sender(envelope, signer.certified)
    return sign_jws(encode_json(envelope), typ=ENVELOPE_TYP, signer=signer)


def open_envelope(raw: bytes, *, certificates: CertificateSource) -> SignedEnvelope:
    """Return the envelope in `raw`, its signature verified over these bytes.

    Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`, `envelope.sender`).
    """
    opened = verify_jws(raw, typ=ENVELOPE_TYP, certificates=certificates)
    envelope = decode_strict(opened.payload, Envelope)
    parse_instant(envelope.created, field="/created")
    _require_sender(envelope, opened.certified)
    return SignedEnvelope(raw, digest_of(raw), envelope, opened.certified)


def reopen_envelope(raw: bytes, *, certificates: CertificateSource) -> SignedEnvelope:
    """Return the envelope in `raw`, of which `open_envelope` has shown elsewhere that all is right; not shown again here."""
    opened = reopen_jws(raw, typ=ENVELOPE_TYP, certificates=certificates)
    return SignedEnvelope(raw, digest_of(raw), decode_proved(opened.payload, Envelope), opened.certified)


def check_envelope(signed: SignedEnvelope, *, trust: Trust, at: datetime, now: datetime) -> Verdict:
    """Say whether the sender's certificate was good at `at`, the time the receipt proves; `now` judges the CRL's age."""
    certificate = check_certificate(
        signed.certified, kind=CertificateKind.AGENT, trust=trust, at=at, now=now, prefix="envelope"
    )
    return Verdict((_SIGNATURE, _SENDER, *certificate))


# Opening has shown both: a SignedEnvelope does not exist without them.
_SIGNATURE = passed("envelope.signature")
_SENDER = passed("envelope.sender")


def _require_sender(envelope: Envelope, certified: Certified) -> None:
    if CertificateKind.AGENT not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
    if certified.station != envelope.from_:
        raise Refused(Code.ENVELOPE_SENDER, field="/from", detail=f"certificate of {certified.station}")
