"""The containers of `vectors/signing`, good and bad, and other makers': each is judged as its README says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.verdict import Indication, Result, Verdict
from hub.signing.certificates import read_certificate
from hub.signing.crl import read_crl
from hub.signing.purposes import DEFAULT_ARC, CertificateKind, Purposes
from hub.signing.trust import Trust
from hub.trail.evidence.verify import CODES, check_evidence

VECTORS = Path(__file__).parents[2] / "vectors" / "signing"
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = ("01-good", "02-good-bt")
BAD = {
    "03-letter-byte-changed": ("container.digests", Code.EVIDENCE_DIGEST),
    "04-report-and-manifest-changed": ("cades.intact", Code.CADES_INVALID),
    "05-file-missing": ("container.digests", Code.EVIDENCE_FILE_MISSING),
    "06-extra-unlisted-file": ("container.digests", Code.EVIDENCE_UNLISTED),
    "07-mimetype-wrong": ("container.layout", Code.EVIDENCE_LAYOUT),
    "08-mimetype-not-first": ("container.layout", Code.EVIDENCE_LAYOUT),
    "09-duplicate-entry": ("container.names", Code.EVIDENCE_NAME),
    "10-path-traversal": ("container.names", Code.EVIDENCE_NAME),
    "11-signed-by-stranger": ("cades.signer", Code.CADES_OTHER_SIGNER),
    "12-no-signature": ("container.layout", Code.EVIDENCE_SIGNATURE_MISSING),
    "13-weak-digest": ("container.manifest", Code.EVIDENCE_MANIFEST),
    "14-doctype-in-manifest": ("container.manifest", Code.EVIDENCE_MANIFEST),
    "15-prefix-bytes-before-zip": ("container.zip", Code.EVIDENCE_ZIP),
    "16-crlf-manifest": ("container.manifest", Code.EVIDENCE_MANIFEST),
    "17-receipt-not-in-manifest": ("container.digests", Code.EVIDENCE_UNLISTED),
    "18-signed-by-agent-not-hub": ("cades.signer", Code.CADES_OTHER_SIGNER),
    "19-trailing-bytes": ("container.zip", Code.EVIDENCE_ZIP),
}
OTHERS = sorted(path.name for path in (VECTORS / "third" / "dss").iterdir() if "asic" in path.name)


@pytest.fixture(scope="module")
def judge() -> Callable[[Path], Verdict]:
    # In the samples the hub's certificate, which has the agents' usage, signs containers; their newest list is of July.
    usage = f"{DEFAULT_ARC}.1.1"
    purposes = Purposes(overrides=((CertificateKind.EVIDENCE, usage), (CertificateKind.HUB, usage)))
    certs = VECTORS / "certs"
    root, hub = (
        read_certificate((certs / f"{name}.pem").read_bytes(), purposes=purposes) for name in ("root", "hub-p256")
    )
    crls = tuple(read_crl(path.read_bytes()) for path in sorted(certs.glob("*.crl.pem")))
    trust = Trust((root,), crls, purposes=purposes, crl_max_age=timedelta(days=365))
    return lambda path: check_evidence(path.read_bytes(), trust=trust, now=AT, evidence_signer=hub)[0]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_container_is_good_and_its_placeholders_decide_nothing(
    name: str, judge: Callable[[Path], Verdict]
) -> None:
    verdict = judge(VECTORS / "asic" / f"{name}.asice")
    about = {check.code: check.result for check in verdict.checks if check.code.startswith(("container.", "cades."))}
    assert set(about.values()) <= {Result.PASSED, Result.PENDING, Result.NOT_APPLICABLE, Result.INDETERMINATE}
    assert [code for code, result in about.items() if result is Result.INDETERMINATE] == ["container.report"]
    assert verdict.indication is Indication.INDETERMINATE
    # Their checkpoint is a placeholder, and no root stands for the keys of its log.
    keys = next(check for check in verdict.checks if check.code == "evidence.trail_keys")
    assert (keys.result, keys.cause) in {
        (Result.INDETERMINATE, Code.TRAIL_KEYS_MISSING),
        (Result.INDETERMINATE, Code.EVIDENCE_EMPTY),
    }
    assert about["cades.time_stamp"] is (Result.PASSED if "bt" in name else Result.NOT_APPLICABLE)


@pytest.mark.parametrize(("name", "expected"), BAD.items())
def test_a_bad_container_fails_by_the_check_that_is_about_it(
    name: str, expected: tuple[str, Code], judge: Callable[[Path], Verdict]
) -> None:
    verdict = judge(VECTORS / "asic" / f"{name}.asice")
    assert verdict.indication is Indication.TOTAL_FAILED
    first = next(check for check in verdict.checks if check.result is Result.FAILED)
    assert (first.code, first.cause) == expected
    assert tuple(check.code for check in verdict.checks) == CODES


def test_every_sample_stands_in_one_of_the_two_lists() -> None:
    assert {path.stem for path in (VECTORS / "asic").iterdir()} == {*GOOD, *BAD}


@pytest.mark.parametrize("name", OTHERS)
def test_others_containers_never_pass_and_never_crash(name: str, judge: Callable[[Path], Verdict]) -> None:
    verdict = judge(VECTORS / "third" / "dss" / name)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert tuple(check.code for check in verdict.checks) == CODES
