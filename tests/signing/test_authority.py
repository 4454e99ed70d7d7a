"""The small authority: profiles, proof of possession, lists that only grow; cryptography and openssl as second opinion."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId
from hub.signing.authority import Request, Subject, issue, make_crl, make_request, make_root, next_crl, read_request
from hub.signing.certificates import Certified, extension
from hub.signing.crl import Revocation
from hub.signing.keys import PrivateKey, generate_key
from hub.signing.purposes import CertificateKind, OfficerRole, Purposes, SealPurpose
from tests.outside import needs_openssl
from tests.signing.builders import NOW, STATION, SampleProvince


def one_of_each(province: SampleProvince) -> dict[CertificateKind, Certified]:
    return {
        CertificateKind.AGENT: province.agent().certified,
        CertificateKind.OFFICER: province.officer("张三", "011234", OfficerRole.HEAD, OfficerRole.WINDOW).certified,
        CertificateKind.SEAL: province.seal().certified,
        CertificateKind.HUB: province.hub().certified,
        CertificateKind.EVIDENCE: province.certify(CertificateKind.EVIDENCE).certified,
    }


def test_each_kind_has_the_profile_of_its_purpose(province: SampleProvince) -> None:
    purposes = Purposes()
    for kind, certified in one_of_each(province).items():
        certificate = certified.certificate
        assert certified.kind is kind
        assert extension(certificate, x509.BasicConstraints) == x509.BasicConstraints(ca=False, path_length=None)
        usage = extension(certificate, x509.KeyUsage)
        assert usage is not None
        assert usage.digital_signature
        assert not usage.key_cert_sign
        assert usage.content_commitment == (kind not in (CertificateKind.AGENT, CertificateKind.HUB))
        assert [str(oid.dotted_string) for oid in extension(certificate, x509.ExtendedKeyUsage) or ()] == [
            purposes.eku(kind).dotted_string
        ]
        assert extension(certificate, x509.SubjectKeyIdentifier) is not None
        assert extension(certificate, x509.AuthorityKeyIdentifier) is not None
        critical = {item.oid for item in certificate.extensions if item.critical}
        assert critical == {x509.BasicConstraints.oid, x509.KeyUsage.oid}


def test_seal_purpose_and_roles_are_policies(province: SampleProvince) -> None:
    purposes, certified = Purposes(), one_of_each(province)
    assert certified[CertificateKind.SEAL].policies == {f"{purposes.arc}.2.1"}
    assert certified[CertificateKind.OFFICER].policies == {f"{purposes.arc}.3.1", f"{purposes.arc}.3.3"}
    assert province.seal(SealPurpose.GENERAL).certified.policies == {f"{purposes.arc}.2.2"}


def test_the_root_signs_end_entities_and_lists_only(province: SampleProvince) -> None:
    root = province.root.certified.certificate
    assert extension(root, x509.BasicConstraints) == x509.BasicConstraints(ca=True, path_length=0)
    usage = extension(root, x509.KeyUsage)
    assert usage is not None
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    assert not province.root.certified.signs


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        (CertificateKind.AGENT, {"station": None}, "station"),
        (CertificateKind.AGENT, {"number": "011234"}, "number"),
        (CertificateKind.AGENT, {"roles": [OfficerRole.HEAD]}, "roles"),
        (CertificateKind.AGENT, {"seal_purpose": SealPurpose.GENERAL}, "seal_purpose"),
        (CertificateKind.AGENT, {"name": " "}, "name"),
        (CertificateKind.AGENT, {"name": "x" * 65}, "name"),
        (CertificateKind.SEAL, {}, "seal_purpose"),
        (CertificateKind.OFFICER, {"roles": [OfficerRole.HEAD]}, "number"),
        (CertificateKind.OFFICER, {"number": "1"}, "roles"),
    ],
)
def test_a_subject_that_does_not_fit_its_kind_is_refused(
    province: SampleProvince, kind: CertificateKind, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(Refused) as refusal:
        province.certify(kind, **changes)  # type: ignore[arg-type]
    assert (refusal.value.code, refusal.value.field) == (Code.CERT_SUBJECT, field)


def test_a_station_code_must_be_one(province: SampleProvince) -> None:
    with pytest.raises(Refused) as refusal:
        province.agent("广德")
    assert refusal.value.code is Code.STATION_FORM


@pytest.mark.parametrize("kind", [CertificateKind.SEAL, CertificateKind.EVIDENCE])
def test_what_signs_documents_has_a_key_that_common_tools_read(province: SampleProvince, kind: CertificateKind) -> None:
    purpose = SealPurpose.HOUSEHOLD if kind is CertificateKind.SEAL else None
    with pytest.raises(Refused) as refusal:
        province.certify(kind, seal_purpose=purpose, suite="Ed25519")
    assert refusal.value.code is Code.KEY_UNSUITABLE


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())])
def test_an_agent_key_is_ed25519_or_p256(province: SampleProvince, key: PrivateKey) -> None:
    with pytest.raises(Refused) as refusal:
        issue(
            province.root,
            kind=CertificateKind.AGENT,
            public_key=key.public_key(),
            subject=Subject("x", STATION),
            not_before=NOW,
            not_after=NOW + timedelta(days=1),
        )
    assert refusal.value.code is Code.KEY_UNSUITABLE


@pytest.mark.parametrize("days", [(-401, 1), (0, 7001), (2, 1)])
def test_a_certificate_lives_within_its_issuers_period(province: SampleProvince, days: tuple[int, int]) -> None:
    with pytest.raises(Refused) as refusal:
        province.certify(CertificateKind.HUB, station=None, days=days)
    assert refusal.value.code is Code.CERT_EXPIRED


def test_a_request_proves_that_its_sender_holds_the_key() -> None:
    key, subject = generate_key("Ed25519"), Subject("张三", STATION, "011234")
    raw = make_request(key, subject)
    request = read_request(raw)
    assert request.subject == subject
    assert request.public_key == key.public_key()
    der = bytearray(x509.load_pem_x509_csr(raw).public_bytes(Encoding.DER))
    assert read_request(bytes(der)) == request
    der[-1] ^= 1
    with pytest.raises(Refused) as refusal:
        read_request(bytes(der))
    assert refusal.value.code is Code.CSR_FORM


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 1000), st.integers(0, 255))
def test_any_bytes_are_a_request_or_refused(noise: bytes, place: int, byte: int) -> None:
    pem = make_request(_KEY, Subject("x", StationId("341802500000")))
    der = bytearray(x509.load_pem_x509_csr(pem).public_bytes(Encoding.DER))
    der[place % len(der)] = byte
    for raw in (noise, bytes(der), pem[: place % len(pem)] + noise):
        try:
            assert isinstance(read_request(raw), Request)
        except Refused as refusal:
            assert refusal.code is Code.CSR_FORM  # noqa: PT017


_KEY = generate_key("Ed25519")


def test_lists_only_grow_and_the_first_date_stays(province: SampleProvince) -> None:
    agent, other = province.agent(), province.agent()
    hour = timedelta(hours=1)
    first = province.revoke(agent, NOW, listed_at=NOW)
    assert (first.number, set(first.entries)) == (2, {agent.certified.serial})
    second = province.revoke(other, NOW + hour, listed_at=NOW + hour)
    third = province.revoke(agent, NOW + 2 * hour, listed_at=NOW + 2 * hour)
    assert third.number == 4
    assert third.entries == second.entries
    assert third.entries[agent.certified.serial].at == NOW
    assert extension_of(third.parsed, x509.AuthorityKeyIdentifier) == extension(
        agent.certified.certificate, x509.AuthorityKeyIdentifier
    )


def test_a_hold_may_become_final(province: SampleProvince) -> None:
    agent = province.agent()
    province.revoke(agent, NOW, listed_at=NOW, reason=x509.ReasonFlags.certificate_hold)
    later = NOW + timedelta(hours=1)
    final = province.revoke(agent, later, listed_at=later, reason=x509.ReasonFlags.key_compromise)
    assert final.entries[agent.certified.serial].reason is x509.ReasonFlags.key_compromise


def test_a_list_that_is_not_later_than_the_last_is_refused(province: SampleProvince) -> None:
    last = province.crls[-1]
    with pytest.raises(Refused) as refusal:
        next_crl(province.root, last, (), this_update=last.this_update, next_update=last.next_update)
    assert refusal.value.code is Code.CRL_ORDER


def test_the_authoritys_chains_satisfy_cryptographys_own_defaults(province: SampleProvince) -> None:
    store = x509.verification.Store([province.root.certified.certificate])
    ee_policy = x509.verification.ExtensionPolicy.permit_all()
    ca_policy = x509.verification.ExtensionPolicy.webpki_defaults_ca()
    builder = x509.verification.PolicyBuilder().store(store).time(NOW)
    verifier = builder.extension_policies(ca_policy=ca_policy, ee_policy=ee_policy).build_client_verifier()
    for certified in one_of_each(province).values():
        assert len(verifier.verify(certified.certificate, []).chain) == 2


@needs_openssl
def test_openssl_verifies_the_chain_the_period_and_the_list(province: SampleProvince, tmp_path: Path) -> None:
    certified = one_of_each(province)
    revoked = province.issued[0]
    province.revoke(revoked, NOW, listed_at=NOW + timedelta(hours=1), reason=x509.ReasonFlags.key_compromise)
    (tmp_path / "root.pem").write_bytes(province.root.certified.pem)
    (tmp_path / "crl.pem").write_bytes(province.crls[-1].pem)
    at = str(int((NOW + timedelta(hours=2)).timestamp()))
    for kind, item in certified.items():
        (tmp_path / "cert.pem").write_bytes(item.pem)
        strict = ("verify", "-x509_strict", "-CAfile", "root.pem", "-attime", at)
        assert "OK" in openssl(tmp_path, *strict, "cert.pem"), kind
        listed = openssl(tmp_path, *strict, "-crl_check", "-CRLfile", "crl.pem", "cert.pem")
        assert ("revoked" if item is revoked.certified else "cert.pem: OK") in listed, kind
    text = openssl(tmp_path, "crl", "-in", "crl.pem", "-CAfile", "root.pem", "-noout", "-text")
    assert "verify OK" in text
    assert "X509v3 CRL Number" in text
    assert "Key Compromise" in text
    expired = str(int((NOW + timedelta(days=701)).timestamp()))
    assert "expired" in openssl(tmp_path, "verify", "-CAfile", "root.pem", "-attime", expired, "cert.pem")


@needs_openssl
def test_openssl_accepts_the_request(tmp_path: Path) -> None:
    (tmp_path / "req.pem").write_bytes(make_request(generate_key("P-256"), Subject("张三", STATION, "011234")))
    text = openssl(tmp_path, "req", "-in", "req.pem", "-verify", "-noout", "-subject", "-nameopt", "utf8")
    assert "verify OK" in text
    assert STATION in text
    assert "张三" in text


def test_a_root_refuses_a_name_that_no_certificate_can_hold() -> None:
    key = generate_key("P-256")
    with pytest.raises(Refused) as refusal:
        make_root(key, name="省" * 65, not_before=NOW, not_after=NOW + timedelta(days=1))  # type: ignore[arg-type]
    assert refusal.value.code is Code.CERT_SUBJECT


def test_the_station_is_the_one_organisational_unit(province: SampleProvince) -> None:
    subject = province.agent().certified.certificate.subject
    assert [item.value for item in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)] == [STATION]


def test_a_list_may_hold_many_entries(province: SampleProvince) -> None:
    entries = [Revocation(number, NOW) for number in range(1, 2001)]
    crl = make_crl(province.root, entries, number=7, this_update=NOW, next_update=NOW + timedelta(days=1))
    assert len(crl.entries) == 2000


def extension_of(crl: x509.CertificateRevocationList, type: type[x509.AuthorityKeyIdentifier]) -> object:
    return crl.extensions.get_extension_for_class(type).value


def openssl(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
