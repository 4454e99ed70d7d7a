"""The hub's signed word on registered impressions: made, opened, judged. Pure: bytes in, verdict out."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import SPECIMENS_TYP
from hub.protocol.specimens import SpecimenStatement
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Verdict, failed, passed
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate

MAX_STATEMENT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SignedSpecimens:
    """A statement whose signature is right: `raw` as received."""

    raw: bytes
    statement: SpecimenStatement
    certified: Certified


def sign_specimens(statement: SpecimenStatement, *, signer: Signer) -> bytes:
    """Return the compact JWS of `statement`. Raises: Refused (`cert.purpose`, `jws.too_large`)."""
    _require_hub(signer.certified)
    return sign_jws(encode_json(statement), typ=SPECIMENS_TYP, signer=signer, limit=MAX_STATEMENT_BYTES)


def open_specimens(raw: bytes, *, certificates: CertificateSource) -> SignedSpecimens:
    """Return the statement in `raw`, its signature verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    opened = verify_jws(raw, typ=SPECIMENS_TYP, certificates=certificates, limit=MAX_STATEMENT_BYTES)
    statement = decode_strict(opened.payload, SpecimenStatement)
    parse_instant(statement.at, field="/at")
    for number, seal in enumerate(statement.seals):
        for specimen in seal.specimens:
            parse_instant(specimen.registered_at, field=f"/seals/{number}/specimens")
    _require_hub(opened.certified)
    return SignedSpecimens(raw, statement, opened.certified)


def check_specimens(
    signed: SignedSpecimens, *, origin: str, station: StationId, trust: Trust, now: datetime
) -> Verdict:
    """Say whether the hub's certificate was good when it stated this, and whether it is that hub's word on that station."""
    at = parse_instant(signed.statement.at)
    checks = check_certificate(
        signed.certified, kind=CertificateKind.HUB, trust=trust, at=at, now=now, prefix="specimens"
    )
    own, said = "specimens.origin", (signed.statement.origin, signed.statement.station)
    if said == (origin, station):
        return Verdict((*checks, passed(own)))
    return Verdict((*checks, failed(own, Code.SPECIMENS_STRANGER, " ".join(said))))


def _require_hub(certified: Certified) -> None:
    if CertificateKind.HUB not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
