"""Certificates (X.509, RFC 5280) as this project reads them: parsed once, named by the SHA-256 of their DER bytes.

Nothing here is trusted yet: `trust.py` judges a certificate, this module only says what it states.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import STATION_PATTERN, StationId
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind, OfficerRole, Purposes, SealPurpose

MAX_CERTIFICATE_BYTES = 64 * 1024
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
E = TypeVar("E", bound=x509.ExtensionType)

# What the parser raises, lazily, for fields it cannot read.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    InternalError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Certified:
    """One certificate and what it states. Equal when the DER bytes are.

    `x5t` is the base64url SHA-256 of `der` (RFC 7515, x5t#S256); `station` the subject's OU; `number` its serialNumber
    (an officer's police number); `name` its CN; `ekus` and `policies` are dotted identifiers, from which `kinds`, `roles`
    and `seal_purposes` follow. `signs`: no CA, and digitalSignature is allowed. `algorithm` is the JWS name of its key.
    """

    der: bytes = field(repr=False)
    certificate: x509.Certificate = field(compare=False, repr=False)
    public_key: PublicKey = field(compare=False, repr=False)
    x5t: str = field(compare=False)
    serial: int = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    kinds: frozenset[CertificateKind] = field(compare=False)
    station: StationId | None = field(compare=False)
    number: str | None = field(compare=False)
    name: str = field(compare=False)
    roles: frozenset[OfficerRole] = field(compare=False)
    seal_purposes: frozenset[SealPurpose] = field(compare=False)
    ekus: frozenset[str] = field(compare=False)
    policies: frozenset[str] = field(compare=False)
    signs: bool = field(compare=False)
    algorithm: str | None = field(compare=False)

    @property
    def kind(self) -> CertificateKind | None:
        """The kind, or None; where a deployment gives two kinds one usage, the first in order."""
        return next((kind for kind in CertificateKind if kind in self.kinds), None)

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)


CertificateSource = Callable[[str], Certified | None]
"""Finds a known certificate by its x5t#S256. Never fetches: who signs must be known before."""


def known(certificates: Iterable[Certified]) -> CertificateSource:
    """Return a source over a fixed set of certificates."""
    return {certified.x5t: certified for certified in certificates}.get


def x5t_of(der: bytes) -> str:
    """Return the x5t#S256 of a certificate's DER bytes. Source: RFC 7515, 4.1.8."""
    return urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def read_certificate(raw: bytes, *, purposes: Purposes = DEFAULT_PURPOSES) -> Certified:
    """Return the one certificate in `raw` (PEM or DER).

    Raises: Refused (`cert.form`) for anything else, several certificates, or a key of a type not used here.
    """
    if len(raw) > MAX_CERTIFICATE_BYTES:
        raise Refused(Code.CERT_FORM, detail="too large")
    try:
        return _stated(_parse(raw), purposes)
    except UNREADABLE as error:
        raise Refused(Code.CERT_FORM, detail=type(error).__name__) from error


def extension(certificate: x509.Certificate, type: type[E]) -> E | None:
    """Return the extension of `type`, or None when the certificate has none."""
    try:
        return certificate.extensions.get_extension_for_class(type).value
    except x509.ExtensionNotFound:
        return None


def _parse(raw: bytes) -> x509.Certificate:
    count = raw.count(b"-----BEGIN")
    if count > 1:
        raise ValueError("more than one PEM block")
    return x509.load_pem_x509_certificate(raw) if count else x509.load_der_x509_certificate(raw)


def _stated(certificate: x509.Certificate, purposes: Purposes) -> Certified:
    der = certificate.public_bytes(Encoding.DER)
    if certificate.serial_number <= 0:
        raise ValueError("serial number")
    public_key = certificate.public_key()
    if not isinstance(public_key, PublicKey):
        raise ValueError("key type")
    usage = extension(certificate, x509.ExtendedKeyUsage)
    policy = extension(certificate, x509.CertificatePolicies)
    ekus = frozenset(item.dotted_string for item in usage or ())
    policies = frozenset(item.policy_identifier.dotted_string for item in policy or ())
    return Certified(
        der=der,
        certificate=certificate,
        public_key=public_key,
        x5t=x5t_of(der),
        serial=certificate.serial_number,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        kinds=purposes.kinds_of(ekus),
        station=_station(certificate),
        number=_only(certificate, NameOID.SERIAL_NUMBER),
        name=_only(certificate, NameOID.COMMON_NAME) or "",
        roles=purposes.roles_of(policies),
        seal_purposes=purposes.seal_purposes_of(policies),
        ekus=ekus,
        policies=policies,
        signs=_signs(certificate),
        algorithm=_algorithm(public_key),
    )


def _only(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    # Two values for one attribute: readers would differ in which one they take, so it counts as none.
    values = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None


def _station(certificate: x509.Certificate) -> StationId | None:
    unit = _only(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)
    return StationId(unit) if unit is not None and re.fullmatch(STATION_PATTERN[1:-1], unit) else None


def _signs(certificate: x509.Certificate) -> bool:
    constraints = extension(certificate, x509.BasicConstraints)
    usage = extension(certificate, x509.KeyUsage)
    return not (constraints is not None and constraints.ca) and usage is not None and usage.digital_signature


def _algorithm(public_key: PublicKey) -> str | None:
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    if isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, ec.SECP256R1):
        return "ES256"
    return None
