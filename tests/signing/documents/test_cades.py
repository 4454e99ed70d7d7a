"""Detached signatures over manifests: made, checked, changed, and checked by openssl."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Indication, Result
from hub.signing.cades import CODES, check_detached, sign_detached
from hub.signing.cms_form import parse_cms
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust
from tests.outside import needs_openssl
from tests.signing.builders import NOW, SampleProvince

PROVINCE = SampleProvince()
SIGNER = PROVINCE.certify(CertificateKind.EVIDENCE)
CONTENT = b"<manifest>\r\nexact bytes\n\0\xff"
CMS = sign_detached(CONTENT, signer=SIGNER, at=NOW)


def passes(content: bytes, cms: bytes) -> bool:
    return check_detached(content, cms, trust=PROVINCE.trust, at=NOW, now=NOW)[0].passed


def test_a_signature_passes_and_names_its_signer() -> None:
    verdict, certified = check_detached(CONTENT, CMS, trust=PROVINCE.trust, at=NOW, now=NOW)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.not_passed
    assert tuple(check.code for check in verdict.checks) == CODES
    assert certified == SIGNER.certified
    assert parse_cms(CMS).signed_at == NOW


def test_other_content_is_noticed() -> None:
    for other in (CONTENT + b"\n", CONTENT.replace(b"\r\n", b"\n"), b"", CONTENT[:-1]):
        verdict, _ = check_detached(other, CMS, trust=PROVINCE.trust, at=NOW, now=NOW)
        assert [check.code for check in verdict.not_passed] == ["cades.intact"]


def test_a_changed_byte_of_the_signature_is_noticed_at_every_place() -> None:
    for offset in range(len(CMS)):
        other = bytearray(CMS)
        other[offset] ^= 0x20 if offset % 2 else 0x01
        assert not passes(CONTENT, bytes(other)), offset


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_verdict(raw: bytes) -> None:
    verdict, certified = check_detached(CONTENT, raw, trust=PROVINCE.trust, at=NOW, now=NOW)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert certified is None
    assert tuple(check.code for check in verdict.checks) == CODES


def test_bytes_after_the_signature_are_noticed() -> None:
    assert not passes(CONTENT, CMS + b"\0")


def test_a_certificate_of_another_kind_is_refused() -> None:
    for kind in (CertificateKind.HUB, CertificateKind.SEAL):
        signer = PROVINCE.seal() if kind is CertificateKind.SEAL else PROVINCE.hub()
        cms = sign_detached(CONTENT, signer=signer, at=NOW)
        verdict, _ = check_detached(CONTENT, cms, trust=PROVINCE.trust, at=NOW, now=NOW)
        assert [check.code for check in verdict.not_passed] == ["cades.purpose"]


def test_a_pinned_signer_must_be_that_very_certificate() -> None:
    other = PROVINCE.certify(CertificateKind.EVIDENCE)
    verdict, _ = check_detached(CONTENT, CMS, trust=PROVINCE.trust, at=NOW, now=NOW, pinned=other.certified)
    assert [check.cause for check in verdict.not_passed] == [Code.CADES_OTHER_SIGNER]
    assert check_detached(CONTENT, CMS, trust=PROVINCE.trust, at=NOW, now=NOW, pinned=SIGNER.certified)[0].passed


def test_a_revoked_signer_fails_and_an_unknown_root_fails() -> None:
    province = SampleProvince()
    signer = province.certify(CertificateKind.EVIDENCE)
    cms = sign_detached(CONTENT, signer=signer, at=NOW)
    province.revoke(signer, NOW - timedelta(minutes=1), listed_at=NOW)
    verdict, _ = check_detached(CONTENT, cms, trust=province.trust, at=NOW, now=NOW)
    assert [check.code for check in verdict.not_passed] == ["cades.revocation"]
    verdict, _ = check_detached(CONTENT, cms, trust=PROVINCE.trust, at=NOW, now=NOW)
    assert next(check.result for check in verdict.checks if check.code == "cades.chain") is Result.FAILED


def test_only_p256_signs() -> None:
    with pytest.raises(Refused) as caught:
        sign_detached(CONTENT, signer=PROVINCE.agent(suite="Ed25519"), at=NOW)
    assert caught.value.code is Code.CADES_KEY


@needs_openssl
def test_openssl_agrees(tmp_path: Path) -> None:
    (tmp_path / "cms").write_bytes(CMS)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root.pem").write_bytes(Trust((PROVINCE.root.certified,)).roots[0].pem)
    command = (
        "openssl cms -verify -binary -inform DER -in cms -content {} -CAfile root.pem -purpose any -attime {} -out out"
    )
    good = subprocess.run(command.format("content", int(NOW.timestamp())).split(), cwd=tmp_path, capture_output=True)
    assert good.returncode == 0, good.stderr
    (tmp_path / "other").write_bytes(CONTENT + b" ")
    bad = subprocess.run(command.format("other", int(NOW.timestamp())).split(), cwd=tmp_path, capture_output=True)
    assert bad.returncode != 0
