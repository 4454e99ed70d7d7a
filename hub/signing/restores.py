"""Signed statements of a restore: made by the hub, checked by every station before it goes on with a shorter trail."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import RESTORE_TYP
from hub.protocol.restore import RestoreStatement
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Verdict
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import open_jws, sign_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedRestore:
    """A statement whose signature is right: `raw` as received, named by `digest`."""

    raw: bytes
    digest: Digest
    statement: RestoreStatement
    certified: Certified


def sign_restore(statement: RestoreStatement, *, signer: Signer) -> bytes:
    """Return the compact JWS of `statement`. Raises: Refused (`cert.purpose`)."""
    _require_hub(signer.certified)
    return sign_jws(encode_json(statement), typ=RESTORE_TYP, signer=signer)


def open_restore(raw: bytes, *, certificates: CertificateSource) -> SignedRestore:
    """Return the statement in `raw`, its signature verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    opened = open_jws(raw, typ=RESTORE_TYP, certificates=certificates)
    statement = decode_strict(opened.payload, RestoreStatement)
    parse_instant(statement.at, field="/at")
    _require_hub(opened.certified)
    return SignedRestore(raw, digest_of(raw), statement, opened.certified)


def check_restore(signed: SignedRestore, *, trust: Trust, now: datetime) -> Verdict:
    """Say whether the hub's certificate was good when it made the statement."""
    at = parse_instant(signed.statement.at)
    checks = check_certificate(
        signed.certified, kind=CertificateKind.HUB, trust=trust, at=at, now=now, prefix="restore"
    )
    return Verdict(checks)


def _require_hub(certified: Certified) -> None:
    if CertificateKind.HUB not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
