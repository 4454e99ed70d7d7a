"""The agent's way to its hub: TLS 1.2 or later, only the configured roots, the name compared; plain HTTP on loopback only.

No system trust store, no proxy from the environment, no fallback: what cannot be verified is not spoken to.
"""

import ipaddress
import ssl
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import aiohttp
from cryptography import x509

from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.signing.certificates import Certified
from hub.signing.crl import Crl

IsRevoked = Callable[[bytes], bool]
"""Whether the certificate with these DER bytes is revoked, as far as is known."""
# OpenSSL, X509_V_ERR_*.
_PERIOD = frozenset({9, 10, 13, 14})
_NAME = frozenset({62, 63, 64})
_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL"})
_REVOKED = "revoked by the list known here"


def require_guarded(hub: str) -> None:
    """Raise Refused (`station.hub_plain`) for an http address that is not on this machine."""
    parts = urlsplit(hub)
    if parts.scheme == "https":
        return
    host = parts.hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise Refused(Code.HUB_PLAIN, field="hub", detail=hub)


def client_context(roots: Iterable[Certified], *, is_revoked: IsRevoked = lambda _der: False) -> ssl.SSLContext:
    """Return a context that takes only servers certified by `roots` for the name asked for, and not revoked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # names compared, a certificate required
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.load_verify_locations(cadata="".join(root.pem.decode() for root in roots))

    class Checked(ssl.SSLObject):
        """Asks the revocation list, too, before anything is sent."""

        def do_handshake(self) -> None:
            super().do_handshake()
            der = self.getpeercert(binary_form=True)
            if der is None or is_revoked(der):
                raise ssl.SSLCertVerificationError(_REVOKED)

    context.sslobject_class = Checked
    return context


def revoked_in(lists: Callable[[], Iterable[Crl]]) -> IsRevoked:
    """Return the question over the newest lists. One that is too old still counts: what it names stays revoked."""

    def is_revoked(der: bytes) -> bool:
        certificate = x509.load_der_x509_certificate(der)
        return any(
            crl.parsed.issuer == certificate.issuer and certificate.serial_number in crl.entries for crl in lists()
        )

    return is_revoked


def unreachable(error: BaseException) -> Unavailable:
    """Return why the hub was not reached, in our words. What waits in the outbox stays there in every case."""
    cause = _ssl_error(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        if _REVOKED in str(cause):
            return Unavailable(Code.HUB_TLS_REVOKED)
        code = getattr(cause, "verify_code", 0)
        if code in _PERIOD:
            return Unavailable(Code.HUB_TLS_PERIOD, detail=cause.verify_message)
        return Unavailable(Code.HUB_TLS_NAME if code in _NAME else Code.HUB_TLS_ROOT, detail=cause.verify_message)
    if isinstance(cause, ssl.SSLError):
        plain = cause.reason in _PLAIN
        return Unavailable(Code.HUB_NO_TLS if plain else Code.HUB_TLS, detail=None if plain else cause.reason)
    return Unavailable(Code.HUB_UNREACHABLE, detail=type(error).__name__, values={"n": "?"})


def _ssl_error(error: BaseException) -> ssl.SSLError | None:
    found = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    return found if isinstance(found, ssl.SSLError) else None


def make_session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    """Return a session whose https goes by `context`."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))
