"""Keys on a PKCS#11 token: made in it, never leaving it, used by the same `Signer` as keys in memory. P-256 only.

Named by a PKCS#11 URI (RFC 7512): `pkcs11:token=LABEL;object=KEY?module-path=/path/module.so`; the PIN is never in it. The
library is the extra `hanxun[pkcs11]`. ECDSA is asked for as CKM_ECDSA over our own SHA-256, which every token offers.
"""

import hashlib
import hmac
import re
import secrets
import threading
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused, Unavailable
from hub.signing.certificates import Certified
from hub.signing.fingerprints import key_digest
from hub.signing.keys import P256_ORDER

try:
    import pkcs11
    from pkcs11.exceptions import PKCS11Error
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
except ImportError:  # the extra is not installed: every use says so
    pkcs11 = None  # type: ignore[assignment]

    class PKCS11Error(Exception):  # type: ignore[no-redef]
        """Stands in for the library's own, so that its handlers name something."""


_PATH_ATTRIBUTES = frozenset({"token", "object", "type"})
_QUERY_ATTRIBUTES = frozenset({"module-path"})


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Where a key is: the `token` and the `key` by their labels, the `module` (shared library) that speaks to it."""

    token: str
    key: str
    module: str

    def __str__(self) -> str:
        """The URI, as it is stored beside the certificate."""
        return f"pkcs11:token={quote(self.token, safe='')};object={quote(self.key, safe='')};type=private?module-path={quote(self.module)}"


def parse_token_uri(text: str) -> TokenUri:
    """Return the key's address. Raises: Refused (`pkcs11.uri`), also when a PIN stands in it. Source: RFC 7512, 2.3."""
    path, _, query = text.removeprefix("pkcs11:").partition("?")
    if not text.startswith("pkcs11:") or len(text) > 1024:
        raise Refused(Code.PKCS11_URI, detail="pkcs11:…")
    at, options = _attributes(path, ";", _PATH_ATTRIBUTES), _attributes(query, "&", _QUERY_ATTRIBUTES)
    token, key, module = at.get("token", ""), at.get("object", ""), options.get("module-path", "")
    if not token or not key or not module.startswith("/") or at.get("type", "private") != "private":
        raise Refused(Code.PKCS11_URI, detail="token, object, module-path")
    return TokenUri(token, key, module)


def fresh_label(token: TokenUri, name: str) -> TokenUri:
    """Return a new label for a key called `name` in `token`: a token may keep the old key beside it."""
    return replace(token, key=f"{token.key}-{name}-{secrets.token_hex(3)}")


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A P-256 key on an open token: its public half, and the one thing that can be asked of the private half."""

    public_key: ec.EllipticCurvePublicKey
    _private: Any = field(repr=False)
    # A session does one operation at a time; a service signs from several threads.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return ES256 (r||s, low s) over `message`. Raises: Unavailable (`pkcs11.failed`), e.g. when it was pulled out."""
        digest = hashlib.sha256(message).digest()
        try:
            with self._lock:
                raw = bytes(self._private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
        except PKCS11Error as error:
            raise Unavailable(Code.PKCS11_FAILED, detail=type(error).__name__) from error
        if len(raw) != 64:
            raise Unavailable(Code.PKCS11_FAILED, detail=f"{len(raw)} bytes")
        s = int.from_bytes(raw[32:], "big")
        # Tokens give either s; a message is named by its bytes, so there must be one spelling.
        return raw[:32] + min(s, P256_ORDER - s).to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class Pkcs11Signer:
    """A `Signer` whose key stays on its token."""

    key: TokenKey
    certified: Certified

    def sign(self, message: bytes) -> bytes:
        """See `Signer.sign`. Raises: Unavailable (`pkcs11.failed`)."""
        return self.key.sign(message)


def open_token_signer(uri: TokenUri, pin: bytes, certified: Certified) -> Pkcs11Signer:
    """Return the signer for `certified`, whose key is at `uri`.

    Raises: Refused (`pkcs11.library`, `pkcs11.token`, `pkcs11.pin`, `pkcs11.key`; `key.mismatch` when the certificate is for
    another key).
    """
    key = open_token_key(uri, pin)
    if key_digest(key.public_key) != key_digest(certified.public_key):
        raise Refused(Code.KEY_MISMATCH, values={"name": certified.name})
    return Pkcs11Signer(key, certified)


def open_token_key(uri: TokenUri, pin: bytes) -> TokenKey:
    """Return the key at `uri`, its token unlocked. Raises: as `open_token_signer`."""
    session = _session(uri, pin, writes=False)
    try:
        private = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.KeyType.EC, uri.key)
        public = session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.KeyType.EC, uri.key)
        return _key(private, public)
    except PKCS11Error as error:
        raise _explained(error) from error


def make_token_key(uri: TokenUri, pin: bytes) -> TokenKey:
    """Make a new P-256 key in the token, sensitive and not extractable, under the label `uri.key`; return it.

    Raises: as `open_token_signer`; Refused (`pkcs11.key`) when the token has a key of that label.
    """
    session = _session(uri, pin, writes=True)
    try:
        if next(iter(session.get_objects({pkcs11.Attribute.LABEL: uri.key})), None) is not None:
            raise Refused(Code.PKCS11_KEY, detail=uri.key)
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")},
            local=True,
        )
        public, private = parameters.generate_keypair(
            store=True,
            label=uri.key,
            id=secrets.token_bytes(8),
            private_template={pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False},
        )
        return _key(private, public)
    except PKCS11Error as error:
        raise _explained(error) from error


# One process logs in to a token once (PKCS#11, 5.6.8): a second PIN for it would never be looked at by the token. So the PIN
# that opened it is remembered, as a keyed hash under a key of this process, and a later one must be the same.
_LOGINS: dict[tuple[str, str], tuple[bytes, Any]] = {}
_LOGIN_KEY = secrets.token_bytes(32)
_LOGIN_LOCK = threading.Lock()


def _session(uri: TokenUri, pin: bytes, *, writes: bool) -> Any:
    if pkcs11 is None:
        raise Refused(Code.PKCS11_LIBRARY, detail="hanxun[pkcs11]")
    try:
        library = pkcs11.lib(uri.module)
    except (PKCS11Error, OSError, RuntimeError) as error:
        raise Refused(Code.PKCS11_LIBRARY, detail=uri.module) from error
    proof = hmac.digest(_LOGIN_KEY, pin, "sha256")
    with _LOGIN_LOCK:
        held = _LOGINS.get((uri.module, uri.token))
        if held is not None and not hmac.compare_digest(held[0], proof):
            raise Refused(Code.PKCS11_PIN, detail=uri.token)
        try:
            token = library.get_token(token_label=uri.token)
            if held is None:
                # Kept open: the login ends with the token's last session.
                _LOGINS[uri.module, uri.token] = (proof, token.open(user_pin=pin.decode()))
            return token.open(rw=writes)
        except (PKCS11Error, UnicodeDecodeError) as error:
            _LOGINS.pop((uri.module, uri.token), None)
            raise _explained(error) from error


def _key(private: Any, public: Any) -> TokenKey:
    try:
        public_key = load_der_public_key(encode_ec_public_key(public))
    except (ValueError, KeyError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(Code.PKCS11_KEY, detail="public key") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(public_key.curve, ec.SECP256R1):
        raise Refused(Code.PKCS11_KEY, detail="not P-256")
    return TokenKey(public_key, private)


def _explained(error: Exception) -> HanxunError:
    name = type(error).__name__
    if name.startswith(("Pin", "UserPin", "UnicodeDecode", "UserAlready")):
        return Refused(Code.PKCS11_PIN, detail=name)
    if name in ("NoSuchToken", "MultipleTokensReturned", "TokenNotPresent", "TokenNotRecognised"):
        return Refused(Code.PKCS11_TOKEN, detail=name)
    if name in ("NoSuchKey", "MultipleObjectsReturned"):
        return Refused(Code.PKCS11_KEY, detail=name)
    return Unavailable(Code.PKCS11_FAILED, detail=name)


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if not equals or name in found or name not in known or re.search(r"%(?![0-9A-Fa-f]{2})", value):
            raise Refused(Code.PKCS11_URI, field=name[:40])
        found[name] = unquote(value)
    return found
