"""The form of a CMS signature (RFC 5652, CAdES) as seals and containers must have it: one signer, one spelling.

Parts of a CMS that the signature does not cover (versions, lists, unsigned attributes) are held to what our own signers
write, so that a changed byte in them is noticed too. Nothing is trusted here: keys are judged elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, x509  # type: ignore[import-untyped]
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_self_reported_ts,
    validate_sig_integrity,
)

DIGESTS = frozenset({"sha256", "sha384", "sha512"})
SIGNATURES = frozenset({"ecdsa", "rsassa_pkcs1v15", "rsassa_pss"})
SIGNED_ONCE = frozenset({"content_type", "message_digest", "signing_certificate_v2"})
TIME_STAMP = "signature_time_stamp_token"
MAX_CMS_BYTES = 1 << 20
_DATA_OUTSIDE = cms.EncapsulatedContentInfo({"content_type": "data"}).dump()


class Malformed(Exception):
    """The bytes are not a CMS signature of the form asked for; the message is a short technical reason."""


@dataclass(frozen=True, slots=True)
class CmsSignature:
    """One CMS signature, parsed. `signer_der` is the certificate it names as its signer's, `others` those beside it;
    `algorithm_ok` says whether digest and signature algorithm are accepted ones; `signed_at` is the signer's own claim."""

    signed_data: Any
    signer_info: Any
    signer_der: bytes
    others: tuple[bytes, ...]
    digest_algorithm: str
    algorithm_ok: bool
    signed_at: datetime | None
    has_time_stamp: bool


def parse_cms(der: bytes) -> CmsSignature:
    """Return the detached signature in `der` (exact DER, nothing after it).

    Raises: Malformed, and whatever pyHanko and asn1crypto raise on malformed bytes: the caller turns all into a refusal.
    """
    if len(der) > MAX_CMS_BYTES:
        raise Malformed("too large")
    content = cms.ContentInfo.load(der, strict=True)
    if content["content_type"].native != "signed_data":
        raise Malformed("not signedData")
    signed_data = content["content"]
    if signed_data["encap_content_info"].dump() != _DATA_OUTSIDE:
        raise Malformed("not a detached signature over data")
    if len(signed_data["signer_infos"]) != 1:
        raise Malformed("not exactly one signer")
    signer_info = extract_signer_info(signed_data)
    found = extract_certs_for_validation(signed_data)
    algorithm = signer_info["digest_algorithm"]["algorithm"].native
    _require_form(signed_data, signer_info, der)
    _require_names_signer(signer_info, found.signer_cert)
    return CmsSignature(
        signed_data=signed_data,
        signer_info=signer_info,
        signer_der=found.signer_cert.dump(),
        others=tuple(certificate.dump() for certificate in found.other_certs),
        digest_algorithm=algorithm,
        algorithm_ok=_algorithm_ok(signer_info, algorithm),
        signed_at=extract_self_reported_ts(signer_info),
        has_time_stamp=bool(_unsigned_types(signer_info)),
    )


def check_integrity(signature: CmsSignature, content_digest: bytes) -> tuple[bool, bool]:
    """Return whether the content's digest is the signed one, and whether the signature over the attributes is right.

    Raises: what pyHanko raises for contradictory attributes; the caller treats it as malformed.
    """
    intact, valid = validate_sig_integrity(
        signature.signer_info, x509.Certificate.load(signature.signer_der), "data", content_digest
    )
    return bool(intact), bool(valid)


def _require_form(signed_data: Any, signer_info: Any, der: bytes) -> None:
    if signed_data["version"].native not in ("v1", "v3") or signer_info["version"].native not in ("v1", "v3"):
        raise Malformed("version")
    digest_algorithm = signer_info["digest_algorithm"]
    if [item.dump() for item in signed_data["digest_algorithms"]] != [digest_algorithm.dump()]:
        raise Malformed("digest algorithms differ")
    if any(item["parameters"].native is not None for item in (digest_algorithm, *_plain(signer_info))):
        raise Malformed("algorithm parameters")
    types = [attribute["type"].native for attribute in signer_info["signed_attrs"]]
    if len(types) != len(set(types)) or not set(types) >= SIGNED_ONCE:
        raise Malformed("signed attributes")
    if _unsigned_types(signer_info) - {TIME_STAMP}:
        raise Malformed("unsigned attributes")
    _require_der(der)


def _require_names_signer(signer_info: Any, certificate: Any) -> None:
    # asn1crypto compares names without case and spaces; the bytes must be the certificate's own.
    sid = signer_info["sid"]
    if sid.name == "issuer_and_serial_number" and sid.chosen["issuer"].dump() != certificate.issuer.dump():
        raise Malformed("the signer's name is spelt otherwise")


def _plain(signer_info: Any) -> tuple[Any, ...]:
    # PSS is the one signature algorithm with parameters.
    algorithm = signer_info["signature_algorithm"]
    return () if algorithm.signature_algo == "rsassa_pss" else (algorithm,)


def _require_der(raw: bytes) -> None:
    """Raise Malformed unless `raw` is whole values with definite, shortest lengths, at every level."""
    levels = [(0, len(raw))]
    while levels:
        start, end = levels.pop()
        while start < end:
            tag, start = raw[start], start + 1
            if tag & 0x1F == 0x1F or start >= end:
                raise Malformed("not DER")
            size, start = raw[start], start + 1
            if size & 0x80:
                count = size & 0x7F
                size, start = int.from_bytes(raw[start : start + count], "big"), start + count
                if not 1 <= count <= 4 or size < 0x80 or size >> 8 * (count - 1) == 0:
                    raise Malformed("not DER")
            if start + size > end:
                raise Malformed("not DER")
            if tag & 0x20:
                levels.append((start, start + size))
            start += size


def _unsigned_types(signer_info: Any) -> set[str]:
    attributes = signer_info["unsigned_attrs"]
    return {attribute["type"].native for attribute in attributes} if attributes.native else set()


def _algorithm_ok(signer_info: Any, digest_algorithm: str) -> bool:
    algorithm = signer_info["signature_algorithm"]
    if digest_algorithm not in DIGESTS or algorithm.signature_algo not in SIGNATURES:
        return False
    try:
        return bool(algorithm.hash_algo == digest_algorithm)
    except ValueError:  # rsassa_pkcs1v15 under its bare name: the digest is the signer info's
        return True
