"""TLS server certificates: issued under the same root, but of no kind of ours, so that nothing signed by one counts.

Profile: RFC 5280 with serverAuth (RFC 6125: names stand in the subject alternative name, never in the subject).
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import UNREADABLE, Certified, PublicKey, extension, read_certificate
from hub.signing.keys import KeySigner

MAX_CHAIN_BYTES = 256 * 1024
MIN_RSA_BITS = 2048
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def issue_tls(
    authority: KeySigner,
    *,
    public_key: PublicKey,
    name: str,
    hosts: Sequence[str],
    not_before: datetime,
    not_after: datetime,
) -> Certified:
    """Return a certificate for the TLS server that is reached by `hosts` (DNS names, IP addresses).

    Raises: Refused (`tls.host`) for a malformed name or none, (`key.unsuitable`) unless the key is P-256 or RSA of 2048
    bits, (`cert.expired`) when the period leaves the authority's own.
    """
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    if not hosts:
        raise Refused(Code.TLS_HOST, field="--host")
    _require_key(public_key)
    issuer = authority.certified
    not_before, not_after = not_before.replace(microsecond=0), not_after.replace(microsecond=0)
    if not issuer.not_before <= not_before < not_after <= issuer.not_after:
        raise Refused(Code.CERT_EXPIRED, detail="outside the authority's period")
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64] or hosts[0][:64])]))
        .issuer_name(issuer.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
    )
    made = builder.sign(authority.private_key, _hash_for(authority))
    return read_certificate(made.public_bytes(Encoding.DER))


def read_chain(raw: bytes) -> tuple[Certified, ...]:
    """Return the server's certificate and those between it and the root, as they stand in a PEM file.

    Raises: Refused (`cert.form`).
    """
    blocks = _PEM.findall(raw) if len(raw) <= MAX_CHAIN_BYTES else []
    if not blocks:
        raise Refused(Code.CERT_FORM, detail="no PEM certificate")
    return tuple(read_certificate(block + b"\n") for block in blocks)


def hosts_of(certified: Certified) -> tuple[str, ...]:
    """Return the DNS names and IP addresses that a certificate is for."""
    try:
        names = extension(certified.certificate, x509.SubjectAlternativeName)
    except UNREADABLE:
        return ()
    if names is None:
        return ()
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def require_serving(certified: Certified, *, at: datetime) -> None:
    """Raise Refused (`tls.certificate`) unless a TLS server may use `certified` at `at`."""
    problem = None
    if ExtendedKeyUsageOID.SERVER_AUTH.dotted_string not in certified.ekus:
        problem = "no serverAuth"
    elif not hosts_of(certified):
        problem = "no host names"
    elif not certified.not_before <= at <= certified.not_after:
        problem = f"{certified.not_before:%Y-%m-%d} to {certified.not_after:%Y-%m-%d}"
    if problem is not None:
        raise Refused(Code.TLS_CERTIFICATE, detail=problem)


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    lower = host.lower()
    # A name of digits and dots only is a mistyped address, and would be compared as a name by nobody.
    if len(lower) > 253 or not _HOST.fullmatch(lower) or re.fullmatch(r"[0-9.]+", lower):
        raise Refused(Code.TLS_HOST, field="--host", detail=host[:80])
    return x509.DNSName(lower)


def _require_key(public_key: PublicKey) -> None:
    p256 = isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, ec.SECP256R1)
    if not p256 and not (isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= MIN_RSA_BITS):
        raise Refused(Code.KEY_UNSUITABLE, detail="TLS certificate")


def _hash_for(authority: KeySigner) -> hashes.SHA256 | None:
    return None if authority.certified.algorithm == "Ed25519" else hashes.SHA256()
