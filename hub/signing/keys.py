"""Private keys: made where they are used, encrypted at rest (PKCS#8, PBES2 with scrypt and AES-256-CBC), used by signers.

Sources: RFC 5958 (PKCS#8), RFC 8018 (PBES2), RFC 7914 (scrypt). `openssl pkcs8` reads what is written here.
"""

import secrets
from dataclasses import dataclass, field
from typing import Literal, Protocol

from asn1crypto import algos, core, pem  # type: ignore[import-untyped]
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import Certified, read_certificate
from hub.signing.purposes import DEFAULT_PURPOSES, Purposes

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MAX_KEY_BYTES = 64 * 1024
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Suite = Literal["Ed25519", "P-256"]


class Signer(Protocol):
    """Something that signs with the key of one certificate: in memory here, a token elsewhere."""

    @property
    def certified(self) -> Certified:
        """The certificate of the key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte JWS signature (Ed25519, or ES256 as r||s with low s) of `message`."""
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A signer over a private key in memory. `private_key` is for libraries that build CMS (seals, containers)."""

    private_key: PrivateKey = field(repr=False)
    certified: Certified

    def sign(self, message: bytes) -> bytes:
        """See `Signer.sign`. Raises: Refused (`key.unsuitable`) for a key that cannot sign JWS (RSA)."""
        if isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            return self.private_key.sign(message)
        if self.certified.algorithm != "ES256" or not isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            raise Refused(Code.KEY_UNSUITABLE)
        r, s = decode_dss_signature(self.private_key.sign(message, ec.ECDSA(hashes.SHA256())))
        # (r, n-s) verifies as well; a message is named by its bytes, so there must be one spelling.
        s = min(s, P256_ORDER - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def to_der(signature: bytes) -> bytes:
    """Return an ES256 signature (r||s, 64 bytes) in the form of X.509 and CMS. Source: RFC 3279, 2.2.3."""
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """Cost of guessing a passphrase. 16 MiB and about 0.3 s a guess; openssl 3.0's command refuses a larger `n`."""

    n: int = 16384
    r: int = 8
    p: int = 5


DEFAULT_COST = ScryptCost()
# Bounds for reading: a hostile key file must not take the machine's memory or minutes of its time.
_MAX_SCRYPT_MEMORY = 256 * 1024 * 1024
_MAX_SCRYPT_WORK = 1 << 24  # n * r * p: some seconds
_MAX_PBKDF2_ROUNDS = 10_000_000


def generate_key(suite: Suite) -> ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey:
    """Return a new private key."""
    return ed25519.Ed25519PrivateKey.generate() if suite == "Ed25519" else ec.generate_private_key(ec.SECP256R1())


def encrypt_key(key: PrivateKey, passphrase: bytes, *, cost: ScryptCost = DEFAULT_COST) -> bytes:
    """Return `key` as PEM `ENCRYPTED PRIVATE KEY`, under `passphrase`. Raises: Refused (`key.passphrase`) when empty."""
    if not passphrase:
        raise Refused(Code.KEY_PASSPHRASE, detail="empty")
    salt, iv = secrets.token_bytes(16), secrets.token_bytes(16)
    wrapping_key = Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(wrapping_key), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    der = _Encrypted({"algorithm": _pbes2(cost, salt, iv), "data": sealed}).dump()
    return bytes(pem.armor("ENCRYPTED PRIVATE KEY", der))


def decrypt_key(raw: bytes, passphrase: bytes) -> PrivateKey:
    """Return the private key in `raw` (encrypted PKCS#8, PEM or DER).

    Raises: Refused (`key.form`) for anything else, an unencrypted key or an absurd cost; (`key.passphrase`) when the
    passphrase does not open it.
    """
    der = _encrypted_der(raw)
    _require_bounded_cost(der)
    try:
        key = load_der_private_key(der, passphrase)
    except (ValueError, TypeError) as error:
        raise Refused(Code.KEY_PASSPHRASE) from error
    except (UnsupportedAlgorithm, InternalError, MemoryError) as error:
        # InternalError: OpenSSL refuses a scrypt n that is no power of 2.
        raise Refused(Code.KEY_FORM, detail=type(error).__name__) from error
    if not isinstance(key, PrivateKey):
        raise Refused(Code.KEY_FORM, detail="key type")
    return key


def load_signer(
    key_raw: bytes, passphrase: bytes, certificate_raw: bytes, *, purposes: Purposes = DEFAULT_PURPOSES
) -> KeySigner:
    """Return a signer from an encrypted key and its certificate. Raises: Refused (`key.*`, `cert.form`)."""
    return signer_for(decrypt_key(key_raw, passphrase), read_certificate(certificate_raw, purposes=purposes))


def signer_for(key: PrivateKey, certified: Certified) -> KeySigner:
    """Return a signer over `key`. Raises: Refused (`key.mismatch`) when the certificate is for another key."""
    mine = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if mine != certified.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Refused(Code.KEY_MISMATCH, values={"name": certified.name})
    return KeySigner(key, certified)


class _ScryptParameters(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("salt", core.OctetString),
        ("n", core.Integer),
        ("r", core.Integer),
        ("p", core.Integer),
        ("length", core.Integer, {"optional": True}),
    ]


class _Algorithm(core.Sequence):  # type: ignore[misc]
    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any)]  # noqa: RUF012


class _Pbes2Parameters(core.Sequence):  # type: ignore[misc]
    _fields = [("derivation", _Algorithm), ("cipher", _Algorithm)]  # noqa: RUF012


class _Encrypted(core.Sequence):  # type: ignore[misc]
    _fields = [("algorithm", _Algorithm), ("data", core.OctetString)]  # noqa: RUF012


_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"


def _pbes2(cost: ScryptCost, salt: bytes, iv: bytes) -> _Algorithm:
    scrypt = _ScryptParameters({"salt": salt, "n": cost.n, "r": cost.r, "p": cost.p})
    parameters = _Pbes2Parameters(
        {
            "derivation": {"algorithm": _SCRYPT, "parameters": core.Any(scrypt)},
            "cipher": {"algorithm": _AES_256_CBC, "parameters": core.Any(core.OctetString(iv))},
        }
    )
    return _Algorithm({"algorithm": _PBES2, "parameters": core.Any(parameters)})


def _encrypted_der(raw: bytes) -> bytes:
    if len(raw) > MAX_KEY_BYTES:
        raise Refused(Code.KEY_FORM, detail="too large")
    try:
        if not pem.detect(raw):
            return raw
        label, _, der = pem.unarmor(raw)
    except (ValueError, TypeError) as error:
        raise Refused(Code.KEY_FORM, detail="PEM") from error
    if label != "ENCRYPTED PRIVATE KEY":
        raise Refused(Code.KEY_FORM, detail=label[:40])
    return bytes(der)


def _require_bounded_cost(der: bytes) -> None:
    try:
        outer = _Encrypted.load(der, strict=True)
        if outer["algorithm"]["algorithm"].native != _PBES2:
            raise ValueError("not PBES2")
        derivation = outer["algorithm"]["parameters"].parse(_Pbes2Parameters)["derivation"]
        method = derivation["algorithm"].native
        if method == _SCRYPT:
            cost = derivation["parameters"].parse(_ScryptParameters)
            n, r, p = (int(cost[name].native) for name in ("n", "r", "p"))
            bounded = min(n, r, p) > 0 and 128 * n * r <= _MAX_SCRYPT_MEMORY and n * r * p <= _MAX_SCRYPT_WORK
        elif method == _PBKDF2:
            rounds = int(derivation["parameters"].parse(algos.Pbkdf2Params)["iteration_count"].native)
            bounded = 0 < rounds <= _MAX_PBKDF2_ROUNDS
        else:
            raise ValueError("unknown key derivation")
    except (ValueError, TypeError, KeyError) as error:
        raise Refused(Code.KEY_FORM, detail=type(error).__name__) from error
    if not bounded:
        raise Refused(Code.KEY_FORM, detail="cost of the key derivation")
