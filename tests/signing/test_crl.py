"""Revocation lists: full and numbered, or refused."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.crl import Crl, Revocation, read_crl
from tests.signing.builders import NOW, SampleProvince
from tests.signing.conftest import VECTORS

STORED = (VECTORS / "certs" / "crl-2026-07-01.crl.pem").read_bytes()


def bare(province: SampleProvince) -> x509.CertificateRevocationListBuilder:
    issuer = province.root.certified.certificate.subject
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(NOW)
    return builder.next_update(NOW + timedelta(days=1))


def signed(province: SampleProvince, builder: x509.CertificateRevocationListBuilder) -> bytes:
    return builder.sign(province.root.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_list_states_its_number_times_and_entries(sample_crls: tuple[Crl, Crl]) -> None:
    first, second = sample_crls
    assert (first.number, len(first.entries), second.number, len(second.entries)) == (1, 0, 2, 1)
    (entry,) = second.entries.values()
    assert (entry.at.isoformat(), entry.reason) == ("2026-06-15T00:00:00+00:00", x509.ReasonFlags.key_compromise)
    assert read_crl(second.der) == read_crl(second.pem) == second


def test_an_entry_keeps_reason_and_doubt(province: SampleProvince) -> None:
    crl = province.revoke(
        province.agent(),
        NOW,
        listed_at=NOW,
        reason=x509.ReasonFlags.superseded,
        invalid_since=NOW - timedelta(hours=1),
    )
    (entry,) = crl.entries.values()
    serial = province.issued[0].certified.serial
    assert entry == Revocation(serial, NOW, x509.ReasonFlags.superseded, NOW - timedelta(hours=1))


def test_a_list_without_a_number_is_refused(province: SampleProvince) -> None:
    with pytest.raises(Refused) as refusal:
        read_crl(signed(province, bare(province)))
    assert refusal.value.code is Code.CRL_FORM


@pytest.mark.parametrize(
    "partial",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(None, None, False, False, None, False, True),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
    ],
    ids=["delta", "attribute certificates only", "unknown"],
)
def test_a_partial_list_or_an_unknown_critical_extension_is_refused(
    province: SampleProvince, partial: x509.ExtensionType
) -> None:
    builder = bare(province).add_extension(x509.CRLNumber(1), False)
    assert read_crl(signed(province, builder)).number == 1
    with pytest.raises(Refused) as refusal:
        read_crl(signed(province, builder.add_extension(partial, True)))
    assert refusal.value.code is Code.CRL_FORM


@pytest.mark.parametrize(
    "raw", [b"", STORED + STORED, STORED[:300], STORED.replace(b"X509 CRL", b"CERTIFICATE")], ids=range(4)
)
def test_what_is_not_one_list_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read_crl(raw)
    assert refusal.value.code is Code.CRL_FORM


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 2000), st.integers(0, 255))
def test_any_bytes_are_a_list_or_refused(noise: bytes, place: int, byte: int) -> None:
    der = bytearray(read_crl(STORED).der)
    der[place % len(der)] = byte
    for raw in (noise, bytes(der), STORED[: place % len(STORED)] + noise):
        try:
            assert isinstance(read_crl(raw), Crl)
        except Refused as refusal:
            assert refusal.code is Code.CRL_FORM  # noqa: PT017


def test_a_changed_list_is_not_its_issuers(sample_crls: tuple[Crl, Crl], province: SampleProvince) -> None:
    mine = province.crls[0]
    assert mine.is_by(province.root.certified)
    assert not mine.is_by(province.agent().certified)
    assert not sample_crls[0].is_by(province.root.certified)
    changed = bytearray(mine.der)
    place = mine.der.index(mine.parsed.signature) + 40
    changed[place] ^= 1
    assert not read_crl(bytes(changed)).is_by(province.root.certified)
