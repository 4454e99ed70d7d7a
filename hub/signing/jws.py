"""Compact JWS (RFC 7515) over exact bytes, stricter than the standard: one spelling for one message.

Header exactly {alg, typ, x5t#S256}; alg is Ed25519 (RFC 9864) or ES256 with low s, and must be what the certificate's key
asks for; the certificate comes from the known set, by the digest of its DER, and is never fetched.
"""

import binascii
from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.strict_json import encode_json, parse_strict
from hub.signing.certificates import CertificateSource, Certified, PublicKey
from hub.signing.keys import P256_ORDER, Signer

MAX_TOKEN_BYTES = 256 * 1024
_MAX_STATED_HEADER = 4096
ALGORITHMS = frozenset({"Ed25519", "ES256"})
_MEMBERS = frozenset({"alg", "typ", "x5t#S256"})
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_URL = bytes.maketrans(b"+/", b"-_")
# What only the standard alphabet has, and padding, become a character that strict decoding refuses.
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
# By len % 4: what the last character may be, so that no bit of it is dropped in decoding (all others have one spelling).
_LAST = {2: frozenset(_ALPHABET[::16]), 3: frozenset(_ALPHABET[::4])}
_PADDING = {0: b"", 2: b"==", 3: b"="}
_ES256 = ec.ECDSA(hashes.SHA256())


class OpenedJws(msgspec.Struct, frozen=True):
    """A JWS whose signature is right. `payload` is its exact bytes; whether to trust `certified` is not said here."""

    payload: bytes
    certified: Certified
    alg: str


def sign_jws(payload: bytes, *, typ: str, signer: Signer, limit: int = MAX_TOKEN_BYTES) -> bytes:
    """Return the compact JWS of `payload`, at most `limit` bytes.

    Raises: Refused (`key.unsuitable`) for a certificate whose key cannot sign JWS, (`jws.too_large`).
    """
    certified = signer.certified
    if certified.algorithm is None:
        raise Refused(Code.KEY_UNSUITABLE)
    message = _header_part(certified.algorithm, typ, certified.x5t) + b"." + _encode(payload)
    token = message + b"." + _encode(signer.sign(message))
    if len(token) > limit:
        raise Refused(Code.JWS_TOO_LARGE)
    return token


def open_jws(raw: bytes, *, typ: str, certificates: CertificateSource, allow_high_s: bool = False) -> OpenedJws:
    """Return what `raw` signs, its signature verified and its payload strict JSON.

    Raises: Refused, the first of: `jws.too_large`, `jws.form`, `jws.base64`; `json.*`, `jws.crit`, `jws.header` of the
    header; `jws.alg`, `jws.typ`; `jws.unknown_certificate`; `jws.alg_key_mismatch`, `jws.high_s`, `jws.signature`; `json.*`
    of the payload.
    """
    opened = verify_jws(raw, typ=typ, certificates=certificates, allow_high_s=allow_high_s)
    parse_strict(opened.payload)
    return opened


def verify_jws(
    raw: bytes,
    *,
    typ: str,
    certificates: CertificateSource,
    allow_high_s: bool = False,
    limit: int = MAX_TOKEN_BYTES,
) -> OpenedJws:
    """As `open_jws`, with the payload not yet looked at: for callers that parse it themselves, strictly, once."""
    if len(raw) > limit:
        raise Refused(Code.JWS_TOO_LARGE)
    parts = raw.split(b".")
    if len(parts) != 3:
        raise Refused(Code.JWS_FORM)
    header_part, payload_part, signature_part = parts
    payload, signature = _decode(payload_part), _decode(signature_part)
    read_header = _read_header_once if len(header_part) <= _MAX_REMEMBERED_HEADER else _read_header
    alg, x5t = read_header(header_part, typ)
    certified = certificates(x5t)
    if certified is None:
        raise Refused(Code.JWS_UNKNOWN_CERTIFICATE, detail=x5t)
    message = raw[: len(header_part) + 1 + len(payload_part)]
    verify_signature(message, signature, alg=alg, public_key=certified.public_key, allow_high_s=allow_high_s)
    return OpenedJws(payload, certified, alg)


def reopen_jws(raw: bytes, *, typ: str, certificates: CertificateSource) -> OpenedJws:
    """Return what `raw` signs where `verify_jws` has returned it before: the signature is not verified again."""
    header_part, payload_part, _ = raw.split(b".")
    alg, x5t = _read_header_once(header_part, typ)
    certified = certificates(x5t)
    if certified is None:
        raise Refused(Code.JWS_UNKNOWN_CERTIFICATE, detail=x5t)
    return OpenedJws(_decode(payload_part), certified, alg)


def stated_payload(raw: bytes) -> bytes:
    """Return the payload that `raw` states, its signature not looked at: for bytes that were verified when they were stored, or
    for what is only shown. Raises: ValueError, IndexError when it is no compact JWS."""
    payload = raw.split(b".")[1]
    return urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))


def stated_header(raw: bytes) -> dict[str, Any]:
    """Return the header that `raw` states (its first 4 KiB at most), nothing verified: to know whom to ask, or which reader to
    call. Raises: ValueError when it is no compact JWS."""
    part = raw[:_MAX_STATED_HEADER].partition(b".")[0]
    try:
        return msgspec.json.decode(urlsafe_b64decode(part + b"=" * (-len(part) % 4)), type=dict[str, Any])
    except RecursionError as error:
        raise ValueError("no JSON object") from error


def verify_signature(
    message: bytes, signature: bytes, *, alg: str, public_key: PublicKey, allow_high_s: bool = False
) -> None:
    """Return only if `signature` (64 bytes) is that of `public_key` over `message`.

    Raises: Refused (`jws.alg_key_mismatch`, `jws.signature`, `jws.high_s`). Source: RFC 7518, 3.4; RFC 8037; RFC 9864.
    """
    if len(signature) != 64:
        raise Refused(Code.JWS_SIGNATURE, detail="length")
    try:
        if alg == "Ed25519" and isinstance(public_key, ed25519.Ed25519PublicKey):
            public_key.verify(signature, message)
        elif alg == "ES256" and isinstance(public_key, ec.EllipticCurvePublicKey) and _is_p256(public_key):
            public_key.verify(_to_der(signature, allow_high_s), message, _ES256)
        else:
            raise Refused(Code.JWS_ALG_KEY_MISMATCH)
    except InvalidSignature as error:
        raise Refused(Code.JWS_SIGNATURE) from error


def _encode(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL, b"=")


def _decode(part: bytes) -> bytes:
    if not part:
        return b""
    remainder = len(part) % 4
    if remainder == 1 or (remainder and part[-1] not in _LAST[remainder]):
        raise Refused(Code.JWS_BASE64)
    try:
        return binascii.a2b_base64(part.translate(_TO_STANDARD) + _PADDING[remainder], strict_mode=True)
    except binascii.Error as error:
        raise Refused(Code.JWS_BASE64) from error


@lru_cache(maxsize=256)
def _header_part(alg: str, typ: str, x5t: str) -> bytes:
    return _encode(encode_json({"alg": alg, "typ": typ, "x5t#S256": x5t}))


def _read_header(part: bytes, typ: str) -> tuple[str, str]:
    header = parse_strict(_decode(part))
    if "crit" in header:
        raise Refused(Code.JWS_CRIT)
    if header.keys() - _MEMBERS:
        raise Refused(Code.JWS_HEADER, detail=", ".join(sorted(header.keys() - _MEMBERS))[:80])
    alg, x5t = header.get("alg"), header.get("x5t#S256")
    if not isinstance(alg, str) or alg not in ALGORITHMS:
        raise Refused(Code.JWS_ALG)
    if header.get("typ") != typ:
        raise Refused(Code.JWS_TYP)
    if not isinstance(x5t, str) or not _is_sha256(x5t):
        raise Refused(Code.JWS_HEADER, detail="x5t#S256")
    return alg, x5t


# One sender's header never changes: good ones are remembered by their exact bytes, unless padded out with white space.
_MAX_REMEMBERED_HEADER = 256
_read_header_once = lru_cache(maxsize=4096)(_read_header)


def _is_sha256(x5t: str) -> bool:
    if len(x5t) != 43 or not x5t.isascii():
        return False
    try:
        return len(_decode(x5t.encode())) == 32
    except Refused:
        return False


def _is_p256(public_key: ec.EllipticCurvePublicKey) -> bool:
    return isinstance(public_key.curve, ec.SECP256R1)


def _to_der(signature: bytes, allow_high_s: bool) -> bytes:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise Refused(Code.JWS_SIGNATURE, detail="range")
    if s > P256_ORDER // 2 and not allow_high_s:
        raise Refused(Code.JWS_HIGH_S)
    return encode_dss_signature(r, s)
