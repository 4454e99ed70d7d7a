"""The hub's signed notices that a case was erased: they carry two administrators' signatures, without which no station erases.

Pure. A hub alone, or somebody who has its keys, cannot make stations erase anything.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.erasure import ErasedContent, EraseDetails, ErasureNotice
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import ERASURE_TYP
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Check, Verdict, failed, passed
from hub.signing.administration import (
    SignedAdministration,
    SignedApproval,
    check_two_people,
    open_administration,
    open_approval,
)
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import open_jws, sign_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedErasure:
    """A notice whose three signatures are right: `raw` as received, named by `digest`."""

    raw: bytes
    digest: Digest
    notice: ErasureNotice
    certified: Certified
    act: SignedAdministration
    approval: SignedApproval

    @property
    def reason(self) -> str:
        """Why, as the administrators signed it; empty when the act is about something else."""
        details = _details(self.act)
        return "" if details is None else details.reason


def content_digest(content: ErasedContent) -> Digest:
    """Return the digest by which administrators sign what is to be erased."""
    return digest_of(encode_json(content))


def sign_erasure(notice: ErasureNotice, *, signer: Signer) -> bytes:
    """Return the compact JWS of `notice`. Raises: Refused (`cert.purpose`)."""
    _require_hub(signer.certified)
    return sign_jws(encode_json(notice), typ=ERASURE_TYP, signer=signer)


def open_erasure(raw: bytes, *, certificates: CertificateSource) -> SignedErasure:
    """Return the notice in `raw`, all its signatures verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    opened = open_jws(raw, typ=ERASURE_TYP, certificates=certificates)
    notice = decode_strict(opened.payload, ErasureNotice)
    parse_instant(notice.at, field="/at")
    _require_hub(opened.certified)
    act, approval = (text.encode() for text in notice.signatures)
    return SignedErasure(
        raw,
        digest_of(raw),
        notice,
        opened.certified,
        open_administration(act, certificates=certificates),
        open_approval(approval, certificates=certificates),
    )


def check_erasure(signed: SignedErasure, *, trust: Trust, now: datetime, origin: str | None = None) -> Verdict:
    """Say whether the hub's certificate was good when it gave the notice, and whether two administrators signed for exactly this.

    `origin`: the trail of the hub that is known; None where there is none to compare with.
    """
    at = parse_instant(signed.notice.at)
    hub = check_certificate(signed.certified, kind=CertificateKind.HUB, trust=trust, at=at, now=now, prefix="erasure")
    people = check_two_people(signed.act, signed.approval, trust=trust, now=now)
    return Verdict((*hub, _about_this(signed, origin))) + people


def _about_this(signed: SignedErasure, origin: str | None) -> Check:
    act, notice, details = signed.act.act, signed.notice, _details(signed.act)
    same = (
        details is not None
        and act.act is AdministrationKind.ERASE_CASE
        and act.subject == notice.case
        and act.origin == notice.origin
        and origin in (None, notice.origin)
        and details.stations == notice.stations
        and details.content == content_digest(notice.content)
    )
    return passed("erasure.people") if same else failed("erasure.people", Code.APPROVAL_OF_OTHER)


def _details(act: SignedAdministration) -> EraseDetails | None:
    try:
        return msgspec.convert(act.act.details, EraseDetails)
    except msgspec.ValidationError:
        return None


def _require_hub(certified: Certified) -> None:
    if CertificateKind.HUB not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
