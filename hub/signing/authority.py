"""The small certificate authority: a root, the five kinds of end entity, requests and revocation lists. Pure: bytes out.

For those who have no PKI of their own. Profile: RFC 5280; keys stay where they were made, a request proves their possession.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from asn1crypto import csr as asn1_csr  # type: ignore[import-untyped]
from asn1crypto import keys as asn1_keys
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId, parse_station
from hub.signing.certificates import UNREADABLE, Certified, PublicKey, read_certificate
from hub.signing.crl import Crl, Revocation, read_crl
from hub.signing.keys import KeySigner, PrivateKey, signer_for, to_der
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind, OfficerRole, Purposes, SealPurpose

MAX_REQUEST_BYTES = 64 * 1024
DEFAULT_ORGANIZATION = "函询 Hanxun"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for. `station` and `number` (police number) as the kind asks; `name` is the CN."""

    name: str
    station: StationId | None = None
    number: str | None = None
    organization: str = DEFAULT_ORGANIZATION


@dataclass(frozen=True, slots=True)
class Request:
    """A certificate request whose own signature is right: the sender holds the private key of `public_key`.

    `subject` is only what the sender says; the authority decides.
    """

    public_key: PublicKey
    subject: Subject


def make_root(
    key: ec.EllipticCurvePrivateKey,
    *,
    name: str,
    not_before: datetime,
    not_after: datetime,
    organization: str = DEFAULT_ORGANIZATION,
    path_length: int = 0,
) -> KeySigner:
    """Return a new root over `key` (P-256). `path_length` 0: it signs end entities only.

    What it issues must lie in its own period: let `not_before` be a day back, for clocks that differ.
    """
    subject = _name(Subject(name, organization=organization))
    builder = (
        _builder(subject, subject, key.public_key(), key.public_key(), not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return signer_for(key, read_certificate(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)))


def issue(
    authority: KeySigner,
    *,
    kind: CertificateKind,
    public_key: PublicKey,
    subject: Subject,
    not_before: datetime,
    not_after: datetime,
    roles: Iterable[OfficerRole] = (),
    seal_purpose: SealPurpose | None = None,
    purposes: Purposes = DEFAULT_PURPOSES,
) -> Certified:
    """Return a new certificate of `kind` for `public_key`, signed by `authority`.

    Raises: Refused (`cert.subject`) when the subject, roles or seal purpose do not fit the kind, (`key.unsuitable`) when
    the key does not, (`cert.expired`) when the period leaves the authority's own.
    """
    held = frozenset(roles)
    _require_subject(kind, subject, held, seal_purpose)
    _require_key(kind, public_key)
    # Certificates know whole seconds: an end equal to the authority's must not fail by its microseconds.
    not_before, not_after = not_before.replace(microsecond=0), not_after.replace(microsecond=0)
    if not authority.certified.not_before <= not_before < not_after <= authority.certified.not_after:
        raise Refused(Code.CERT_EXPIRED, detail="outside the authority's period")
    policies = [purposes.role_policy(role) for role in sorted(held)]
    if seal_purpose is not None:
        policies.append(purposes.seal_policy(seal_purpose))
    issuer = authority.certified
    builder = (
        _builder(_name(subject), issuer.certificate.subject, public_key, issuer.public_key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        # nonRepudiation where a person or an institution commits itself for years; short-lived talk has only the first.
        .add_extension(_key_usage(digital_signature=True, content_commitment=kind in _COMMITTING), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purposes.eku(kind)]), critical=False)
    )
    if policies:
        information = [x509.PolicyInformation(policy, None) for policy in policies]
        builder = builder.add_extension(x509.CertificatePolicies(information), critical=False)
    certificate = builder.sign(authority.private_key, _hash_for(authority.private_key))
    return read_certificate(certificate.public_bytes(Encoding.DER), purposes=purposes)


def make_request(key: PrivateKey, subject: Subject) -> bytes:
    """Return a PKCS#10 request (PEM) for `key`, signed by it. Source: RFC 2986."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(subject))
    return builder.sign(key, _hash_for(key)).public_bytes(Encoding.PEM)


class KeyHolder(Protocol):
    """A P-256 key that signs and never shows itself: one on a token."""

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return ES256 as r||s, 64 bytes."""
        ...


def make_request_by(holder: KeyHolder, subject: Subject) -> bytes:
    """Return a PKCS#10 request (PEM) for a key that cannot be taken out of its token, signed by it. Source: RFC 2986."""
    information = asn1_csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": asn1_x509.Name.load(_name(subject).public_bytes()),
            "subject_pk_info": asn1_keys.PublicKeyInfo.load(
                holder.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            ),
            "attributes": [],
        }
    )
    request = asn1_csr.CertificationRequest(
        {
            "certification_request_info": information,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": to_der(holder.sign(information.dump())),
        }
    )
    return bytes(pem.armor("CERTIFICATE REQUEST", request.dump()))


def read_request(raw: bytes) -> Request:
    """Return the request in `raw` (PEM or DER). Raises: Refused (`csr.form`), also when its signature is wrong."""
    if len(raw) > MAX_REQUEST_BYTES:
        raise Refused(Code.CSR_FORM, detail="too large")
    try:
        load = x509.load_pem_x509_csr if b"-----BEGIN" in raw else x509.load_der_x509_csr
        request = load(raw)
        public_key = request.public_key()
        if not isinstance(public_key, PublicKey):
            raise ValueError("key type")
        if not request.is_signature_valid:
            raise ValueError("signature")
        return Request(public_key, _subject(request.subject))
    except UNREADABLE as error:
        raise Refused(Code.CSR_FORM, detail=str(error)[:80]) from error


def make_crl(
    authority: KeySigner,
    revocations: Iterable[Revocation],
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
) -> Crl:
    """Return the revocation list `number` with `revocations`, every one ever made. Source: RFC 5280, 5."""
    issuer = authority.certified
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_identifier(issuer), critical=False)
    )
    for revocation in revocations:
        builder = builder.add_revoked_certificate(_entry(revocation))
    crl = builder.sign(authority.private_key, _hash_for(authority.private_key))
    return read_crl(crl.public_bytes(Encoding.DER))


def next_crl(
    authority: KeySigner,
    previous: Crl,
    revocations: Iterable[Revocation],
    *,
    this_update: datetime,
    next_update: datetime,
) -> Crl:
    """Return the list after `previous`: its entries and the new `revocations`.

    Entries are kept for ever, also of expired certificates: what was sealed years ago is judged by them. The first date of
    a revocation stays; only a hold may become final.
    Raises: Refused (`crl.order`) when `this_update` is not later than that of `previous`.
    """
    if this_update <= previous.this_update:
        raise Refused(Code.CRL_ORDER, detail="this update")
    entries = dict(previous.entries)
    for revocation in revocations:
        old = entries.get(revocation.serial)
        if old is None or old.reason is x509.ReasonFlags.certificate_hold:
            entries[revocation.serial] = revocation
    return make_crl(
        authority, entries.values(), number=previous.number + 1, this_update=this_update, next_update=next_update
    )


_COMMITTING = frozenset({CertificateKind.SEAL, CertificateKind.OFFICER, CertificateKind.EVIDENCE})
_OF_STATION = frozenset({CertificateKind.AGENT, CertificateKind.SEAL, CertificateKind.OFFICER})


def _require_subject(
    kind: CertificateKind, subject: Subject, roles: frozenset[OfficerRole], seal_purpose: SealPurpose | None
) -> None:
    if subject.station is not None:
        parse_station(subject.station)
    elif kind in _OF_STATION:
        raise Refused(Code.CERT_SUBJECT, field="station")
    if (kind is CertificateKind.OFFICER) != bool(subject.number):
        raise Refused(Code.CERT_SUBJECT, field="number")
    if (kind is CertificateKind.OFFICER) != bool(roles):
        raise Refused(Code.CERT_SUBJECT, field="roles")
    if (kind is CertificateKind.SEAL) != (seal_purpose is not None):
        raise Refused(Code.CERT_SUBJECT, field="seal_purpose")


def _require_key(kind: CertificateKind, public_key: PublicKey) -> None:
    p256 = isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, ec.SECP256R1)
    # Seals and containers are CMS, which common tools read with P-256; Ed25519 is for our own JWS.
    allowed = p256 or (isinstance(public_key, ed25519.Ed25519PublicKey) and kind not in _CMS_KINDS)
    if not allowed:
        raise Refused(Code.KEY_UNSUITABLE, detail=f"{kind.value} certificate")


_CMS_KINDS = frozenset({CertificateKind.SEAL, CertificateKind.EVIDENCE})


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: PublicKey,
    issuer_key: PublicKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _name(subject: Subject) -> x509.Name:
    for field, text in (("name", subject.name), ("organization", subject.organization), ("number", subject.number)):
        if text is not None and (not text.strip() or len(text) > 64):  # RFC 5280, upper bounds
            raise Refused(Code.CERT_SUBJECT, field=field)
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organization),
    ]
    if subject.station is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, subject.station))
    if subject.number is not None:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, subject.number))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, subject.name))
    return x509.Name(attributes)


def _subject(name: x509.Name) -> Subject:
    values = {attribute.oid: str(attribute.value) for attribute in name}
    station = values.get(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return Subject(
        name=values.get(NameOID.COMMON_NAME, ""),
        station=StationId(station) if station is not None else None,
        number=values.get(NameOID.SERIAL_NUMBER),
        organization=values.get(NameOID.ORGANIZATION_NAME, DEFAULT_ORGANIZATION),
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_identifier(issuer: Certified) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key)


def _entry(revocation: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(revocation.serial).revocation_date(revocation.at)
    if revocation.reason is not None:
        builder = builder.add_extension(x509.CRLReason(revocation.reason), critical=False)
    if revocation.invalid_since is not None:
        builder = builder.add_extension(x509.InvalidityDate(revocation.invalid_since), critical=False)
    return builder.build()


def _hash_for(key: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
