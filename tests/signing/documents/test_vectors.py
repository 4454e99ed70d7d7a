"""The sealed letters of `vectors/signing`, good and bad, ours and other makers': each is judged as its README says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.protocol.verdict import Indication, Result
from hub.signing.certificates import Certified
from hub.signing.crl import Crl
from hub.signing.seal_check import CODES, SealFinding, check_seal
from hub.signing.trust import Trust

VECTORS = Path(__file__).parents[2] / "vectors" / "signing"
AT = datetime(2026, 11, 24, tzinfo=UTC)
GOOD = ("01-good-bb", "02-good-bb-rsa", "03-good-bt", "04-good-lta", "10-two-signatures", "24-certified-no-changes")
BAD = {
    "unsigned": "seal.present",
    "05-changed-byte": "seal.intact",
    "06-changed-cms-byte": "seal.form",
    "07-appended-page": "seal.unchanged",
    "08-appended-annotation": "seal.unchanged",
    "09-page-overlay": "seal.unchanged",
    "11-stranger": "seal.chain",
    "12-expired": "seal.validity",
    "13-revoked": "seal.revocation",
    "14-agent-cert-as-seal": "seal.purpose",
    "15-general-seal-policy": "seal.policy",
    "16-critical-unknown-ext": "seal.chain",
    "17-tail-appended-comment": "seal.coverage",
    "18-byterange-short": "seal.coverage",
    "19-byterange-gap-wide": "seal.coverage",
    "20-usf-contents-empty": "seal.form",
    "21-usf-byterange-null": "seal.coverage",
    "22-wrapping-swa": "seal.coverage",
    "23-inserted-bytes-between": "seal.form",
}
OTHERS = sorted(path.name for path in (VECTORS / "third").glob("*/*.pdf"))


@pytest.fixture(scope="module")
def judge(sample: Callable[[str], Certified], sample_crls: tuple[Crl, Crl]) -> Callable[[Path], SealFinding]:
    # The samples' newest list is of July: its age is not what these files are about.
    trust = Trust((sample("root"),), sample_crls, crl_max_age=timedelta(days=365))
    return lambda path: check_seal(path.read_bytes(), trust=trust, at=AT, now=AT)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_letter_passes(name: str, judge: Callable[[Path], SealFinding]) -> None:
    finding = judge(VECTORS / "pades" / f"{name}.pdf")
    assert finding.verdict.indication is Indication.TOTAL_PASSED, finding.verdict.not_passed
    assert finding.certified is not None
    assert finding.certified.station in ("110101", "330102")


@pytest.mark.parametrize(("name", "code"), BAD.items())
def test_a_bad_letter_fails_by_the_check_that_is_about_it(
    name: str, code: str, judge: Callable[[Path], SealFinding]
) -> None:
    verdict = judge(VECTORS / "pades" / f"{name}.pdf").verdict
    assert verdict.indication is Indication.TOTAL_FAILED
    assert next(check.result for check in verdict.checks if check.code == code) is Result.FAILED
    assert tuple(check.code for check in verdict.checks) == CODES


def test_every_sample_stands_in_one_of_the_two_lists() -> None:
    assert {path.stem for path in (VECTORS / "pades").glob("*.pdf")} == {*GOOD, *BAD}


@pytest.mark.parametrize("name", OTHERS)
def test_others_letters_never_pass_and_never_crash(name: str, judge: Callable[[Path], SealFinding]) -> None:
    verdict = judge(next((VECTORS / "third").glob(f"*/{name}"))).verdict
    assert verdict.indication is Indication.TOTAL_FAILED
    assert tuple(check.code for check in verdict.checks) == CODES
