"""The gate: first the honest case passes, then each test changes one thing and the gate refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, digest_of
from hub.protocol.verdict import Indication, Result, Verdict
from hub.signing.crl import Revocation
from hub.signing.envelopes import sign_envelope
from hub.signing.purposes import OfficerRole, SealPurpose
from station_agent.desk.gate.checks import judge
from station_agent.desk.gate.material import Circumstances
from tests.station.scene import (
    BYSTANDER,
    OPENER,
    OTHER_PERSON,
    PERSON,
    a_body,
    a_bundle,
    a_look,
    a_scene,
    a_seal,
    an_envelope,
    another_scan,
    changed,
    sealed,
)


def outcome(verdict: Verdict, code: str) -> tuple[Result, Code | None]:
    """Result and cause of one check."""
    check = next(check for check in verdict.checks if check.code == code)
    return check.result, check.cause


def test_the_honest_case_passes_every_check_from_g1_to_g9() -> None:
    verdict = judge(a_bundle().material(), a_scene().rules())
    assert [check.code for check in verdict.checks] == [f"G{number}" for number in range(1, 10)]
    assert verdict.passed, [(check.code, check.cause, check.detail) for check in verdict.not_passed]


def test_a_late_letter_passes() -> None:
    body = a_body(discovered_at="2026-09-30T15:50:00Z", late_reason="夜间发现,次日补发")
    assert judge(a_bundle(body=body).material(), a_scene().rules()).passed


def test_a_letter_addressed_elsewhere_is_refused() -> None:
    verdict = judge(a_bundle(to=BYSTANDER).material(), a_scene().rules())
    assert outcome(verdict, "G1") == (Result.FAILED, Code.OTHER_ADDRESSEE)


@pytest.mark.parametrize("role", [Role.LETTER, Role.SCAN, Role.ACT])
def test_a_changed_byte_is_refused_with_e401(role: Role) -> None:
    verdict = judge(changed(a_bundle(), role).material(), a_scene().rules())
    assert outcome(verdict, "G2") == (Result.FAILED, Code.SEAL_INVALID)


def test_a_changed_byte_of_the_letter_breaks_its_seal_too() -> None:
    verdict = judge(changed(a_bundle(), Role.LETTER).material(), a_scene().rules())
    assert outcome(verdict, "G3")[0] is Result.FAILED


def test_a_missing_file_is_undecided() -> None:
    bundle = a_bundle()
    bundle.files = {digest: raw for digest, raw in bundle.files.items() if not raw.startswith(b"\xff\xd8")}
    assert outcome(judge(bundle.material(), a_scene().rules()), "G2") == (Result.INDETERMINATE, Code.FILE_NOT_HERE)


def test_a_letter_that_is_not_the_scan_is_refused() -> None:
    letter = sealed(a_scene().seal, another_scan())
    verdict = judge(a_bundle(letter=letter).material(), a_scene().rules())
    assert outcome(verdict, "G2") == (Result.FAILED, Code.LETTER_NOT_THE_SCAN)


def test_another_page_count_than_stated_is_refused() -> None:
    verdict = judge(a_bundle(body=a_body(pages=2)).material(), a_scene().rules())
    assert outcome(verdict, "G2") == (Result.FAILED, Code.PAGES_DIFFER)


def test_a_seal_of_another_purpose_is_refused() -> None:
    general = a_seal(SealPurpose.GENERAL)
    verdict = judge(a_bundle(seal=general).material(), a_scene().rules())
    assert outcome(verdict, "G3") == (Result.FAILED, Code.SEAL_OTHER_PURPOSE)


def test_a_seal_of_another_station_is_refused() -> None:
    other = a_seal(SealPurpose.HOUSEHOLD, station=BYSTANDER)
    verdict = judge(a_bundle(seal=other).material(), a_scene().rules())
    assert outcome(verdict, "G3") == (Result.FAILED, Code.SEAL_OF_OTHER_STATION)


def test_a_seal_revoked_before_the_letter_was_received_is_refused_with_e402() -> None:
    scene = a_scene()
    revoked = Revocation(scene.seal.certified.serial, scene.at - timedelta(hours=1))
    verdict = judge(a_bundle().material(), scene.rules(scene.trust(revoked)))
    assert outcome(verdict, "G3") == (Result.FAILED, Code.SEAL_KEY_NOT_IN_FORCE)


def test_a_seal_revoked_later_leaves_an_honest_letter_good() -> None:
    scene = a_scene()
    revoked = Revocation(scene.seal.certified.serial, scene.at + timedelta(minutes=2))
    assert judge(a_bundle().material(), scene.rules(scene.trust(revoked))).passed


def test_vector_18_a_status_list_25_h_old_is_undecided_with_w403_and_never_passed() -> None:
    scene = a_scene()
    verdict = judge(a_bundle().material(), scene.rules(now=scene.crl.this_update + timedelta(hours=25)))
    assert verdict.indication is Indication.INDETERMINATE
    assert outcome(verdict, "G3") == (Result.INDETERMINATE, Code.STATUS_LIST_TOO_OLD)
    assert judge(a_bundle().material(), scene.rules(now=scene.crl.this_update + timedelta(hours=23))).passed


def test_an_agent_revoked_before_sending_is_refused() -> None:
    scene = a_scene()
    revoked = Revocation(scene.agent.certified.serial, scene.at - timedelta(hours=1))
    assert outcome(judge(a_bundle().material(), scene.rules(scene.trust(revoked))), "G1")[0] is Result.FAILED


def test_vector_9_approver_and_drafter_in_one_person_is_refused_with_e303() -> None:
    scene = a_scene()
    both = scene.person("011001", "赵一", OPENER, OfficerRole.WINDOW, OfficerRole.HEAD)
    verdict = judge(a_bundle(approver=both).material(), scene.rules())
    assert outcome(verdict, "G4") == (Result.FAILED, Code.DRAFTER_IS_APPROVER)


def test_custodian_and_drafter_in_one_person_is_refused() -> None:
    scene = a_scene()
    both = scene.person("011001", "赵一", OPENER, OfficerRole.WINDOW, OfficerRole.CUSTODIAN)
    verdict = judge(a_bundle(custodian=both).material(), scene.rules())
    assert outcome(verdict, "G4") == (Result.FAILED, Code.CUSTODIAN_IS_DRAFTER)


def test_an_approval_by_somebody_who_is_no_head_is_refused() -> None:
    scene = a_scene()
    nobody = scene.person("011009", "郑七", OPENER, OfficerRole.WINDOW)
    verdict = judge(a_bundle(approver=nobody).material(), scene.rules())
    assert outcome(verdict, "G4") == (Result.FAILED, Code.ACT_ROLE)


def test_an_approval_by_the_head_of_another_station_is_refused() -> None:
    scene = a_scene()
    stranger = scene.person("033002", "王八", BYSTANDER, OfficerRole.HEAD)
    verdict = judge(a_bundle(approver=stranger).material(), scene.rules())
    assert outcome(verdict, "G4") == (Result.FAILED, Code.ACT_OF_OTHER_CASE)


def test_an_approver_whose_certificate_was_revoked_before_is_refused() -> None:
    scene = a_scene()
    revoked = Revocation(scene.head.certified.serial, scene.at - timedelta(hours=1))
    assert outcome(judge(a_bundle().material(), scene.rules(scene.trust(revoked))), "G4")[0] is Result.FAILED


@pytest.mark.parametrize("kind", [ActKind.DRAFT, ActKind.APPROVAL, ActKind.SEAL_USE, ActKind.SCAN])
def test_a_missing_act_is_refused_with_e301(kind: ActKind) -> None:
    verdict = judge(a_bundle(leave_out=frozenset({kind})).material(), a_scene().rules())
    assert outcome(verdict, "G4") == (Result.FAILED, Code.APPROVAL_MISSING)


def test_a_text_changed_after_its_approval_is_refused() -> None:
    verdict = judge(a_bundle(draft_body=a_body(cause="同名")).material(), a_scene().rules())
    assert outcome(verdict, "G4") == (Result.FAILED, Code.APPROVAL_OF_OTHER_TEXT)


def test_a_corrected_letter_for_another_person_is_refused_with_e404() -> None:
    first = a_bundle()
    second = a_bundle(body=a_body(persons=[a_body()["persons"][0] | OTHER_PERSON]))
    first.envelopes += second.envelopes
    first.receipts += second.receipts
    first.files |= second.files
    first.looks += second.looks
    verdict = judge(first.material(), a_scene().rules())
    assert outcome(verdict, "G5") == (Result.FAILED, Code.PERSONS_DIFFER)


@pytest.mark.parametrize("names", [{}, {PERSON["id18"]: "张山"}])
def test_a_person_whom_the_register_knows_otherwise_is_refused_with_e404(names: dict[str, str]) -> None:
    verdict = judge(a_bundle().material(circumstances=Circumstances(names=names)), a_scene().rules())
    assert outcome(verdict, "G5") == (Result.FAILED, Code.PERSONS_DIFFER)


def test_a_person_whom_the_register_knows_by_that_name_passes() -> None:
    known = Circumstances(names={PERSON["id18"]: PERSON["name"]})
    assert judge(a_bundle().material(circumstances=known), a_scene().rules()).passed


def test_a_record_that_the_sender_does_not_hold_is_refused() -> None:
    elsewhere = Circumstances(holders={PERSON["id18"]: BYSTANDER})
    verdict = judge(a_bundle().material(circumstances=elsewhere), a_scene().rules())
    assert outcome(verdict, "G1") == (Result.FAILED, Code.RECORD_ELSEWHERE)
    held = Circumstances(holders={PERSON["id18"]: OPENER})
    assert judge(a_bundle().material(circumstances=held), a_scene().rules()).passed


def test_a_used_letter_is_refused_with_e405() -> None:
    used = Circumstances(used_in=CaseId("C06-341802500000-2026-000009"))
    verdict = judge(a_bundle().material(circumstances=used), a_scene().rules())
    assert outcome(verdict, "G6") == (Result.FAILED, Code.LETTER_ALREADY_USED)


def test_a_withdrawn_letter_is_refused() -> None:
    bundle = a_bundle()
    withdrawal = an_envelope(Kind.WITHDRAW, {"reason": "发错"}, previous=digest_of(bundle.envelopes[0]))
    bundle.envelopes.append(sign_envelope(withdrawal, signer=a_scene().agent))
    assert outcome(judge(bundle.material(), a_scene().rules()), "G6") == (Result.FAILED, Code.LETTER_WITHDRAWN)


def test_a_missing_human_look_is_refused_with_e406() -> None:
    verdict = judge(a_bundle(looks=()).material(), a_scene().rules())
    assert outcome(verdict, "G7") == (Result.FAILED, Code.LOOK_MISSING)


def test_a_look_by_an_officer_of_the_sender_does_not_count() -> None:
    verdict = judge(a_bundle(looks=(a_scene().drafter,)).material(), a_scene().rules())
    assert outcome(verdict, "G7") == (Result.FAILED, Code.LOOK_MISSING)


def test_a_look_at_another_letter_does_not_count() -> None:
    bundle = a_bundle(looks=())
    bundle.looks.append(a_look(a_scene().window, digest_of(b"another letter")))
    assert outcome(judge(bundle.material(), a_scene().rules()), "G7") == (Result.FAILED, Code.LOOK_MISSING)


@pytest.mark.parametrize(
    "seen", [{"result": "inconsistent"}, {"legible": False}, {"unit_name_equals": False}, {"colour": 1}]
)
def test_an_impression_that_is_not_consistent_is_refused(seen: dict[str, object]) -> None:
    verdict = judge(a_bundle(impression=seen).material(), a_scene().rules())
    assert outcome(verdict, "G7") == (Result.FAILED, Code.LOOK_INCONSISTENT)


def test_three_persons_need_the_look_of_two_officers() -> None:
    scene, first = a_scene(), a_body()["persons"][0]
    ids = ("341824199003078810", "11010519491231002X", "440524188001010014")
    body = a_body(persons=[first | {"id18": id18, "name": f"人{id18[-1]}"} for id18 in ids])
    verdict = judge(a_bundle(body=body).material(), scene.rules())
    assert outcome(verdict, "G7") == (Result.FAILED, Code.SECOND_LOOK_MISSING)
    assert judge(a_bundle(body=body, looks=(scene.window, scene.second)).material(), scene.rules()).passed


def test_an_open_dispute_about_the_person_is_refused() -> None:
    dispute = Circumstances(disputes=(CaseId("C08-341802500000-2026-000001"),))
    verdict = judge(a_bundle().material(circumstances=dispute), a_scene().rules())
    assert outcome(verdict, "G8") == (Result.FAILED, Code.OPEN_DISPUTE)


def test_a_scan_that_is_not_attested_to_be_of_the_original_is_refused() -> None:
    verdict = judge(a_bundle(body=a_body(original_attested=False)).material(), a_scene().rules())
    assert outcome(verdict, "G9") == (Result.FAILED, Code.NOT_ATTESTED)


def test_a_body_that_is_none_of_its_case_type_decides_nothing_else() -> None:
    body = {key: value for key, value in a_body().items() if key != "move_serial"}
    verdict = judge(a_bundle(body=body).material(), a_scene().rules())
    assert outcome(verdict, "G1") == (Result.FAILED, Code.BODY_MISSING)
    assert {check.result for check in verdict.checks[1:]} == {Result.INDETERMINATE}


def test_an_inquiry_without_the_hubs_receipt_cannot_be_judged() -> None:
    bundle = a_bundle()
    with pytest.raises(Refused) as refusal:
        replace(bundle, receipts=[]).material()
    assert refusal.value.code is Code.NO_RECEIPT
