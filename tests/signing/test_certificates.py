"""What a certificate states, and that anything which is not one certificate is refused."""

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import Certified, known, read_certificate
from hub.signing.purposes import DEFAULT_ARC, CertificateKind, OfficerRole, Purposes, SealPurpose
from tests.signing.builders import STATION, SampleProvince
from tests.signing.conftest import VECTORS

SEAL_PEM = (VECTORS / "certs" / "seal-p256.pem").read_bytes()


def test_an_officer_certificate_states_the_person(province: SampleProvince) -> None:
    officer = province.officer("王五", "020001", OfficerRole.HEAD, OfficerRole.CUSTODIAN).certified
    assert (officer.kind, officer.station, officer.number) == (CertificateKind.OFFICER, STATION, "020001")
    assert (officer.name, officer.roles) == ("王五", {OfficerRole.HEAD, OfficerRole.CUSTODIAN})
    assert officer.signs
    assert read_certificate(officer.pem) == officer == read_certificate(officer.der)


@pytest.mark.parametrize(
    ("name", "kind", "station", "algorithm", "purposes"),
    [
        ("agent-ed25519", CertificateKind.AGENT, "110101", "Ed25519", set()),
        ("seal-p256", CertificateKind.SEAL, "110101", "ES256", {SealPurpose.HOUSEHOLD}),
        ("seal-rsa", CertificateKind.SEAL, "330102", None, {SealPurpose.HOUSEHOLD}),
        ("seal-general", CertificateKind.SEAL, "110101", "ES256", {SealPurpose.GENERAL}),
        ("hub-p256", CertificateKind.AGENT, None, "ES256", set()),
        ("tsa", None, None, None, set()),
        ("root", None, None, "ES256", set()),
    ],
)
def test_the_samples_state_what_they_were_made_for(
    sample: Callable[[str], Certified],
    name: str,
    kind: CertificateKind | None,
    station: str | None,
    algorithm: str | None,
    purposes: set[SealPurpose],
) -> None:
    certified = sample(name)
    assert (certified.kind, certified.station, certified.algorithm) == (kind, station, algorithm)
    assert certified.seal_purposes == purposes
    assert certified.signs == (name != "root")


def test_another_deployment_may_give_two_kinds_one_usage() -> None:
    purposes = Purposes(overrides=((CertificateKind.EVIDENCE, f"{DEFAULT_ARC}.1.1"),))
    hub = read_certificate((VECTORS / "certs" / "hub-p256.pem").read_bytes(), purposes=purposes)
    assert hub.kinds == {CertificateKind.AGENT, CertificateKind.EVIDENCE}
    assert Purposes(arc="1.2.3").kinds_of(hub.ekus) == frozenset()


def test_a_certificate_of_two_kinds_is_of_none() -> None:
    purposes = Purposes()
    both = [purposes.eku(kind).dotted_string for kind in (CertificateKind.AGENT, CertificateKind.OFFICER)]
    assert purposes.kinds_of(both[:1]) == {CertificateKind.AGENT}
    assert purposes.kinds_of(both) == frozenset()
    assert purposes.kinds_of(["2.5.29.37.0"]) == frozenset(), "anyExtendedKeyUsage is no kind"


def test_two_station_codes_count_as_none(province: SampleProvince) -> None:
    unit = x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, STATION)
    agent = province.agent()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([unit, x509.NameAttribute(unit.oid, "110101")]))
        .issuer_name(province.root.certified.certificate.subject)
        .public_key(agent.certified.public_key)
        .serial_number(7)
        .not_valid_before(agent.certified.not_before)
        .not_valid_after(agent.certified.not_after)
    )
    raw = builder.sign(agent.private_key, None).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    assert read_certificate(raw).station is None


def test_a_source_finds_by_digest_only(province: SampleProvince) -> None:
    agent, stranger = province.agent().certified, province.agent().certified
    source = known([agent])
    assert source(agent.x5t) is agent
    assert source(stranger.x5t) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        SEAL_PEM + SEAL_PEM,
        SEAL_PEM[:200],
        SEAL_PEM.replace(b"CERTIFICATE", b"PUBLIC KEY"),
        read_certificate(SEAL_PEM).der + b"\x00",
        b"\x30" * 70_000,
    ],
    ids=["empty", "hollow", "two", "cut", "label", "tail", "large"],
)
def test_what_is_not_one_certificate_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read_certificate(raw)
    assert refusal.value.code is Code.CERT_FORM


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 2000), st.integers(0, 255))
def test_any_bytes_are_a_certificate_or_refused(noise: bytes, place: int, byte: int) -> None:
    der = bytearray(read_certificate(SEAL_PEM).der)
    der[place % len(der)] = byte
    for raw in (noise, bytes(der), SEAL_PEM[: place % len(SEAL_PEM)] + noise):
        try:
            assert isinstance(read_certificate(raw), Certified)
        except Refused as refusal:
            assert refusal.code is Code.CERT_FORM  # noqa: PT017
