"""Whether a certificate was good at a time: chain, period, purpose, revocation; always all four answers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError

from hub.protocol.codes import Code
from hub.protocol.verdict import Check, Result, Verdict
from hub.signing.authority import Subject, issue, make_crl, make_root
from hub.signing.certificates import Certified, extension, read_certificate
from hub.signing.crl import Crl
from hub.signing.keys import KeySigner, generate_key, signer_for
from hub.signing.purposes import DEFAULT_ARC, CertificateKind, Purposes
from hub.signing.trust import Trust, check_certificate
from tests.signing.builders import NOW, STATION, SampleProvince

JUDGED = datetime(2026, 11, 24, tzinfo=UTC)
YEARS = timedelta(days=3650)
AGENT, SEAL, HUB = CertificateKind.AGENT, CertificateKind.SEAL, CertificateKind.HUB


def results(checks: tuple[Check, ...]) -> dict[str, tuple[Result, Code | None]]:
    return {check.code.partition(".")[2]: (check.result, check.cause) for check in checks}


def good(result: Result = Result.PASSED, cause: Code | None = None) -> dict[str, tuple[Result, Code | None]]:
    passed = (Result.PASSED, None)
    return {"chain": passed, "validity": passed, "purpose": passed, "revocation": (result, cause)}


@pytest.mark.parametrize(
    ("name", "kind", "changed"),
    [
        ("agent-ed25519", AGENT, {}),
        ("agent-p256", AGENT, {}),
        ("seal-p256", SEAL, {}),
        ("seal-rsa", SEAL, {}),
        ("seal-ekucrit", SEAL, {}),
        ("seal-general", SEAL, {}),
        ("agent-p256", SEAL, {"purpose": Code.CERT_PURPOSE}),
        ("seal-p256", AGENT, {"purpose": Code.CERT_PURPOSE}),
        ("hub-p256", HUB, {"purpose": Code.CERT_PURPOSE}),
        ("tsa", SEAL, {"purpose": Code.CERT_PURPOSE}),
        ("root", SEAL, {"purpose": Code.CERT_PURPOSE}),
        ("seal-expired", SEAL, {"validity": Code.CERT_EXPIRED}),
        ("seal-revoked", SEAL, {"revocation": Code.CERT_REVOKED}),
        ("seal-critunk", SEAL, {"chain": Code.CERT_CHAIN, "revocation": None}),
        ("stranger", SEAL, {"chain": Code.CERT_CHAIN, "revocation": None}),
        ("seal-under-nc", SEAL, {"chain": Code.CERT_CHAIN, "revocation": None}),
    ],
)
def test_the_sample_certificates_at_2026_11_24(
    sample: Callable[[str], Certified],
    sample_crls: tuple[Crl, Crl],
    name: str,
    kind: CertificateKind,
    changed: dict[str, Code | None],
) -> None:
    trust = Trust((sample("root"),), sample_crls, crl_max_age=YEARS, intermediates=(sample("subca-nc"),))
    expected = good(Result.PENDING, Code.CRL_TO_COME)
    for code, cause in changed.items():
        expected[code] = (Result.NOT_APPLICABLE if cause is None else Result.FAILED, cause)
    for _ in range(2):  # the second answer comes from memory
        assert results(check_certificate(sample(name), kind=kind, trust=trust, at=JUDGED, now=JUDGED)) == expected


def test_the_samples_hub_is_the_evidence_signer_where_purposes_say_so(
    sample: Callable[[str], Certified], sample_crls: tuple[Crl, Crl]
) -> None:
    purposes = Purposes(overrides=((CertificateKind.EVIDENCE, f"{DEFAULT_ARC}.1.1"),))
    trust = Trust((sample("root"),), sample_crls, purposes=purposes, crl_max_age=YEARS)
    checks = check_certificate(
        sample("hub-p256"), kind=CertificateKind.EVIDENCE, trust=trust, at=JUDGED, now=JUDGED, prefix="signer"
    )
    assert [check.code for check in checks] == [
        "signer.chain",
        "signer.validity",
        "signer.purpose",
        "signer.revocation",
    ]
    assert results(checks) == good(Result.PENDING, Code.CRL_TO_COME)


PASSED, FAILED, PENDING, UNKNOWN = (
    (Result.PASSED, None),
    (Result.FAILED, Code.CERT_REVOKED),
    (Result.PENDING, Code.CRL_TO_COME),
    (Result.INDETERMINATE, Code.STATUS_LIST_TOO_OLD),
)


@pytest.mark.parametrize(
    ("at", "first_only", "second_only", "both"),
    [
        ("2026-06-01", PENDING, PASSED, PASSED),
        ("2026-06-14", PENDING, PASSED, PASSED),
        ("2026-06-15", PENDING, FAILED, FAILED),
        ("2026-06-20", PENDING, FAILED, FAILED),
        ("2026-08-01", UNKNOWN, FAILED, FAILED),
    ],
)
def test_revoked_on_15_june_and_listed_on_1_july(
    sample: Callable[[str], Certified],
    sample_crls: tuple[Crl, Crl],
    at: str,
    first_only: tuple[Result, Code | None],
    second_only: tuple[Result, Code | None],
    both: tuple[Result, Code | None],
) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    lists = {(sample_crls[0],): first_only, (sample_crls[1],): second_only, sample_crls: both}
    for crls, expected in lists.items():
        trust = Trust((sample("root"),), crls, crl_max_age=YEARS)
        checks = check_certificate(sample("seal-revoked"), kind=SEAL, trust=trust, at=instant, now=instant)
        assert results(checks)["revocation"] == expected, crls
        # Whatever its age, an old list that knows of the revocation is enough to fail.
        strict = Trust((sample("root"),), crls)
        checks = check_certificate(sample("seal-revoked"), kind=SEAL, trust=strict, at=instant, now=JUDGED)
        assert results(checks)["revocation"] == (FAILED if expected == FAILED else UNKNOWN), crls


def test_no_list_decides_nothing(province: SampleProvince) -> None:
    agent = province.agent().certified
    trust = Trust((province.root.certified,))
    checks = check_certificate(agent, kind=AGENT, trust=trust, at=NOW, now=NOW)
    assert results(checks) == good(*UNKNOWN)
    assert "24" in checks[3].reason


def test_a_list_older_than_24_hours_decides_nothing(province: SampleProvince) -> None:
    agent = province.agent().certified
    published = province.crls[0].this_update
    for age, expected in ((timedelta(hours=24), PENDING), (timedelta(hours=24, seconds=1), UNKNOWN)):
        checks = check_certificate(
            agent, kind=AGENT, trust=province.trust, at=published + timedelta(minutes=1), now=published + age
        )
        assert results(checks) == good(*expected)


def test_a_list_of_after_the_letter_decides_and_one_before_is_pending(province: SampleProvince) -> None:
    agent = province.agent().certified
    before = check_certificate(agent, kind=AGENT, trust=province.trust, at=NOW, now=NOW)
    assert results(before) == good(*PENDING)
    province.publish(NOW + timedelta(hours=1))
    after = check_certificate(agent, kind=AGENT, trust=province.trust, at=NOW, now=NOW + timedelta(hours=2))
    assert results(after) == good()


def test_a_later_revocation_does_not_undo_an_honest_letter(province: SampleProvince) -> None:
    agent = province.agent()
    province.revoke(agent, NOW + timedelta(hours=1), listed_at=NOW + timedelta(hours=2))
    later = NOW + timedelta(hours=3)

    def judged(at: datetime) -> tuple[Result, Code | None]:
        checks = check_certificate(agent.certified, kind=AGENT, trust=province.trust, at=at, now=later)
        return results(checks)["revocation"]

    assert judged(NOW) == PASSED
    assert judged(NOW + timedelta(hours=1)) == FAILED
    assert judged(later) == FAILED


def test_a_key_doubted_since_before_the_letter_goes_to_a_person(province: SampleProvince) -> None:
    agent = province.agent()
    lost = NOW - timedelta(minutes=30)
    province.revoke(agent, NOW + timedelta(hours=1), listed_at=NOW + timedelta(hours=2), invalid_since=lost)
    for at, expected in (
        (lost - timedelta(seconds=1), PASSED),
        (NOW, (Result.INDETERMINATE, Code.CERT_DOUBTED_SINCE)),
        (NOW + timedelta(hours=1), FAILED),
    ):
        checks = check_certificate(
            agent.certified, kind=AGENT, trust=province.trust, at=at, now=NOW + timedelta(hours=3)
        )
        assert results(checks)["revocation"] == expected


def test_an_entry_that_later_lists_dropped_still_holds(province: SampleProvince) -> None:
    agent = province.agent()
    crl = province.revoke(agent, NOW, listed_at=NOW + timedelta(hours=1))
    dropped = make_crl(
        province.root,
        (),
        number=crl.number + 1,
        this_update=NOW + timedelta(hours=2),
        next_update=NOW + timedelta(hours=26),
    )
    trust = province.trust.with_crls((crl, dropped))
    checks = check_certificate(agent.certified, kind=AGENT, trust=trust, at=NOW, now=NOW + timedelta(hours=3))
    assert results(checks)["revocation"] == FAILED


def test_a_hold_ends_with_the_list_that_no_longer_names_it(province: SampleProvince) -> None:
    agent = province.agent()
    held = province.revoke(agent, NOW, listed_at=NOW + timedelta(hours=1), reason=x509.ReasonFlags.certificate_hold)
    released = make_crl(
        province.root,
        (),
        number=held.number + 1,
        this_update=NOW + timedelta(hours=5),
        next_update=NOW + timedelta(hours=29),
    )
    trust = province.trust.with_crls((*province.crls, released))
    for hours, expected in ((-1, PASSED), (0, FAILED), (4, FAILED), (6, PENDING)):
        checks = check_certificate(
            agent.certified, kind=AGENT, trust=trust, at=NOW + timedelta(hours=hours), now=NOW + timedelta(hours=7)
        )
        assert results(checks)["revocation"] == expected, hours


def test_another_roots_list_counts_as_none(province: SampleProvince) -> None:
    agent = province.agent()
    begin, end = NOW - timedelta(days=1), NOW + timedelta(days=1)
    key = generate_key("P-256")
    namesake = make_root(key, name="测试省根 TEST root", not_before=begin, not_after=end)  # type: ignore[arg-type]
    forged = make_crl(namesake, (), number=9, this_update=NOW, next_update=end)
    trust = province.trust.with_crls((forged,))
    assert trust.crls_of(province.root.certified) == ()
    checks = check_certificate(agent.certified, kind=AGENT, trust=trust, at=NOW, now=NOW)
    assert results(checks)["revocation"] == UNKNOWN


def test_a_certificate_of_another_root_is_a_stranger(province: SampleProvince) -> None:
    other = SampleProvince()
    checks = check_certificate(other.agent().certified, kind=AGENT, trust=province.trust, at=NOW, now=NOW)
    assert results(checks)["chain"] == (Result.FAILED, Code.CERT_CHAIN)
    both = Trust((province.root.certified, other.root.certified), (*province.crls, *other.crls))
    checks = check_certificate(other.agent().certified, kind=AGENT, trust=both, at=NOW, now=NOW)
    assert results(checks) == good(*PENDING)


def test_the_period_is_judged_at_the_time_given(province: SampleProvince) -> None:
    agent = province.certify(AGENT, days=(-10, 10)).certified
    province.publish(NOW + timedelta(days=20))
    for days, cause in ((-11, Code.CERT_NOT_YET_VALID), (-10, None), (10, None), (11, Code.CERT_EXPIRED)):
        at = NOW + timedelta(days=days)
        checks = check_certificate(agent, kind=AGENT, trust=province.trust, at=at, now=NOW + timedelta(days=20))
        assert results(checks)["validity"] == (Result.PASSED if cause is None else Result.FAILED, cause), days


def test_a_trust_with_new_lists_keeps_its_chains(province: SampleProvince) -> None:
    agent, trust = province.agent().certified, province.trust
    chain = trust.chain_of(agent)
    renewed = trust.with_crls((province.publish(NOW),))
    assert renewed.chain_of(agent) is chain
    assert renewed.crls_of(province.root.certified)[0].number == 2


def a_middle_authority(root: KeySigner, *, path_length: int = 0) -> KeySigner:
    """An authority under `root`, as an outside PKI has it; our own makes none."""
    key = generate_key("P-256")
    issuer = root.certified
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST middle")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=390))
        .not_valid_after(NOW + timedelta(days=3000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(extension(issuer.certificate, x509.KeyUsage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key), critical=False)
    )
    raw = builder.sign(root.private_key, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    return signer_for(key, read_certificate(raw))


def under_a_middle_authority(path_length: int) -> tuple[SampleProvince, KeySigner, Certified]:
    province = SampleProvince()
    key = generate_key("P-256")
    begin, end = NOW - timedelta(days=400), NOW + timedelta(days=7000)
    province.root = make_root(key, name="TEST root", not_before=begin, not_after=end, path_length=path_length)  # type: ignore[arg-type]
    hour = timedelta(hours=1)
    province.crls = [make_crl(province.root, (), number=1, this_update=NOW - hour, next_update=NOW + 9 * hour)]
    middle = a_middle_authority(province.root)
    leaf = issue(
        middle,
        kind=AGENT,
        public_key=generate_key("Ed25519").public_key(),
        subject=Subject("TEST agent", STATION),
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=1),
    )
    return province, middle, leaf


def test_an_outside_pki_may_have_a_middle_authority_and_every_link_needs_its_list() -> None:
    province, middle, leaf = under_a_middle_authority(path_length=1)
    hour = timedelta(hours=1)
    own = make_crl(middle, (), number=1, this_update=NOW - hour, next_update=NOW + 9 * hour)
    roots, middles = (province.root.certified,), (middle.certified,)

    def judged(*crls: Crl, intermediates: tuple[Certified, ...] = middles) -> dict[str, tuple[Result, Code | None]]:
        trust = Trust(roots, crls, intermediates=intermediates)
        return results(check_certificate(leaf, kind=AGENT, trust=trust, at=NOW, now=NOW + 2 * hour))

    assert judged(*province.crls, own) == good(*PENDING)
    assert judged(*province.crls) == good(*UNKNOWN)
    assert judged(own) == good(*UNKNOWN)
    assert judged(*province.crls, own, intermediates=())["chain"] == (Result.FAILED, Code.CERT_CHAIN)
    province.revoke(middle, NOW - hour, listed_at=NOW + hour)
    assert judged(*province.crls, own) == good(*FAILED)


def test_a_root_of_path_length_0_allows_no_middle_authority() -> None:
    province, middle, leaf = under_a_middle_authority(path_length=0)
    trust = Trust((province.root.certified,), tuple(province.crls), intermediates=(middle.certified,))
    assert trust.chain_of(leaf).problem
    assert results(check_certificate(leaf, kind=AGENT, trust=trust, at=NOW, now=NOW))["chain"] == (
        Result.FAILED,
        Code.CERT_CHAIN,
    )


@pytest.mark.parametrize("at", ["2026-06-01", "2026-06-14", "2026-06-16", "2026-06-20", "2026-08-01"])
@pytest.mark.parametrize("name", ["seal-revoked", "seal-p256", "seal-expired"])
async def test_certvalidator_agrees_on_what_was_good_then(
    sample: Callable[[str], Certified], sample_crls: tuple[Crl, Crl], at: str, name: str
) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    trust = Trust((sample("root"),), sample_crls, crl_max_age=YEARS)
    ours = check_certificate(sample(name), kind=SEAL, trust=trust, at=instant, now=instant)
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(sample("root").der)],
        crls=[crl.der for crl in sample_crls],
        moment=instant,
        revocation_mode="require",
        retroactive_revinfo=True,
        allow_fetching=False,
    )
    validator = CertificateValidator(asn1_x509.Certificate.load(sample(name).der), validation_context=context)
    try:
        await validator.async_validate_usage({"digital_signature"}, extended_key_usage={f"{DEFAULT_ARC}.1.2"})
        theirs = True
    except (PathValidationError, PathBuildingError):
        theirs = False
    assert Verdict(ours).passed == theirs


def test_without_roots_nothing_is_trusted(province: SampleProvince) -> None:
    checks = check_certificate(province.agent().certified, kind=AGENT, trust=Trust(()), at=NOW, now=NOW)
    assert results(checks)["chain"] == (Result.FAILED, Code.CERT_CHAIN)
    assert results(checks)["revocation"] == (Result.NOT_APPLICABLE, None)
