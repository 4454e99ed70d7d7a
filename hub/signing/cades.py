"""Detached CAdES signatures (CMS, P-256) over a container's manifest: sign and check. Bytes in, verdict out.

The signature covers the exact bytes given; signed attributes are content type, digest, signing time and
signing-certificate-v2, as ETSI EN 319 122-1 asks (baseline B-B). `openssl cms -verify -binary` checks it.
"""

import hashlib
from datetime import UTC, datetime

from asn1crypto import keys as asn1_keys  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.sign.signers import Signer as CmsSigner
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Check, Result, Verdict, failed, indeterminate, passed
from hub.signing.certificates import Certified, read_certificate
from hub.signing.cms_form import CmsSignature, check_integrity, parse_cms
from hub.signing.coroutines import finish
from hub.signing.keys import KeySigner, Signer, to_der
from hub.signing.purposes import CertificateKind
from hub.signing.seal_time_stamps import check_signature_stamp
from hub.signing.trust import Trust, check_certificate

CODES = (
    "cades.form",
    "cades.intact",
    "cades.algorithm",
    "cades.signer",
    "cades.chain",
    "cades.validity",
    "cades.purpose",
    "cades.revocation",
    "cades.time_stamp",
)


def sign_detached(content: bytes, *, signer: Signer, at: datetime, chain: tuple[Certified, ...] = ()) -> bytes:
    """Return the DER of a CAdES signature by `signer` (P-256) over `content`; `chain` is embedded beside its certificate.

    Raises: Refused (`cades.key`) for any other key.
    """
    if signer.certified.algorithm != "ES256":
        raise Refused(Code.CADES_KEY)
    maker = cms_signer(signer, chain)
    attributes = PdfCMSSignedAttributes(signing_time=at.astimezone(UTC))
    content_info = finish(
        maker.async_sign_general_data(content, "sha256", detached=True, use_cades=True, signed_attr_settings=attributes)
    )
    der: bytes = content_info.dump()
    return der


def check_detached(
    content: bytes,
    cms: bytes,
    *,
    trust: Trust,
    at: datetime,
    now: datetime,
    kind: CertificateKind = CertificateKind.EVIDENCE,
    pinned: Certified | None = None,
) -> tuple[Verdict, Certified | None]:
    """Say whether `cms` is a good signature over the exact bytes of `content`, by a certificate of `kind`, judged at `at`.

    With `pinned`, it must be that very certificate. Malformed bytes are a failed check, never an exception. Every check
    of `CODES` is listed, always.
    """
    try:
        signature = parse_cms(cms)
        intact, valid = check_integrity(signature, hashlib.new(signature.digest_algorithm, content).digest())
    except Exception as error:  # noqa: BLE001 - asn1crypto and pyHanko raise anything on malformed CMS: each is this check
        return Verdict((failed(CODES[0], Code.CADES_MALFORMED, type(error).__name__), *_unknown(CODES[1:]))), None
    first = (
        passed("cades.form"),
        _yes("cades.intact", intact and valid, Code.CADES_INVALID),
        _yes("cades.algorithm", signature.algorithm_ok, Code.SEAL_ALGORITHM),
    )
    stamp = check_signature_stamp(
        "cades.time_stamp", signature, lambda name: hashlib.new(name, content).digest(), trust=trust, at=at
    )
    checks, certified = _check_signer(signature, trust=trust, at=at, now=now, kind=kind, pinned=pinned)
    return Verdict((*first, *checks, stamp)), certified


class _AskingSigner(CmsSigner):
    """pyHanko's signer that asks ours for the signature: the key stays where it is, in memory or on a token."""

    def __init__(self, signer: Signer, registry: SimpleCertificateStore) -> None:
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(signer.certified.der), cert_registry=registry, embed_roots=False
        )
        self._signer = signer

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise Refused(Code.CADES_KEY, detail=digest_algorithm)
        # The longest that a P-256 signature can be: room is reserved for it.
        return bytes(72) if dry_run else to_der(self._signer.sign(data))


def cms_signer(signer: Signer, chain: tuple[Certified, ...]) -> CmsSigner:
    """Return pyHanko's signer over the same key and certificate, with `chain` to embed (roots are left out).

    Raises: Refused (`cades.key`) for a key that is neither P-256 nor RSA in memory.
    """
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    for certified in chain:
        registry.register(asn1_x509.Certificate.load(certified.der))
    if signer.certified.algorithm == "ES256":
        return _AskingSigner(signer, registry)
    if not isinstance(signer, KeySigner) or not isinstance(signer.private_key, rsa.RSAPrivateKey):
        raise Refused(Code.CADES_KEY)
    raw = signer.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        asn1_x509.Certificate.load(signer.certified.der),
        asn1_keys.PrivateKeyInfo.load(raw),
        registry,
        embed_roots=False,
    )


def require_no_stranger(chain: Check, signature: CmsSignature, trust: Trust) -> Check:
    """Return `chain`, failed if a certificate beside the signer's leads to no root.

    The signature does not cover those certificates: such a one was put there, or changed.
    """
    for der in signature.others if chain.result is Result.PASSED else ():
        try:
            problem = trust.chain_of(read_certificate(der, purposes=trust.purposes)).problem
        except Refused as error:
            problem = error.code.value
        if problem is not None:
            return failed(chain.code, Code.CERT_CHAIN, "a stranger's certificate beside the signer's")
    return chain


def _check_signer(
    signature: CmsSignature,
    *,
    trust: Trust,
    at: datetime,
    now: datetime,
    kind: CertificateKind,
    pinned: Certified | None,
) -> tuple[tuple[Check, ...], Certified | None]:
    try:
        certified = read_certificate(signature.signer_der, purposes=trust.purposes)
    except Refused as error:
        return (failed("cades.signer", error.code, error.detail), *_unknown(CODES[4:8])), None
    is_pinned = pinned is None or pinned.der == certified.der
    signer = _yes("cades.signer", is_pinned, Code.CADES_OTHER_SIGNER, certified.name)
    chain, *rest = check_certificate(certified, kind=kind, trust=trust, at=at, now=now, prefix="cades")
    return (signer, require_no_stranger(chain, signature, trust), *rest), certified


def _yes(code: str, good: bool, cause: Code, detail: str | None = None) -> Check:
    return passed(code) if good else failed(code, cause, detail)


def _unknown(codes: tuple[str, ...]) -> tuple[Check, ...]:
    return tuple(indeterminate(code, Code.SEAL_NOT_CHECKED) for code in codes)
