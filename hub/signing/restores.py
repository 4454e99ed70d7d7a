"""Signed statements of a restore: made by the hub, by two administrators where it has them; checked by every station
before it goes on with a shorter trail."""

import binascii
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.protocol.administration import AdministrationKind, RestoreDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import RESTORE_TYP
from hub.protocol.restore import RestoreStatement
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Check, Verdict, failed, not_applicable, passed
from hub.signing.administration import (
    SignedAdministration,
    SignedApproval,
    check_two_people,
    open_administration,
    open_approval,
)
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import open_jws, sign_jws, stated_payload
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedRestore:
    """A statement whose signatures are right: `raw` as received, named by `digest`; `people` are the two administrators'
    statements in it, None where there are none."""

    raw: bytes
    digest: Digest
    statement: RestoreStatement
    certified: Certified
    people: tuple[SignedAdministration, SignedApproval] | None = None


def sign_restore(statement: RestoreStatement, *, signer: Signer) -> bytes:
    """Return the compact JWS of `statement`. Raises: Refused (`cert.purpose`)."""
    _require_hub(signer.certified)
    return sign_jws(encode_json(statement), typ=RESTORE_TYP, signer=signer)


def open_restore(raw: bytes, *, certificates: CertificateSource) -> SignedRestore:
    """Return the statement in `raw`, all its signatures verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    opened = open_jws(raw, typ=RESTORE_TYP, certificates=certificates)
    statement = decode_strict(opened.payload, RestoreStatement)
    parse_instant(statement.at, field="/at")
    _require_hub(opened.certified)
    return SignedRestore(raw, digest_of(raw), statement, opened.certified, _people(statement, certificates))


def signatures_in(raw: bytes) -> tuple[bytes, ...]:
    """Return the compact JWS inside a statement, so that their certificates can be fetched. Nothing is verified here."""
    try:
        statement = msgspec.json.decode(stated_payload(raw), type=_Signatures)
    except (IndexError, binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return ()
    return tuple(text.encode() for text in statement.signatures)


def check_restore(signed: SignedRestore, *, trust: Trust, now: datetime, two_people: bool = False) -> Verdict:
    """Say whether the hub's certificate was good when it made the statement, and whether two administrators stand for it.

    `two_people`: this hub is known to have administrators, so that a statement without their signatures does not count.
    Signatures that are there must be good in any case.
    """
    at = parse_instant(signed.statement.at)
    checks = check_certificate(
        signed.certified, kind=CertificateKind.HUB, trust=trust, at=at, now=now, prefix="restore"
    )
    if signed.people is None:
        missing = failed("restore.people", Code.ADMINISTRATORS_PRESENT)
        return Verdict((*checks, missing if two_people else not_applicable("restore.people", "no administrators")))
    first, second = signed.people
    return Verdict((*checks, _about_this(signed.statement, first))) + check_two_people(
        first, second, trust=trust, now=now
    )


class _Signatures(msgspec.Struct, frozen=True):
    signatures: tuple[str, ...] = ()


def _people(
    statement: RestoreStatement, certificates: CertificateSource
) -> tuple[SignedAdministration, SignedApproval] | None:
    if not statement.signatures:
        return None
    if len(statement.signatures) != 2:
        raise Refused(Code.JSON_SCHEMA, field="/signatures")
    act, approval = (text.encode() for text in statement.signatures)
    return open_administration(act, certificates=certificates), open_approval(approval, certificates=certificates)


def _about_this(statement: RestoreStatement, first: SignedAdministration) -> Check:
    unsigned = encode_json(msgspec.structs.replace(statement, signatures=()))
    act = first.act
    try:
        named = msgspec.convert(act.details, RestoreDetails).statement.encode()
    except msgspec.ValidationError:
        named = b""
    same = act.act is AdministrationKind.RESTORE and act.origin == statement.origin
    if same and named == unsigned and act.subject == digest_of(unsigned):
        return passed("restore.people")
    return failed("restore.people", Code.APPROVAL_OF_OTHER)


def _require_hub(certified: Certified) -> None:
    if CertificateKind.HUB not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
