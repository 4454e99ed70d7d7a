"""Judge the electronic seal of a letter: every rule, every check listed, whatever the bytes are.

The seal must cover the file to its last byte, be unchanged by later revisions, and be made by a seal certificate of the
purpose asked for that chains to a trusted root and was in force at the instant the trail proves. The signer's own clock
decides nothing. A letter verifies alone: CRLs and certificates that it carries are used when an issuer we trust signed
them.
Source: ETSI EN 319 102-1; ETSI EN 319 142-1.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO

from cryptography import x509

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.verdict import Check, Result, Verdict, failed, indeterminate, not_applicable, passed
from hub.signing.cades import require_no_stranger
from hub.signing.certificates import Certified, extension, read_certificate
from hub.signing.crl import Crl, read_crl
from hub.signing.purposes import CertificateKind, SealPurpose
from hub.signing.seal_reading import SealFacts, SignedFile, read_seals
from hub.signing.seal_time_stamps import check_time_stamps
from hub.signing.trust import Trust, check_certificate

CODES = (
    "seal.present",
    "seal.form",
    "seal.coverage",
    "seal.intact",
    "seal.algorithm",
    "seal.unchanged",
    "seal.chain",
    "seal.validity",
    "seal.purpose",
    "seal.key_usage",
    "seal.policy",
    "seal.revocation",
    "seal.time_stamp",
)
_GRAVITY = (Result.NOT_APPLICABLE, Result.PASSED, Result.PENDING, Result.INDETERMINATE, Result.FAILED)


@dataclass(frozen=True, slots=True)
class SealFinding:
    """What a letter's seal says. `verdict` lists every check of `CODES`, always.

    `certified` is the certificate of the first seal and `signed_at` its signer's claim, None when unreadable or absent.
    `prefix_digest` and `prefix_size` name the bytes that were sealed, when the seal states them and they are there.
    """

    verdict: Verdict
    certified: Certified | None = None
    signed_at: datetime | None = None
    prefix_digest: Digest | None = None
    prefix_size: int | None = None


def check_seal(
    letter: bytes | BinaryIO, *, trust: Trust, at: datetime, now: datetime, purpose: SealPurpose = SealPurpose.HOUSEHOLD
) -> SealFinding:
    """Say whether the PDF `letter`, bytes or an open file of any size, bears a good electronic seal for `purpose`, judged at `at`.

    Every seal of the letter must be good; a malformed file is a failed check, never an exception.
    """
    file = read_seals(letter)
    if file.problem is not None:
        return SealFinding(_stopped("seal.form", Code.SEAL_MALFORMED, file.problem, before=("seal.present",)))
    if not file.seals:
        return SealFinding(_stopped("seal.present", Code.SEAL_ABSENT, None))
    trust = _with_embedded(trust, file)
    judged = [_judge(facts, file, trust=trust, at=at, now=now, purpose=purpose) for facts in file.seals]
    checks = tuple(_worst([checks[number] for checks, _ in judged]) for number in range(len(CODES)))
    first = file.seals[0]
    return SealFinding(
        verdict=Verdict(checks),
        certified=judged[0][1],
        signed_at=first.claimed_at.astimezone(UTC) if first.claimed_at else None,
        prefix_digest=first.original[0] if first.original else None,
        prefix_size=first.original[1] if first.original else None,
    )


def _judge(
    facts: SealFacts, file: SignedFile, *, trust: Trust, at: datetime, now: datetime, purpose: SealPurpose
) -> tuple[tuple[Check, ...], Certified | None]:
    """Return the checks of one seal in the order of `CODES`."""
    if facts.problem is not None or facts.cms is None:
        detail = f"{facts.field}: {facts.problem}"
        return _stopped("seal.form", Code.SEAL_MALFORMED, detail, before=("seal.present",)).checks, None
    present = (passed("seal.present", facts.field), passed("seal.form"))
    bytes_ok = (
        _check_coverage(facts, file),
        _yes("seal.intact", facts.digest_matches and facts.signature_valid, Code.SEAL_INVALID),
        _yes("seal.algorithm", facts.cms.algorithm_ok, Code.SEAL_ALGORITHM, facts.cms.digest_algorithm),
        _yes("seal.unchanged", facts.unchanged, Code.SEAL_CHANGED),
    )
    stamp = check_time_stamps("seal.time_stamp", facts, file.stamps, trust=trust, at=at)
    try:
        certified = read_certificate(facts.cms.signer_der, purposes=trust.purposes)
    except Refused as error:
        return (
            *present,
            *bytes_ok,
            failed("seal.chain", error.code, error.detail),
            *_unknown(CODES[7:12]),
            stamp,
        ), None
    chain, validity, kind, revocation = check_certificate(
        certified, kind=CertificateKind.SEAL, trust=trust, at=at, now=now, prefix="seal"
    )
    keys = (
        require_no_stranger(chain, facts.cms, trust),
        _not_in_force(validity),
        kind,
        _check_key_usage(certified),
        _yes("seal.policy", purpose in certified.seal_purposes, Code.SEAL_OTHER_PURPOSE, purpose.value),
        _not_in_force(revocation),
    )
    return (*present, *bytes_ok, *keys, stamp), certified


def _check_coverage(facts: SealFacts, file: SignedFile) -> Check:
    # The newest signature must reach the last byte. After a document time-stamp (B-LTA) one update that only brings
    # validation data may follow; anything else outside, even a comment, is refused.
    newest = file.newest
    covered = newest is not None and (newest.whole_file or (newest.time_stamp and newest.only_validation_data_follows))
    return _yes("seal.coverage", facts.exact and covered, Code.SEAL_COVERAGE)


def _check_key_usage(certified: Certified) -> Check:
    usage = extension(certified.certificate, x509.KeyUsage)
    allowed = usage is not None and usage.digital_signature and usage.content_commitment
    return _yes("seal.key_usage", allowed, Code.SEAL_KEY_USAGE)


def _not_in_force(check: Check) -> Check:
    # For a seal, expired and revoked are one thing to the officer: the key was not in force (E402).
    return replace(check, cause=Code.SEAL_KEY_NOT_IN_FORCE) if check.result is Result.FAILED else check


def _with_embedded(trust: Trust, file: SignedFile) -> Trust:
    crls = tuple(crl for crl in (_readable(raw) for raw in file.crls) if crl is not None and crl not in trust.crls)
    others = {der for facts in file.seals if facts.cms is not None for der in facts.cms.others}
    known = {item.der for item in (*trust.roots, *trust.intermediates)}
    between = tuple(item for item in map(_authority, sorted(others - known)) if item is not None)
    if not crls and not between:
        return trust
    return replace(trust, crls=(*trust.crls, *crls), intermediates=(*trust.intermediates, *between))


def _readable(raw: bytes) -> Crl | None:
    try:
        return read_crl(raw)
    except Refused:
        return None


def _authority(der: bytes) -> Certified | None:
    try:
        certified = read_certificate(der)
        constraints = extension(certified.certificate, x509.BasicConstraints)
    except (Refused, ValueError):
        return None
    return certified if constraints is not None and constraints.ca else None


def _yes(code: str, good: bool, cause: Code, detail: str | None = None) -> Check:
    return passed(code) if good else failed(code, cause, detail)


def _unknown(codes: tuple[str, ...]) -> tuple[Check, ...]:
    return tuple(indeterminate(code, Code.SEAL_NOT_CHECKED) for code in codes)


def _stopped(code: str, cause: Code, detail: str | None, before: tuple[str, ...] = ()) -> Verdict:
    """Return all checks when one of them prevents the later ones."""
    later = CODES[CODES.index(code) + 1 :]
    rest = (
        tuple(not_applicable(item) for item in later)
        if code == "seal.present"
        else tuple(indeterminate(item, Code.SEAL_NOT_CHECKED) for item in later)
    )
    known = tuple(passed(item) for item in before)
    return Verdict((*known, failed(code, cause, detail), *rest))


def _worst(checks: list[Check]) -> Check:
    return max(checks, key=lambda check: _GRAVITY.index(check.result))
