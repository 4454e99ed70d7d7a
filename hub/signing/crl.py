"""Certificate revocation lists (RFC 5280, 5) as this project reads them: full lists, numbered, with an end date.

Nothing here is trusted yet: `trust.py` asks whether an issuer signed the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import UNREADABLE, Certified

MAX_CRL_BYTES = 16 * 1024 * 1024
_LIST_EXTENSIONS = frozenset({ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER})


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry: the certificate with `serial` counts as revoked from `at` on.

    `invalid_since` is when its key may have been lost already (RFC 5280, 5.3.2), `reason` None when unspecified.
    """

    serial: int
    at: datetime
    reason: x509.ReasonFlags | None = None
    invalid_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Crl:
    """One revocation list and what it states. Equal when the DER bytes are."""

    der: bytes
    number: int = field(compare=False)
    this_update: datetime = field(compare=False)
    next_update: datetime = field(compare=False)
    entries: Mapping[int, Revocation] = field(compare=False, repr=False)
    parsed: x509.CertificateRevocationList = field(compare=False, repr=False)

    @property
    def pem(self) -> bytes:
        """The list as PEM."""
        return self.parsed.public_bytes(Encoding.PEM)

    def is_by(self, issuer: Certified) -> bool:
        """Say whether `issuer` signed this list, and may sign lists."""
        if self.parsed.issuer != issuer.certificate.subject:
            return False
        try:
            usage = issuer.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
            return usage.crl_sign and self.parsed.is_signature_valid(issuer.public_key)
        except (*UNREADABLE, x509.ExtensionNotFound):
            return False


def read_crl(raw: bytes) -> Crl:
    """Return the one revocation list in `raw` (PEM or DER).

    Raises: Refused (`crl.form`) for anything else, and for lists that are partial (delta, by distribution point or by
    reason), indirect, without number or nextUpdate, or with a critical extension that is not understood.
    """
    if len(raw) > MAX_CRL_BYTES:
        raise Refused(Code.CRL_FORM, detail="too large")
    try:
        return _stated(_parse(raw))
    except (*UNREADABLE, x509.ExtensionNotFound) as error:
        raise Refused(Code.CRL_FORM, detail=str(error)[:80] or type(error).__name__) from error


def _parse(raw: bytes) -> x509.CertificateRevocationList:
    count = raw.count(b"-----BEGIN")
    if count > 1:
        raise ValueError("more than one PEM block")
    return x509.load_pem_x509_crl(raw) if count else x509.load_der_x509_crl(raw)


def _stated(parsed: x509.CertificateRevocationList) -> Crl:
    for item in parsed.extensions:
        if item.oid == ExtensionOID.DELTA_CRL_INDICATOR or (item.critical and item.oid not in _LIST_EXTENSIONS):
            raise ValueError(f"extension {item.oid.dotted_string}")
    next_update = parsed.next_update_utc
    if next_update is None:
        raise ValueError("no nextUpdate")
    entries: dict[int, Revocation] = {}
    for entry in parsed:
        revocation = _revocation(entry)
        # Two entries for one certificate: the earlier date holds.
        twin = entries.get(revocation.serial)
        if twin is None or revocation.at < twin.at:
            entries[revocation.serial] = revocation
    return Crl(
        der=parsed.public_bytes(Encoding.DER),
        number=parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number,
        this_update=parsed.last_update_utc,
        next_update=next_update,
        entries=entries,
        parsed=parsed,
    )


def _revocation(entry: x509.RevokedCertificate) -> Revocation:
    reason: x509.ReasonFlags | None = None
    invalid_since: datetime | None = None
    for item in entry.extensions:
        if isinstance(item.value, x509.CRLReason):
            reason = item.value.reason
        elif isinstance(item.value, x509.InvalidityDate):
            invalid_since = item.value.invalidity_date_utc
        elif item.critical:
            raise ValueError(f"entry extension {item.oid.dotted_string}")
    return Revocation(entry.serial_number, entry.revocation_date_utc, reason, invalid_since)
