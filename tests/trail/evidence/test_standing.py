"""Whose word the log's proofs in an evidence file rest on: the root's statement of keys, and a quorum of its witnesses."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol.codes import Code
from hub.protocol.verdict import Indication, Result, Verdict
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.container import read_container
from hub.trail.evidence.parts import EvidenceParts
from hub.trail.evidence.report import NEW_IN_2, as_version_1, parse_report
from hub.trail.evidence.standing import keys_name, proof_name
from hub.trail.evidence.verify import check_evidence, write_container
from hub.trail.note import KeyType, make_signer
from tests.signing.builders import NOW, SampleProvince
from tests.trail.evidence.builders import MINUTE, REPORT_PDF, SampleCase, a_whole_case

CASE = a_whole_case()
TRAIL = CASE.parts.trail
ROOT_ONLY = Trust((CASE.province.root.certified,))
OWN = ("evidence.trail_keys", "evidence.log", "evidence.witnesses", "evidence.time_stamp")


def judged(parts: EvidenceParts, case: SampleCase = CASE) -> Verdict:
    """The verdict of a reader who has the root alone, decades later."""
    raw = case.container(parts)
    return check_evidence(raw, trust=Trust((case.province.root.certified,)), now=NOW + timedelta(days=10_000))[0]


def changed(name: str, raw: bytes | None) -> EvidenceParts:
    trail = {key: value for key, value in TRAIL.items() if key != name}
    return replace(CASE.parts, trail=trail if raw is None else {**trail, name: raw})


def amiss(verdict: Verdict) -> dict[str, tuple[Result, Code | None]]:
    return {check.code: (check.result, check.cause) for check in verdict.not_passed}


def test_it_passes_decades_later_with_the_root_alone() -> None:
    verdict = judged(CASE.parts)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.not_passed
    own = {check.code: check.result for check in verdict.checks if check.code in OWN}
    assert own == dict.fromkeys(OWN[:3], Result.PASSED) | {"evidence.time_stamp": Result.NOT_APPLICABLE}


def test_keys_that_only_the_file_vouches_for_decide_nothing_and_the_remedy_says_what_to_do() -> None:
    verdict = judged(changed(keys_name(1), None))
    assert verdict.indication is Indication.INDETERMINATE
    assert amiss(verdict) == dict.fromkeys(OWN[:3], (Result.INDETERMINATE, Code.TRAIL_KEYS_MISSING))
    assert "hub trail-keys" in next(check.remedy for check in verdict.not_passed)


@pytest.mark.parametrize("kind", [CertificateKind.HUB, CertificateKind.EVIDENCE, CertificateKind.AGENT, None])
def test_a_statement_by_anybody_but_the_root_fails(kind: CertificateKind | None) -> None:
    signer = SampleProvince().root if kind is None else CASE.province.certify(kind)
    verdict = judged(changed(keys_name(1), CASE.keys(root=signer)))
    assert verdict.indication is Indication.TOTAL_FAILED
    assert amiss(verdict)["evidence.trail_keys"] == (Result.FAILED, Code.JWS_UNKNOWN_CERTIFICATE)


def test_a_changed_statement_fails() -> None:
    raw = bytearray(TRAIL[keys_name(1)])
    raw[len(raw) // 2] ^= 1
    assert amiss(judged(changed(keys_name(1), bytes(raw))))["evidence.trail_keys"][0] is Result.FAILED


def test_a_log_that_the_root_does_not_name_fails() -> None:
    other = make_signer(CASE.log_key.key.name, Ed25519PrivateKey.generate())
    verdict = judged(changed(keys_name(1), _keys_for(other)))
    assert amiss(verdict)["evidence.log"] == (Result.FAILED, Code.NOTE_NOT_SIGNED)
    assert verdict.indication is Indication.TOTAL_FAILED


def _keys_for(log: object) -> bytes:
    case = SampleCase(province=CASE.province)
    case.log_key = log  # type: ignore[assignment]
    return case.keys()


@pytest.mark.parametrize("cosigners", [0, 1])
def test_too_few_cosignatures_are_indeterminate(cosigners: int) -> None:
    fewer = replace_cosigners(cosigners)
    verdict = judged(fewer)
    assert verdict.indication is Indication.INDETERMINATE
    assert amiss(verdict) == {"evidence.witnesses": (Result.INDETERMINATE, Code.TRAIL_QUORUM)}


def replace_cosigners(count: int) -> EvidenceParts:
    CASE.cosigners = count
    try:
        return CASE.parts
    finally:
        CASE.cosigners = 2


def test_witnesses_that_the_root_does_not_name_do_not_count() -> None:
    strangers = [
        make_signer(f"hub.test/trail/witness/{number}", Ed25519PrivateKey.generate(), KeyType.COSIGNATURE).key
        for number in range(3)
    ]
    verdict = judged(changed(keys_name(1), CASE.keys(witnesses=strangers)))
    assert amiss(verdict) == {"evidence.witnesses": (Result.INDETERMINATE, Code.TRAIL_QUORUM)}


def test_a_missing_proof_is_indeterminate_and_a_false_one_fails() -> None:
    name = proof_name(2)
    assert amiss(judged(changed(name, None))) == {"evidence.witnesses": (Result.INDETERMINATE, Code.TRAIL_NOT_COVERED)}
    for raw in (TRAIL[proof_name(1)], TRAIL[name].replace(b"index 1", b"index 0"), b"nothing"):
        verdict = judged(changed(name, raw))
        assert amiss(verdict)["evidence.witnesses"][0] is Result.FAILED
    forged = bytearray(TRAIL[name])
    forged[-10] = ord("B") if forged[-10] == ord("A") else ord("A")
    assert amiss(judged(changed(name, bytes(forged))))["evidence.witnesses"] == (Result.FAILED, Code.NOTE_SIGNATURE)


def test_a_statement_that_asks_for_less_does_not_count_for_what_came_later() -> None:
    few = replace_cosigners(0)
    weak = CASE.keys(number=1, at=NOW - timedelta(days=9), quorum=0)
    strict = CASE.keys(number=2, at=NOW - MINUTE)
    both = replace(few, trail={**few.trail, keys_name(1): weak, keys_name(2): strict})
    assert amiss(judged(both)) == {"evidence.witnesses": (Result.INDETERMINATE, Code.TRAIL_QUORUM)}
    # It does for what came under it; and a later one may always be used.
    later = CASE.keys(number=2, at=NOW + timedelta(days=9))
    assert judged(replace(few, trail={**few.trail, keys_name(1): weak, keys_name(2): later})).passed


def test_no_quorum_asked_for_needs_no_proofs() -> None:
    bare = {"checkpoint": b"x", keys_name(1): CASE.keys(quorum=0)}
    assert judged(replace(CASE.parts, trail=bare)).passed


def test_a_file_of_the_first_version_is_indeterminate_with_its_report_in_order() -> None:
    parts = replace(CASE.parts, trail={})
    at = NOW + 9 * MINUTE
    report = as_version_1(check_parts(parts, trust=CASE.province.trust, now=at))
    assert (report.version, report.indication) == (1, "TOTAL-PASSED")
    raw = write_container(parts, report=report, report_pdf=REPORT_PDF, signer=CASE.evidence, at=at)
    stored = parse_report(next(file.raw for file in read_container(raw).files if file.name == "report.json"))
    assert {check.code for check in stored.checks}.isdisjoint(NEW_IN_2)
    verdict, _ = check_evidence(raw, trust=ROOT_ONLY, now=NOW + timedelta(days=10_000))
    assert verdict.indication is Indication.INDETERMINATE
    assert amiss(verdict) == dict.fromkeys(OWN[:3], (Result.INDETERMINATE, Code.TRAIL_KEYS_MISSING))
    # And one that says more than that version would have found is false.
    worse = msgspec.structs.replace(report, indication="INDETERMINATE")
    raw = write_container(parts, report=worse, report_pdf=REPORT_PDF, signer=CASE.evidence, at=at)
    assert amiss(check_evidence(raw, trust=ROOT_ONLY, now=at)[0])["container.report"][0] is Result.FAILED
