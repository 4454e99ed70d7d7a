"""Whole evidence files: the honest case passes from the root alone; whatever is amiss is found and named."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.identifiers import digest_of, new_uuid7
from hub.protocol.media_types import PDF
from hub.protocol.verdict import Indication, Result, Verdict
from hub.signing.purposes import CertificateKind, SealPurpose
from hub.signing.trust import Trust
from hub.trail.evidence.check import CODES as CONTENT_CODES
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.container import DataFile, read_container, write_files
from hub.trail.evidence.parts import EvidenceFile, EvidenceParts, parts_of
from hub.trail.evidence.report import parse_report
from hub.trail.evidence.verify import CODES, check_evidence, write_container
from tests.signing.builders import NOW, OTHER_STATION, STATION, SampleProvince, an_envelope
from tests.signing.documents.builders import a_sealed_letter
from tests.trail.evidence.builders import MINUTE, REPORT_PDF, SampleCase, a_whole_case, an_inquiry

CASE = a_whole_case()
ROOT_ONLY = Trust((CASE.province.root.certified,))
CONTAINER = CASE.container()
YEARS_LATER = NOW + timedelta(days=2000)


def judged(raw: bytes, **options: Any) -> Verdict:
    return check_evidence(raw, **{"trust": ROOT_ONLY, "now": YEARS_LATER, **options})[0]


def outcome(case: SampleCase, parts: EvidenceParts | None = None) -> dict[str, tuple[Result, Code | None]]:
    report = check_parts(parts or case.parts, trust=case.province.trust, now=NOW + 9 * MINUTE)
    assert tuple(check.code for check in report.checks) == CONTENT_CODES
    return {
        check.code: (Result(check.result), Code(check.cause) if check.cause else None)
        for check in report.checks
        if check.result in (Result.FAILED, Result.INDETERMINATE)
    }


def test_an_honest_case_passes_years_later_from_the_root_alone() -> None:
    verdict, parts = check_evidence(CONTAINER, trust=ROOT_ONLY, now=YEARS_LATER)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.not_passed
    assert tuple(check.code for check in verdict.checks) == CODES
    assert parts is not None
    assert parts.envelopes == CASE.parts.envelopes
    assert set(parts.attachments) == set(CASE.files)


def test_the_same_parts_give_the_same_files() -> None:
    again = CASE.container()
    assert read_container(again).files == read_container(CONTAINER).files
    assert read_container(again).manifest == read_container(CONTAINER).manifest


def test_the_report_tells_the_story_in_both_languages() -> None:
    report = parse_report(next(file.raw for file in read_container(CONTAINER).files if file.name == "report.json"))
    assert report.indication == "TOTAL-PASSED"
    assert [line.kind for line in report.timeline] == ["inquiry", "handover", "reply"]
    assert [line.accepted_at is not None for line in report.timeline] == [True, True, True]
    assert report.timeline[0].handed_over_at == "2026-11-24T08:02:00.000Z"
    assert {(act.act, act.officer_name) for act in report.acts} == {
        ("draft", "张三"),
        ("approval", "王五"),
        ("look", "赵六"),
    }
    assert [seal.station for seal in report.seals] == [STATION]
    assert all(check.question_zh and check.question_en for check in report.checks)
    assert {file.role for file in report.files} == {"letter", "scan", "act", None}


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(CONTAINER) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(offset: int, difference: int) -> None:
    other = bytearray(CONTAINER)
    other[offset] ^= difference
    assert judged(bytes(other)).indication is Indication.TOTAL_FAILED


def test_a_changed_byte_of_a_small_container_is_noticed_at_every_place() -> None:
    files = [file for file in read_container(CONTAINER).files if file.name in ("crls/0001.crl", "trail/checkpoint")]
    small = write_files(files, signer=CASE.evidence, at=NOW)
    assert judged(small, now=NOW).indication is Indication.INDETERMINATE  # nothing false in it, and not enough
    for offset in range(len(small)):
        other = bytearray(small)
        other[offset] ^= 1 << (offset % 8)
        assert judged(bytes(other), now=NOW).indication is Indication.TOTAL_FAILED, offset


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(CONTAINER)), st.integers(0, 4000), st.binary(max_size=50))
def test_any_part_replaced_is_noticed(start: int, length: int, new: bytes) -> None:
    raw = CONTAINER[:start] + new + CONTAINER[start + length :]
    if raw != CONTAINER:
        assert judged(raw).indication is Indication.TOTAL_FAILED


def test_another_root_vouches_for_nothing() -> None:
    verdict = judged(CONTAINER, trust=Trust((SampleProvince().root.certified,)))
    assert verdict.indication is Indication.TOTAL_FAILED
    assert {"cades.chain", "evidence.certificates", "evidence.seals"} <= {check.code for check in verdict.not_passed}


def test_a_container_by_another_kind_or_another_signer_is_refused() -> None:
    report = check_parts(CASE.parts, trust=CASE.province.trust, now=NOW + 9 * MINUTE)
    for signer in (CASE.hub, CASE.receiver, CASE.seal):
        raw = write_container(CASE.parts, report=report, report_pdf=REPORT_PDF, signer=signer, at=NOW)
        assert [check.code for check in judged(raw).not_passed] == ["cades.purpose"]
    other = CASE.province.certify(CertificateKind.EVIDENCE)
    assert [check.code for check in judged(CONTAINER, evidence_signer=other.certified).not_passed] == ["cades.signer"]
    assert judged(CONTAINER, evidence_signer=CASE.evidence.certified).passed


def test_a_report_that_says_more_than_checking_finds_is_noticed() -> None:
    parts = replace(CASE.parts, receipts=CASE.parts.receipts[:-1])
    rosy = check_parts(CASE.parts, trust=CASE.province.trust, now=NOW + 9 * MINUTE)
    raw = write_container(parts, report=rosy, report_pdf=REPORT_PDF, signer=CASE.evidence, at=NOW)
    found = {check.code: check.result for check in judged(raw).not_passed}
    assert found == {"container.report": Result.FAILED, "evidence.receipts": Result.INDETERMINATE}


def test_a_file_in_a_place_of_no_part_is_noticed() -> None:
    files = (*read_container(CONTAINER).files, DataFile("other/x.txt", "text/plain", b""))
    raw = write_files(files, signer=CASE.evidence, at=NOW + 9 * MINUTE)
    assert [check.code for check in judged(raw).not_passed] == ["container.files"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"judged_at":"2026-11-24T', b'"judged_at":"2026-99-99T'),
        (b'"crl_max_age_s":86400', b'"crl_max_age_s":9007199254740991'),
        (b'"version":2', b'"version":"1"'),
        (b'"version":2', b'"version":2,"later":true'),
        (b"{", b"["),
    ],
)
def test_a_report_of_another_form_decides_nothing(old: bytes, new: bytes) -> None:
    files = read_container(CONTAINER).files
    changed = [replace(file, raw=file.raw.replace(old, new)) if file.name == "report.json" else file for file in files]
    assert changed != list(files)
    verdict = judged(write_files(changed, signer=CASE.evidence, at=NOW), now=NOW + 9 * MINUTE)
    assert {check.code: check.result for check in verdict.not_passed} == {"container.report": Result.INDETERMINATE}


def test_a_list_that_the_reader_brings_counts() -> None:
    case = a_whole_case()
    raw = case.container()
    case.province.revoke(case.seal, NOW, listed_at=NOW + timedelta(days=30))
    trust = Trust((case.province.root.certified,))
    assert check_evidence(raw, trust=trust, now=YEARS_LATER)[0].passed
    verdict = check_evidence(raw, trust=trust.with_crls((case.province.crls[-1],)), now=YEARS_LATER)[0]
    assert {check.code: check.cause for check in verdict.not_passed} == {"evidence.seals": Code.SEAL_KEY_NOT_IN_FORCE}


def test_a_reader_is_never_more_lenient_about_a_lists_age_than_the_gate_was() -> None:
    late = NOW + timedelta(days=2)
    raw = CASE.container(at=late)
    lenient = Trust((CASE.province.root.certified,), crl_max_age=timedelta(days=36500))
    verdict = judged(raw, trust=lenient)
    assert verdict.indication is Indication.INDETERMINATE
    assert {check.cause for check in verdict.not_passed} == {Code.STATUS_LIST_TOO_OLD}
    assert next(check.result for check in verdict.checks if check.code == "container.report") is Result.PASSED
    strict = replace(ROOT_ONLY, crl_max_age=timedelta(minutes=10))
    assert judged(CONTAINER, trust=strict).indication is Indication.INDETERMINATE
    assert judged(CONTAINER, trust=lenient).passed


def test_a_revocation_after_the_letter_does_not_undo_it() -> None:
    case = a_whole_case()
    case.province.revoke(case.seal, NOW + 5 * MINUTE, listed_at=NOW + 6 * MINUTE)
    raw = case.container()
    assert check_evidence(raw, trust=Trust((case.province.root.certified,)), now=YEARS_LATER)[0].passed


def test_a_letter_with_a_changed_byte_is_found() -> None:
    case = SampleCase()
    letter = bytearray(a_sealed_letter(case.province, seal=case.seal))
    letter[2000] ^= 1
    an_inquiry(case, letter=bytes(letter))
    assert outcome(case) == {"evidence.seals": (Result.FAILED, Code.SEAL_INVALID)}


def test_a_letter_sealed_by_another_station_or_for_another_purpose_is_found() -> None:
    for seal, cause in (
        (lambda province: province.seal(station=OTHER_STATION), Code.EVIDENCE_SEAL_STATION),
        (lambda province: province.seal(SealPurpose.GENERAL), Code.SEAL_OTHER_PURPOSE),
    ):
        case = SampleCase()
        an_inquiry(case, letter=a_sealed_letter(case.province, seal=seal(case.province)))
        assert outcome(case) == {"evidence.seals": (Result.FAILED, cause)}


def test_what_is_missing_decides_nothing() -> None:
    parts = CASE.parts
    letter = next(digest for digest, file in parts.attachments.items() if file.media_type == PDF)
    for other, code in (
        (replace(parts, receipts=()), "evidence.receipts"),
        (
            replace(parts, attachments={d: f for d, f in parts.attachments.items() if d != letter}),
            "evidence.attachments",
        ),
        (replace(parts, envelopes=parts.envelopes[:-1]), "evidence.receipts"),
    ):
        found = outcome(CASE, other)
        assert found[code][0] is Result.INDETERMINATE
        assert Result.FAILED not in {result for result, _ in found.values()}


def test_an_envelope_of_another_case_out_of_order_or_twice_is_found() -> None:
    parts = CASE.parts
    first, second, third = parts.envelopes
    for envelopes in ((first, third), (third, first, second), (first, second, third, third)):
        assert "evidence.chain" in outcome(CASE, replace(parts, envelopes=envelopes))
    case = a_whole_case()
    stray = an_envelope(
        id=new_uuid7(at=NOW, random=b"stray-----"), kind=Kind.CLOSE, case="C06-341802500000-2026-000018",
        previous=digest_of(case.envelopes[0]),
    )  # fmt: skip
    case.send(stray, case.sender, NOW + 5 * MINUTE)
    assert outcome(case)["evidence.chain"] == (Result.FAILED, Code.EVIDENCE_CHAIN)


def test_a_receipt_that_does_not_fit_is_found() -> None:
    for changes in (
        {"id": new_uuid7(at=NOW, random=b"another---")},
        {"to": STATION},
        {"case": "C06-341802500000-2026-000018"},
    ):
        case = SampleCase()
        case.send(an_envelope(), case.sender, NOW, **changes)
        assert outcome(case)["evidence.receipts"] == (Result.FAILED, Code.EVIDENCE_RECEIPT)


def test_a_log_proof_that_leads_elsewhere_is_found() -> None:
    case = SampleCase()
    case.send(an_envelope(), case.sender, NOW, trail=case.stand(digest_of(b"something else"), NOW))
    assert outcome(case)["evidence.trail"] == (Result.FAILED, Code.EVIDENCE_TRAIL)
    case = SampleCase()
    case.stand(digest_of(b"a leaf before"), NOW)
    case.send(an_envelope(), case.sender, NOW)
    wrong = case.stand(digest_of(case.envelopes[0]), NOW)
    case = SampleCase(province=case.province)
    case.send(an_envelope(), case.sender, NOW, trail=type(wrong)(**{**_fields(wrong), "index": wrong.index - 1}))
    assert outcome(case)["evidence.trail"][0] is Result.FAILED


def test_an_act_of_another_station_or_case_is_found() -> None:
    for signer_station, fields in ((OTHER_STATION, {}), (STATION, {"case": "C06-341802500000-2026-000018"})):
        case = SampleCase()
        officer = case.province.officer("钱七", "013333", station=signer_station)
        act = case.act(officer, 7, **fields)
        attachment = case.attach(act, "a.jws", "application/jose", Role.ACT)
        case.send(an_envelope(attachments=(attachment,)), case.sender, NOW)
        assert outcome(case) == {"evidence.acts": (Result.FAILED, Code.EVIDENCE_ACT)}


def test_an_officer_revoked_before_acting_is_found() -> None:
    case = SampleCase()
    an_inquiry(case)
    case.province.revoke(case.drafter, NOW, listed_at=NOW)
    assert outcome(case)["evidence.officers"] == (Result.FAILED, Code.CERT_REVOKED)


def test_a_file_that_no_envelope_names_is_noticed() -> None:
    raw = b"a stray file"
    parts = replace(CASE.parts, attachments={**CASE.files, digest_of(raw): EvidenceFile("x", "text/plain", raw)})
    assert outcome(CASE, parts) == {"evidence.attachments": (Result.INDETERMINATE, Code.EVIDENCE_UNNAMED_FILE)}


def test_no_revocation_list_decides_nothing() -> None:
    case = SampleCase()
    case.send(an_envelope(), case.sender, NOW)
    report = check_parts(replace(case.parts, crls=()), trust=Trust((case.province.root.certified,)), now=NOW)
    assert report.indication == "INDETERMINATE"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=3), st.binary(max_size=200))
def test_any_parts_give_a_report(raws: list[bytes], other: bytes) -> None:
    every = tuple(raws)
    parts = EvidenceParts(
        case=CASE.parts.case,
        envelopes=every,
        receipts=every,
        attachments={digest_of(other): EvidenceFile("x", "application/jose", other)},
        certificates=every,
        crls=every,
    )
    assert check_parts(parts, trust=ROOT_ONLY, now=NOW).indication in ("TOTAL-FAILED", "INDETERMINATE")


def test_a_container_without_an_envelope_is_not_decided() -> None:
    raw = write_files(read_container(CONTAINER).files[-2:], signer=CASE.evidence, at=NOW)
    verdict, parts = check_evidence(raw, trust=ROOT_ONLY, now=NOW)
    assert parts is None
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert tuple(check.code for check in verdict.checks) == CODES


def test_parts_come_back_as_they_went_in() -> None:
    parts = parts_of(read_container(CONTAINER).files)
    assert (parts.case, parts.receipts, parts.crls, parts.trail) == (
        CASE.parts.case,
        CASE.parts.receipts,
        CASE.parts.crls,
        CASE.parts.trail,
    )


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


@pytest.mark.parametrize("now", [NOW, YEARS_LATER])
def test_the_instant_of_reading_changes_nothing(now: Any) -> None:
    assert judged(CONTAINER, now=now).passed
