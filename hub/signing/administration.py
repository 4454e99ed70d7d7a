"""Administrators' signed acts and approvals: one officer, one statement; two different people for what widens power.

Pure: whether a signer is one of the hub's administrators is the caller's knowledge, given as a set of x5t.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from hub.protocol.administration import AdministrativeAct, AdministrativeApproval, Answer
from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import ADMINISTRATION_TYP, APPROVAL_TYP
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Check, Verdict, failed, passed
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.signing.trust import Trust, check_certificate

P = TypeVar("P", AdministrativeAct, AdministrativeApproval)
ADMINISTRATORS = frozenset({OfficerRole.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class SignedAdministration:
    """An act whose signature is right: `raw` as stored, named by `digest`."""

    raw: bytes
    digest: Digest
    act: AdministrativeAct
    certified: Certified


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """The second person's answer, its signature right."""

    raw: bytes
    digest: Digest
    approval: AdministrativeApproval
    certified: Certified


def sign_administration(act: AdministrativeAct, *, signer: Signer) -> bytes:
    """Return the compact JWS of `act`. Raises: Refused (`cert.purpose`, `act.officer`) when it names another than the signer."""
    return _sign(act, act.by, ADMINISTRATION_TYP, signer)


def sign_approval(approval: AdministrativeApproval, *, signer: Signer) -> bytes:
    """Return the compact JWS of `approval`. Raises: Refused (`cert.purpose`, `act.officer`)."""
    return _sign(approval, approval.by, APPROVAL_TYP, signer)


def open_administration(raw: bytes, *, certificates: CertificateSource) -> SignedAdministration:
    """Return the act in `raw`, its signature verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    act, certified = _open(raw, ADMINISTRATION_TYP, AdministrativeAct, certificates)
    return SignedAdministration(raw, digest_of(raw), act, certified)


def open_approval(raw: bytes, *, certificates: CertificateSource) -> SignedApproval:
    """Return the approval in `raw`, its signature verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    approval, certified = _open(raw, APPROVAL_TYP, AdministrativeApproval, certificates)
    return SignedApproval(raw, digest_of(raw), approval, certified)


def check_administrator(
    certified: Certified,
    by: Officer,
    *,
    trust: Trust,
    at: datetime,
    now: datetime,
    roles: Collection[OfficerRole] = ADMINISTRATORS,
    named: Collection[str] | None = None,
    prefix: str = "administration",
) -> Verdict:
    """Say whether the signer is the officer named, held one of `roles` and was certified at `at`.

    `named`: the x5t of the hub's administrators, when they are known; the signer must be one of them.
    """
    officer = f"{prefix}.officer"
    same = (certified.number, certified.name) == (by.number, by.name)
    checks = [passed(officer) if same else failed(officer, Code.ACT_OFFICER)]
    role = f"{prefix}.role"
    held = trust.purposes.roles_of(certified.policies)
    wanted = "/".join(sorted(item.value for item in roles))
    checks.append(passed(role) if not held.isdisjoint(roles) else failed(role, Code.ACT_ROLE, roles=wanted))
    if named is not None:
        code = f"{prefix}.named"
        known = certified.x5t in named
        checks.append(passed(code) if known else failed(code, Code.ADMINISTRATOR_UNKNOWN, certified.number))
    kind = CertificateKind.OFFICER
    return Verdict((*checks, *check_certificate(certified, kind=kind, trust=trust, at=at, now=now, prefix=prefix)))


def check_two_people(
    first: SignedAdministration,
    second: SignedApproval,
    *,
    trust: Trust,
    now: datetime,
    named: Collection[str] | None = None,
) -> Verdict:
    """Say whether two different administrators stand for one act: both certified when they signed, in time, same digest.

    Each is judged at the instant of their own signature.
    """
    act, approval = first.act, second.approval
    proposed, approved = parse_instant(act.at), parse_instant(approval.at)
    one = check_administrator(first.certified, act.by, trust=trust, at=proposed, now=now, named=named, prefix="first")
    two = check_administrator(
        second.certified, approval.by, trust=trust, at=approved, now=now, named=named, prefix="second"
    )
    return Verdict((_same_act(first, second), _other_person(first, second), _in_time(act, approved))) + one + two


def _same_act(first: SignedAdministration, second: SignedApproval) -> Check:
    approval = second.approval
    same = approval.act == first.digest and approval.origin == first.act.origin and approval.answer is Answer.APPROVED
    return passed("two.same_act") if same else failed("two.same_act", Code.APPROVAL_OF_OTHER)


def _other_person(first: SignedAdministration, second: SignedApproval) -> Check:
    # The number decides, and the key: one person with two certificates is still one person.
    same = first.certified.number == second.certified.number or first.certified.x5t == second.certified.x5t
    return failed("two.people", Code.SAME_ADMINISTRATOR) if same else passed("two.people")


def _in_time(act: AdministrativeAct, approved: datetime) -> Check:
    late = act.expires is not None and approved > parse_instant(act.expires)
    early = approved < parse_instant(act.at)
    return failed("two.in_time", Code.PROPOSAL_EXPIRED, act.expires) if late or early else passed("two.in_time")


def _sign(payload: msgspec.Struct, by: Officer, typ: str, signer: Signer) -> bytes:
    certified = signer.certified
    _require_officer(certified)
    if (certified.number, certified.name) != (by.number, by.name):
        raise Refused(Code.ACT_OFFICER)
    return sign_jws(encode_json(payload), typ=typ, signer=signer)


def _open(raw: bytes, typ: str, type: Callable[..., P], certificates: CertificateSource) -> tuple[P, Certified]:
    opened = verify_jws(raw, typ=typ, certificates=certificates)
    payload: P = decode_strict(opened.payload, type)  # type: ignore[arg-type]
    parse_instant(payload.at, field="/at")
    _require_officer(opened.certified)
    return payload, opened.certified


def _require_officer(certified: Certified) -> None:
    if CertificateKind.OFFICER not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
