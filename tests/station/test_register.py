"""The register by direct calls that skip the agent: it verifies act, evidence and gate itself, and everything counts once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cases.catalogue import default_catalogue
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, StationId, digest_of
from hub.signing.authority import Subject
from hub.signing.crl import Revocation
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.signing.trust import Trust
from station_agent.people import Person as Officer
from station_agent.register.interface import ChangeRequest, Person
from station_agent.register.reference import ReferenceRegister
from tests.station.scene import (
    BYSTANDER,
    CASE,
    OPENER,
    ORIGIN,
    OTHER_PERSON,
    PERSON,
    Bundle,
    a_body,
    a_bundle,
    a_scene,
    an_act,
    changed_raw,
)

MISTAKEN = "广德市某路2号"
ADDRESS = "宣州区某路1号"


def a_register(folder: Path, trust: Trust | None = None) -> ReferenceRegister:
    """A register of its own, with the person of the story at the origin."""
    scene = a_scene()
    register = ReferenceRegister(
        file=folder / "register.sqlite",
        trust=lambda: trust or scene.trust(),
        rules=lambda trust, now: scene.rules(trust, now=now),
        clock=lambda: scene.at + timedelta(minutes=6),
        catalogue=default_catalogue(),
    )
    for person in (PERSON, OTHER_PERSON):
        register.enrol(Person(person["id18"], person["name"], ORIGIN, ADDRESS, items={"民族": "汉"}))
    return register


def a_request(
    officer: Officer, evidence: bytes, *, case: CaseId = CASE, subject: bytes | None = None, **changes: Any
) -> ChangeRequest:
    """The origin officer's signed return move of the story."""
    digest = digest_of(evidence if subject is None else subject)
    change = {"id18": PERSON["id18"], "item": "住址", "value": ADDRESS}
    details = {"operation": "return", "persons": [PERSON["id18"]], "changes": [change], "evidence": digest} | changes
    act = an_act(officer, ActKind.REGISTER, digest, details, case=case)
    return ChangeRequest(act, officer.certified.pem, evidence)


def moved_by_mistake(register: ReferenceRegister) -> str:
    """Move the person to the opener's station and return the serial number."""
    change = {"id18": PERSON["id18"], "item": "住址", "value": MISTAKEN}
    details = {"operation": "move_in", "persons": [PERSON["id18"]], "changes": [change]}
    act = an_act(a_scene().drafter, ActKind.REGISTER, digest_of(b"materials"), details)
    return register.move_in(ChangeRequest(act, a_scene().drafter.certified.pem))


def a_story(folder: Path, **changes: Any) -> tuple[ReferenceRegister, Bundle]:
    """A mistaken move in the register, and the letter about it."""
    register = a_register(folder)
    serial = moved_by_mistake(register)
    return register, a_bundle(body=a_body(move_serial=serial), **changes)


def refusal_of(register: ReferenceRegister, request: ChangeRequest) -> Refused:
    """What the register says to a return move that must be refused; nothing may have changed."""
    before = register.look_up(PERSON["id18"])
    with pytest.raises(Refused) as refusal:
        register.return_move(request)
    assert register.look_up(PERSON["id18"]) == before
    return refusal.value


def test_an_honest_return_move_is_made_and_gets_its_serial_number(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    moved = register.look_up(PERSON["id18"])
    assert moved is not None
    assert (moved.station, moved.came_from, moved.address) == (OPENER, ORIGIN, MISTAKEN)
    request = a_request(a_scene().window, bundle.evidence())
    serial = register.return_move(request)
    back = register.look_up(PERSON["id18"])
    assert back is not None
    assert (back.station, back.address, back.came_from) == (ORIGIN, ADDRESS, None)
    assert serial.startswith(f"{ORIGIN}-")
    assert register.return_move(request) == serial, "the same act again gets the same answer"


def test_without_a_signed_act_nothing_is_changed(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    evidence = bundle.evidence()
    good = a_request(a_scene().window, evidence)
    for act in (b"", b"no act", changed_raw(good.act)):
        refusal_of(register, replace(good, act=act))


def test_an_act_with_somebody_elses_certificate_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    good = a_request(a_scene().window, bundle.evidence())
    foreign = replace(good, certificate=a_scene().origin_agent.certified.pem)
    assert refusal_of(register, foreign).code is Code.JWS_UNKNOWN_CERTIFICATE


def test_an_act_by_another_stations_officer_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    stranger = a_scene().person("033001", "冯九", BYSTANDER, OfficerRole.WINDOW)
    refusal = refusal_of(register, a_request(stranger, bundle.evidence()))
    assert refusal.code is Code.OTHER_ADDRESSEE


def test_an_act_by_the_letters_own_station_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    refusal_of(register, a_request(a_scene().drafter, bundle.evidence()))


def test_an_act_by_an_officer_in_a_wrong_role_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    head = a_scene().person("022009", "陈十", ORIGIN, OfficerRole.HEAD)
    assert refusal_of(register, a_request(head, bundle.evidence())).code is Code.ACT_ROLE


def test_an_act_by_an_officer_whose_certificate_is_revoked_is_refused(tmp_path: Path) -> None:
    scene = a_scene()
    revoked = scene.trust(Revocation(scene.window.certified.serial, scene.at - timedelta(hours=1)))
    _, bundle = a_story(tmp_path)
    register = replace(a_register_again(tmp_path), trust=lambda: revoked)
    refusal_of(register, a_request(scene.window, bundle.evidence()))


def a_register_again(folder: Path) -> ReferenceRegister:
    """The register of the folder, opened by another process."""
    scene = a_scene()
    return ReferenceRegister(
        file=folder / "register.sqlite",
        trust=scene.trust,
        rules=lambda trust, now: scene.rules(trust, now=now),
        clock=lambda: scene.at + timedelta(minutes=6),
        catalogue=default_catalogue(),
    )


def test_an_act_about_another_person_is_refused_with_e404(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    other = OTHER_PERSON["id18"]
    change = {"id18": other, "item": "住址", "value": ADDRESS}
    request = a_request(a_scene().window, bundle.evidence(), persons=[other], changes=[change])
    assert refusal_of(register, request).code is Code.PERSONS_DIFFER


def test_an_act_for_another_case_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    request = a_request(a_scene().window, bundle.evidence(), case=CaseId(f"C06-{OPENER}-2026-000099"))
    assert refusal_of(register, request).code is Code.OTHER_CASE


def test_another_operation_than_the_case_is_about_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    request = a_request(a_scene().window, bundle.evidence(), operation="correct")
    assert refusal_of(register, request).code is Code.REGISTER_OTHER_OPERATION
    with pytest.raises(Refused) as refusal:
        register.correct(request)
    assert refusal.value.code is Code.REGISTER_OTHER_OPERATION


def test_a_change_that_the_letter_does_not_ask_for_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    change = {"id18": PERSON["id18"], "item": "住址", "value": "别处"}
    request = a_request(a_scene().window, bundle.evidence(), changes=[change])
    assert refusal_of(register, request).code is Code.REGISTER_CHANGES_DIFFER


def test_an_evidence_file_that_the_officer_did_not_sign_for_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    request = a_request(a_scene().window, bundle.evidence(), subject=b"another file")
    assert refusal_of(register, request).code is Code.REGISTER_EVIDENCE_DIFFERS
    assert refusal_of(register, replace(request, evidence=None)).code is Code.REGISTER_EVIDENCE_MISSING


def test_an_evidence_file_with_a_changed_byte_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    refusal_of(register, a_request(a_scene().window, changed_raw(bundle.evidence())))


def test_an_evidence_file_signed_by_no_evidence_key_is_refused(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    forged = bundle.evidence(signer=a_scene().seal)
    refusal_of(register, a_request(a_scene().window, forged))


def test_an_evidence_file_of_a_stranger_root_is_refused(tmp_path: Path) -> None:
    scene = a_scene()
    register, bundle = a_story(tmp_path)
    other = scene.province.certify(CertificateKind.AGENT, Subject("agent", station=StationId("110101000000")))
    own = Trust((other.certified,), (scene.crl,))
    refusal_of(replace(register, trust=lambda: own), a_request(scene.window, bundle.evidence()))


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"looks": ()}, Code.LOOK_MISSING), ({"leave_out": frozenset({ActKind.APPROVAL})}, Code.APPROVAL_MISSING)],
)
def test_what_the_agents_gate_would_refuse_the_register_refuses_too(
    tmp_path: Path, changes: dict[str, Any], code: Code
) -> None:
    register, bundle = a_story(tmp_path, **changes)
    assert refusal_of(register, a_request(a_scene().window, bundle.evidence())).code is code


def test_a_revocation_list_past_its_limit_stops_the_register(tmp_path: Path) -> None:
    scene = a_scene()
    register, bundle = a_story(tmp_path)
    late = replace(register, clock=lambda: scene.crl.this_update + timedelta(hours=25))
    assert refusal_of(late, a_request(scene.window, bundle.evidence())).code is Code.STATUS_LIST_TOO_OLD


def test_a_letter_about_another_move_is_refused(tmp_path: Path) -> None:
    register, _ = a_story(tmp_path)
    bundle = a_bundle(body=a_body(move_serial="QR-OTHER"))
    assert refusal_of(register, a_request(a_scene().window, bundle.evidence())).code is Code.REGISTER_OTHER_MOVE


def test_a_letter_is_used_once_even_with_a_new_act_and_new_evidence(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    register.return_move(a_request(a_scene().window, bundle.evidence()))
    moved_by_mistake(register)
    again = a_request(a_scene().window, bundle.evidence(now=a_scene().at + timedelta(minutes=5, seconds=30)))
    assert refusal_of(register, again).code is Code.LETTER_ALREADY_USED


def test_a_refused_request_uses_nothing_up(tmp_path: Path) -> None:
    register, bundle = a_story(tmp_path)
    evidence = bundle.evidence()
    change = {"id18": PERSON["id18"], "item": "住址", "value": "别处"}
    refusal_of(register, a_request(a_scene().window, evidence, changes=[change]))
    assert register.return_move(a_request(a_scene().window, evidence))


def test_a_move_in_needs_a_window_officers_signed_act(tmp_path: Path) -> None:
    register = a_register(tmp_path)
    change = {"id18": PERSON["id18"], "item": "住址", "value": MISTAKEN}
    details = {"operation": "move_in", "persons": [PERSON["id18"]], "changes": [change]}
    act = an_act(a_scene().head, ActKind.REGISTER, digest_of(b"materials"), details)
    with pytest.raises(Refused) as refusal:
        register.move_in(ChangeRequest(act, a_scene().head.certified.pem))
    assert refusal.value.code is Code.ACT_ROLE
