"""Officers' signed acts: one person, one thing done, signed by that person's own key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from hub.protocol.act import Act
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import ACT_TYP
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Check, Verdict, failed, not_applicable, passed
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind, OfficerRole, Purposes
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedAct:
    """An act whose signature is right: `raw` as received, named by `digest`. Who signed is for `check_act` to say."""

    raw: bytes
    digest: Digest
    act: Act
    certified: Certified


def sign_act(act: Act, *, signer: Signer) -> bytes:
    """Return the compact JWS of `act`.

    Raises: Refused (`cert.purpose`, `act.station`, `act.officer`) when the act names another person than the signer.
    """
    _require_officer(signer.certified)
    for check in (_station(act, signer.certified), _officer(act, signer.certified)):
        if check.cause is not None:
            raise Refused(check.cause, detail=check.detail)
    return sign_jws(encode_json(act), typ=ACT_TYP, signer=signer)


def open_act(raw: bytes, *, certificates: CertificateSource) -> SignedAct:
    """Return the act in `raw`, its signature verified.

    Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`).
    """
    opened = verify_jws(raw, typ=ACT_TYP, certificates=certificates)
    act = decode_strict(opened.payload, Act)
    parse_instant(act.at, field="/at")
    _require_officer(opened.certified)
    return SignedAct(raw, digest_of(raw), act, opened.certified)


def check_act(
    signed: SignedAct, *, trust: Trust, at: datetime, now: datetime, roles: Collection[OfficerRole] = ()
) -> Verdict:
    """Say whether the person named did sign, held one of `roles` (none asked: any officer) and was certified at `at`."""
    certificate = check_certificate(
        signed.certified, kind=CertificateKind.OFFICER, trust=trust, at=at, now=now, prefix="act"
    )
    return Verdict(
        (
            passed("act.signature"),
            _station(signed.act, signed.certified),
            _officer(signed.act, signed.certified),
            _role(signed.certified, roles, trust.purposes),
            *certificate,
        )
    )


def _require_officer(certified: Certified) -> None:
    if CertificateKind.OFFICER not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")


def _station(act: Act, certified: Certified) -> Check:
    if certified.station is None or certified.station != act.station:
        return failed("act.station", Code.ACT_STATION, f"certificate of {certified.station}, act of {act.station}")
    return passed("act.station")


def _officer(act: Act, certified: Certified) -> Check:
    # Number and name: the number decides, and a reader of the act sees only the name.
    if (certified.number, certified.name) != (act.officer.number, act.officer.name):
        return failed("act.officer", Code.ACT_OFFICER)
    return passed("act.officer")


def _role(certified: Certified, roles: Collection[OfficerRole], purposes: Purposes) -> Check:
    if not roles:
        return not_applicable("act.role")
    if purposes.roles_of(certified.policies).isdisjoint(roles):
        return failed("act.role", Code.ACT_ROLE, roles="/".join(role.value for role in roles))
    return passed("act.role")
