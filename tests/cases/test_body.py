"""Bodies against their case types."""

import time
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cases.body import check_body
from hub.cases.catalogue import default_catalogue
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Kind, Role
from hub.protocol.errors import Refused
from tests.cases.builders import (
    ID_TWO,
    TODAY,
    a_c04_inquiry,
    a_c06_inquiry,
    a_person,
    an_attachment,
    c06_attachments,
    refusal_of,
)

C06 = default_catalogue().case_type("C06")
C04 = default_catalogue().case_type("C04")
DIGEST = "ab" * 32


def refusal(case_type: Any, kind: Kind, body: Any, attachments: tuple[Attachment, ...] = ()) -> Refused:
    with pytest.raises(Refused) as refused:
        check_body(case_type, kind, body, attachments, today=TODAY)
    return refused.value


def c06_refusal(**changes: Any) -> tuple[Code, str | None]:
    refused = refusal(C06, Kind.INQUIRY, a_c06_inquiry(**changes), c06_attachments())
    assert "{" not in refused.text.zh + refused.text.en + refused.text.remedy_zh + refused.text.remedy_en
    return refused.code, refused.field


def test_an_honest_letter_is_accepted() -> None:
    check_body(C06, Kind.INQUIRY, a_c06_inquiry(), c06_attachments(), today=TODAY)


def test_several_persons_a_late_reason_and_the_right_place_are_accepted() -> None:
    body = a_c06_inquiry(
        persons=[a_person(), a_person(name="王二", id18=ID_TWO)],
        late_reason="次日零点后才完成扫描\n已报所长",
        right_place="安徽省宿松县",
    )
    check_body(C06, Kind.INQUIRY, body, c06_attachments(), today=TODAY)


@pytest.mark.parametrize("name", [name for name, rule in C06.message(Kind.INQUIRY).fields.items() if not rule.optional])
def test_every_needed_field_is_missed_by_name(name: str) -> None:
    body = a_c06_inquiry()
    del body[name]
    refused = refusal(C06, Kind.INQUIRY, body, c06_attachments())
    assert (refused.code, refused.field) == (Code.BODY_MISSING, f"/body/{name}")
    assert C06.message(Kind.INQUIRY).fields[name].zh in refused.text.zh


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"move_serail": "1"}, Code.BODY_UNKNOWN, "/body/move_serail"),
        ({"letter_kind": "协查函"}, Code.BODY_VALUE, "/body/letter_kind"),
        ({"cause": ["同名"]}, Code.BODY_VALUE, "/body/cause"),
        ({"pages": True}, Code.BODY_TYPE, "/body/pages"),
        ({"pages": 0}, Code.BODY_SIZE, "/body/pages"),
        ({"pages": "1"}, Code.BODY_TYPE, "/body/pages"),
        ({"citizen_informed": 1}, Code.BODY_TYPE, "/body/citizen_informed"),
        ({"move_date": "2026-02-30"}, Code.BODY_TYPE, "/body/move_date"),
        ({"move_date": "20261120"}, Code.BODY_TYPE, "/body/move_date"),
        ({"move_date": "2026-11-25"}, Code.BODY_FUTURE, "/body/move_date"),
        ({"discovered_at": "2026-11-24T10:00:00+08:00"}, Code.BODY_TYPE, "/body/discovered_at"),
        ({"discovered_at": "2026-11-24T16:00:00Z"}, Code.BODY_FUTURE, "/body/discovered_at"),
        ({"discovered_at": "9999-12-31T23:59:59Z"}, Code.BODY_FUTURE, "/body/discovered_at"),
        ({"discovered_at": "2026-13-01T00:00:00Z"}, Code.TIME_FORM, "/body/discovered_at"),
        ({"move_serial": "流水1"}, Code.BODY_TYPE, "/body/move_serial"),
        ({"handler": "李\u202e建国"}, Code.BODY_TEXT, "/body/handler"),
        ({"handler": "李建国 "}, Code.BODY_TEXT, "/body/handler"),
        ({"handler": "李\n建国"}, Code.BODY_TEXT, "/body/handler"),
        ({"handler": ""}, Code.BODY_SIZE, "/body/handler"),
        ({"handler": "李" * 65}, Code.BODY_SIZE, "/body/handler"),
        ({"handler": None}, Code.BODY_TYPE, "/body/handler"),
        ({"persons": []}, Code.BODY_SIZE, "/body/persons"),
        ({"persons": {}}, Code.BODY_TYPE, "/body/persons"),
        ({"persons": ["王小明"]}, Code.BODY_TYPE, "/body/persons/0"),
        ({"persons": [a_person(), a_person()]}, Code.BODY_DUPLICATE, "/body/persons/1/id18"),
        ({"persons": [a_person(id18="341824199003078811")]}, Code.ID_CHECK_DIGIT, "/body/persons/0/id18"),
        ({"persons": [a_person(religion="无")]}, Code.BODY_UNKNOWN, "/body/persons/0/religion"),
        ({"persons": [a_person(**{"a/b~c": 1})]}, Code.BODY_UNKNOWN, "/body/persons/0/a~1b~0c"),
    ],
)
def test_a_fault_is_told_with_code_and_pointer(changes: dict[str, Any], code: Code, field: str) -> None:
    assert c06_refusal(**changes) == (code, field)


def test_an_unknown_field_is_answered_with_the_nearest_known_one() -> None:
    refused = refusal(C06, Kind.INQUIRY, a_c06_inquiry(move_serail="1"), c06_attachments())
    assert "move_serial" in refused.text.remedy_en


@pytest.mark.parametrize("missing", [Role.LETTER, Role.SCAN, Role.ACT])
def test_a_letter_needs_its_sealed_pdf_its_scan_and_the_acts(missing: Role) -> None:
    attachments = tuple(attachment for attachment in c06_attachments() if attachment.role is not missing)
    refused = refusal(C06, Kind.INQUIRY, a_c06_inquiry(), attachments)
    assert (refused.code, refused.field) == (Code.BODY_ATTACHMENT_COUNT, "/attachments")


def test_two_letters_or_a_role_that_has_no_place_are_refused() -> None:
    two = (*c06_attachments(), an_attachment(Role.LETTER, b"2"))
    assert refusal(C06, Kind.INQUIRY, a_c06_inquiry(), two).code is Code.BODY_ATTACHMENT_COUNT
    proof = (*c06_attachments(), an_attachment(Role.PROOF))
    assert refusal(C06, Kind.INQUIRY, a_c06_inquiry(), proof).code is Code.BODY_ATTACHMENT_COUNT


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "已回迁", "serial": "HQ1"},
        {"outcome": "已回迁", "serial": "HQ1", "evidence": DIGEST, "text": "已办"},
        {"outcome": "拟办中", "expected_at": "2026-11-25T08:00:00Z"},
        {"outcome": "不采信", "reason_code": "G3", "text": "签名无效"},
    ],
)
def test_replies_that_say_what_their_outcome_needs_are_accepted(body: dict[str, Any]) -> None:
    check_body(C06, Kind.REPLY, body, (), today=TODAY)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"outcome": "已回迁"}, Code.BODY_MISSING, "/body/serial"),
        ({"outcome": "拟办中"}, Code.BODY_MISSING, "/body/expected_at"),
        ({"outcome": "退回补正"}, Code.BODY_MISSING, "/body/reason_code"),
        ({"outcome": "不采信", "reason_code": "G3", "serial": "HQ1"}, Code.BODY_NOT_EXPECTED, "/body/serial"),
        ({"outcome": "请群众自行到场"}, Code.BODY_VALUE, "/body/outcome"),
        ({}, Code.BODY_MISSING, "/body/outcome"),
    ],
)
def test_replies_are_held_to_their_outcome(body: dict[str, Any], code: Code, field: str) -> None:
    refused = refusal(C06, Kind.REPLY, body)
    assert (refused.code, refused.field) == (code, field)


def test_a_correction_names_one_carried_proof_for_each_item() -> None:
    proof = an_attachment(Role.PROOF)
    check_body(C04, Kind.INQUIRY, a_c04_inquiry(), (proof,), today=TODAY)
    other = (an_attachment(Role.PROOF, b"another"),)
    refused = refusal(C04, Kind.INQUIRY, a_c04_inquiry(), other)
    assert (refused.code, refused.field) == (Code.BODY_ATTACHMENT, "/body/items/0/proof")
    as_other = (an_attachment(Role.PROOF, b"x"), Attachment(**{**_fields(proof), "role": Role.OTHER}))
    assert refusal(C04, Kind.INQUIRY, a_c04_inquiry(), as_other).code is Code.BODY_ATTACHMENT


def test_a_correction_needs_a_sealed_letter_exactly_when_the_opener_caused_the_error() -> None:
    proof = an_attachment(Role.PROOF)
    own_fault = a_c04_inquiry(
        caused_by_opener=True, letter_number="皖公广桃户函〔2026〕18号", original_attested=True, pages=1
    )
    assert refusal(C04, Kind.INQUIRY, own_fault, (proof,)).code is Code.BODY_ATTACHMENT_COUNT
    with_letter = (proof, an_attachment(Role.LETTER), an_attachment(Role.SCAN))
    check_body(C04, Kind.INQUIRY, own_fault, with_letter, today=TODAY)
    assert refusal(C04, Kind.INQUIRY, a_c04_inquiry(), with_letter).code is Code.BODY_ATTACHMENT_COUNT
    assert C04.needs_letter(own_fault)
    assert not C04.needs_letter(a_c04_inquiry())
    assert "G3" in C04.gate_checks(own_fault)
    assert C04.gate_checks(a_c04_inquiry()) == ("G1", "G2", "G5", "G8", "proof", "approval")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.HANDOVER, {"received": DIGEST}),
        (Kind.CLAIM, {}),
        (Kind.ASK, {"text": "请补充结婚证"}),
        (Kind.SUPPLY, {"text": "见附件"}),
        (Kind.RETURN, {"reason_code": "E404", "text": "人员不一致"}),
        (Kind.DISPUTE, {"text": "记录仍在"}),
        (Kind.WITHDRAW, {"reason": "经核实未错迁"}),
    ],
)
def test_kinds_that_all_types_share_are_accepted(kind: Kind, body: dict[str, Any]) -> None:
    check_body(C06, kind, body, (), today=TODAY)
    check_body(C04, kind, body, (), today=TODAY)


def test_a_mistaken_move_closes_with_its_own_list_of_things_done() -> None:
    assert refusal(C06, Kind.CLOSE, {}).field == "/body/record_gone"
    done = {"record_gone": True, "booklet": "已收回", "citizen_informed": True, "archive_number": "HJ-2026-17"}
    check_body(C06, Kind.CLOSE, done, (), today=TODAY)
    check_body(C04, Kind.CLOSE, {}, (), today=TODAY)


def test_a_body_costs_tens_of_microseconds() -> None:
    body, attachments = a_c06_inquiry(), c06_attachments()
    best = min(_timed(body, attachments) for _ in range(5))
    # Ten times what it takes on the development machine, so that a busy one does not fail.
    assert best < 400e-6


def _timed(body: dict[str, Any], attachments: tuple[Attachment, ...]) -> float:
    begin = time.perf_counter()
    for _ in range(100):
        check_body(C06, Kind.INQUIRY, body, attachments, today=TODAY)
    return (time.perf_counter() - begin) / 100


def _fields(attachment: Attachment) -> dict[str, Any]:
    return {name: getattr(attachment, name) for name in attachment.__struct_fields__}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
KEYS = sorted(
    {name for kind in C06.messages for name in C06.message(kind).fields}
    | set(C06.message(Kind.INQUIRY).fields["persons"].fields)
)


@settings(max_examples=150)
@given(st.sampled_from(list(Kind)), st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), JSON, max_size=6))
def test_any_json_is_accepted_or_refused(kind: Kind, body: dict[str, Any]) -> None:
    for case_type in (C06, C04):
        refused = refusal_of(partial(check_body, case_type, kind, body, (), today=TODAY))
        assert refused is None or refused.text.zh


@settings(max_examples=150)
@given(st.sampled_from(sorted(a_c06_inquiry())), JSON)
def test_any_value_in_place_of_an_honest_one_is_accepted_or_refused(name: str, value: Any) -> None:
    body = a_c06_inquiry(**{name: value})
    refused = refusal_of(lambda: check_body(C06, Kind.INQUIRY, body, c06_attachments(), today=TODAY))
    assert refused is None or (refused.field or "").startswith(f"/body/{name}")
