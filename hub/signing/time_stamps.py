"""Time-stamps (RFC 3161) over bytes: asking, reading the answer, judging a token by an authority's certificate; a trial authority.

A token is judged by the very certificate that is named as the authority's; no chain is built, no time is asked for.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from asn1crypto import cms, tsp  # type: ignore[import-untyped]
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import Certified, extension, read_certificate

MAX_TOKEN = 64 * 1024
_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, InvalidSignature)


def make_query(content: bytes, *, nonce: int) -> bytes:
    """Return the request (DER) for a time-stamp over the SHA-256 of `content`, with the authority's certificate in it."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(content).digest()}
    query = tsp.TimeStampReq(
        {"version": "v1", "message_imprint": tsp.MessageImprint(imprint), "nonce": nonce, "cert_req": True}
    )
    return bytes(query.dump())


def read_answer(raw: bytes) -> bytes:
    """Return the token (DER) in an authority's answer; it is not judged yet. Raises: Refused (`time_stamp.invalid`)."""
    try:
        answer = tsp.TimeStampResp.load(raw, strict=True)
        if answer["status"]["status"].native not in ("granted", "granted_with_mods"):
            raise Refused(Code.TIME_STAMP_INVALID, detail=str(answer["status"]["status"].native)[:40])
        return bytes(answer["time_stamp_token"].dump())
    except _UNREADABLE as error:
        raise Refused(Code.TIME_STAMP_INVALID, detail=type(error).__name__) from error


def open_token(token: bytes, content: bytes, *, authority: Certified) -> datetime:
    """Return the instant at which `authority` states that `content` existed. Raises: Refused (`time_stamp.invalid`)."""
    if len(token) > MAX_TOKEN:
        raise Refused(Code.TIME_STAMP_INVALID, detail="too large")
    try:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        stated = signed["encap_content_info"]["content"].parsed
        (signer,) = signed["signer_infos"]
        _require(signed["encap_content_info"]["content_type"].native == "tst_info", "content")
        imprint = stated["message_imprint"]
        _require(imprint["hash_algorithm"]["algorithm"].native == "sha256", "imprint")
        _require(imprint["hashed_message"].native == hashlib.sha256(content).digest(), "another imprint")
        attributes = {item["type"].native: item["values"][0] for item in signer["signed_attrs"]}
        algorithm = signer["digest_algorithm"]["algorithm"].native
        inner = hashlib.new(algorithm, signed["encap_content_info"]["content"].contents).digest()
        _require(attributes["content_type"].native == "tst_info", "content type")
        _require(attributes["message_digest"].native == inner, "digest")
        _verify(authority, signer, algorithm)
        at: datetime = stated["gen_time"].native.astimezone(UTC)
    except _UNREADABLE as error:
        raise Refused(Code.TIME_STAMP_INVALID, detail=type(error).__name__) from error
    _require(is_time_stamp_authority(authority), "not a time-stamp authority's certificate")
    _require(authority.not_before <= at <= authority.not_after, "outside the certificate's period")
    return at


def is_time_stamp_authority(certified: Certified) -> bool:
    """Say whether a certificate is for time-stamping alone (RFC 3161, 2.3)."""
    usage = extension(certified.certificate, x509.ExtendedKeyUsage)
    return usage is not None and list(usage) == [_TIME_STAMPING]


def make_trial_authority(key: rsa.RSAPrivateKey, *, name: str, not_before: datetime, years: int = 10) -> Certified:
    """Return a self-signed certificate for the hub's own trial authority (试用时间戳)."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = not_before.replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_TIME_STAMPING]), critical=True)
    )
    return read_certificate(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


def stamp_for_trial(query: bytes, *, key: rsa.RSAPrivateKey, certified: Certified, at: datetime) -> bytes:
    """Return the trial authority's answer (DER) to `query`. Raises: Refused (`time_stamp.invalid`)."""
    private = asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    try:
        asked = tsp.TimeStampReq.load(query, strict=True)
        certificate = asn1_x509.Certificate.load(certified.der)
        stamper = DummyTimeStamper(
            tsa_cert=certificate, tsa_key=private, fixed_dt=at.replace(microsecond=0), include_nonce=True
        )
        return bytes(stamper.request_tsa_response(asked).dump())
    except _UNREADABLE as error:
        raise Refused(Code.TIME_STAMP_INVALID, detail=type(error).__name__) from error


def _verify(authority: Certified, signer: cms.SignerInfo, algorithm: str) -> None:
    # The set tag, as RFC 5652, 5.4 asks: in the structure itself it is tagged otherwise.
    message = b"\x31" + signer["signed_attrs"].dump()[1:]
    signature, public_key = signer["signature"].native, authority.public_key
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        public_key.verify(signature, message, ec.ECDSA(_HASHES[algorithm]))
    elif isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, message, padding.PKCS1v15(), _HASHES[algorithm])
    else:
        raise ValueError("key type")


def _require(holds: bool, detail: str) -> None:
    if not holds:
        raise Refused(Code.TIME_STAMP_INVALID, detail=detail)
