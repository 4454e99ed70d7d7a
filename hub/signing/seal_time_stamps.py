"""Time-stamps (RFC 3161) in and around a seal or container: right imprint, right signature, an authority under our roots.

They are not needed for a verdict (the trail proves the time); one that is there must be true.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.validation.generic_cms import collect_timing_info
from pyhanko.sign.validation.pdf_embedded import async_validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

from hub.protocol.codes import Code
from hub.protocol.verdict import Check, failed, indeterminate, not_applicable, passed
from hub.signing.cms_form import CmsSignature
from hub.signing.coroutines import finish
from hub.signing.seal_reading import SealFacts
from hub.signing.trust import Trust


def check_time_stamps(code: str, facts: SealFacts, stamps: Iterable[SealFacts], *, trust: Trust, at: datetime) -> Check:
    """Judge the signature time-stamp of one seal and the document time-stamps of its file, as one check named `code`."""
    stamps = tuple(stamps)
    if facts.cms is None or facts.embedded is None or not (facts.cms.has_time_stamp or stamps):
        return not_applicable(code)
    if any(stamp.problem is not None or not stamp.exact or not stamp.unchanged for stamp in stamps):
        return failed(code, Code.SEAL_TIME_STAMP)
    outcomes: list[bool | None] = []
    if facts.cms.has_time_stamp:
        outcomes.append(_signature_stamp(facts.cms, facts.embedded.compute_digest, trust, at))
    outcomes += [_document_stamp(stamp, trust, at) for stamp in stamps]
    return _as_check(code, outcomes)


def check_signature_stamp(
    code: str, cms: CmsSignature, digest: Callable[[str], bytes], *, trust: Trust, at: datetime
) -> Check:
    """Judge the signature time-stamp of a CMS signature; `digest` gives the content's digest by algorithm name."""
    if not cms.has_time_stamp:
        return not_applicable(code)
    return _as_check(code, [_signature_stamp(cms, digest, trust, at)])


def _as_check(code: str, outcomes: list[bool | None]) -> Check:
    if False in outcomes:
        return failed(code, Code.SEAL_TIME_STAMP)
    if None in outcomes:
        return indeterminate(code, Code.SEAL_TIME_STAMP_AUTHORITY)
    return passed(code)


def _signature_stamp(cms: CmsSignature, digest: Callable[[str], bytes], trust: Trust, at: datetime) -> bool | None:
    """Return True for a good one, False for a wrong one, None when its authority is not known."""
    try:
        status = finish(collect_timing_info(cms.signer_info, _context(trust, at), digest)).get("timestamp_validity")
    except Exception:  # noqa: BLE001 - pyHanko raises anything on malformed tokens: each is a wrong time-stamp
        return False
    if status is None or not (status.intact and status.valid):
        return False
    return True if status.trusted else None


def _document_stamp(stamp: SealFacts, trust: Trust, at: datetime) -> bool | None:
    try:
        status = finish(async_validate_pdf_timestamp(stamp.embedded, _context(trust, at)))  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - as above
        return False
    if not (status.intact and status.valid):
        return False
    return True if status.trusted else None


def _context(trust: Trust, at: datetime) -> ValidationContext:
    return ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root.der) for root in trust.roots],
        other_certs=[asn1_x509.Certificate.load(item.der) for item in trust.intermediates],
        crls=[asn1_crl.CertificateList.load(crl.der) for crl in trust.crls],
        moment=at,
        revocation_mode="soft-fail",
        allow_fetching=False,
        retroactive_revinfo=True,
    )
