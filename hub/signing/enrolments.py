"""The hub's statement of who it is, for stations that join: signed by the hub, checked against a root that people confirmed."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.enrolment import EnrolmentStatement
from hub.protocol.errors import Refused
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import ENROLMENT_TYP
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Verdict
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import open_jws, sign_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedEnrolment:
    """A statement whose signature is right, and the certificate that made it."""

    statement: EnrolmentStatement
    certified: Certified


def sign_enrolment(statement: EnrolmentStatement, *, signer: Signer) -> bytes:
    """Return the compact JWS of `statement`. Raises: Refused (`cert.purpose`)."""
    _require_hub(signer.certified)
    return sign_jws(encode_json(statement), typ=ENROLMENT_TYP, signer=signer)


def open_enrolment(raw: bytes, *, certificates: CertificateSource) -> SignedEnrolment:
    """Return the statement in `raw`, its signature verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    opened = open_jws(raw, typ=ENROLMENT_TYP, certificates=certificates)
    statement = decode_strict(opened.payload, EnrolmentStatement)
    parse_instant(statement.at, field="/at")
    _require_hub(opened.certified)
    return SignedEnrolment(statement, opened.certified)


def check_enrolment(signed: SignedEnrolment, *, trust: Trust, now: datetime) -> Verdict:
    """Say whether the hub's certificate is good now, under the roots that were confirmed."""
    checks = check_certificate(
        signed.certified, kind=CertificateKind.HUB, trust=trust, at=now, now=now, prefix="enrolment"
    )
    return Verdict(checks)


def _require_hub(certified: Certified) -> None:
    if CertificateKind.HUB not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
