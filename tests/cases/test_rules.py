"""Small rules: approvals, separate persons, letter numbers, the head of a household."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.approval import (
    ApprovalLevel,
    default_approval_levels,
    require_approval,
    require_approvals,
    require_fitting_items,
)
from hub.cases.catalogue import default_catalogue
from hub.cases.household import needs_new_head
from hub.cases.letter_number import LetterNumber, make_letter_number, parse_letter_number
from hub.cases.separation import require_separate_persons
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from tests.cases.builders import a_c04_inquiry, refusal_of

LEVELS = default_approval_levels()


@pytest.mark.parametrize("item", ["姓名", "性别", "民族", "出生日期"])
def test_main_items_need_the_citys_approval_number(item: str) -> None:
    assert LEVELS.level(item) is ApprovalLevel.CITY
    with pytest.raises(Refused) as refused:
        require_approvals(LEVELS, [{"item": item, "decision": "更正", "serial": "1"}])
    assert (refused.value.code, refused.value.field) == (Code.APPROVAL_NUMBER_MISSING, "/body/items/0")
    require_approvals(
        LEVELS, [{"item": item, "decision": "更正", "serial": "1", "approval_number": "宣公户批〔2026〕3号"}]
    )
    require_approvals(LEVELS, [{"item": item, "decision": "不更正"}])


def test_a_blank_approval_number_is_none() -> None:
    with pytest.raises(Refused):
        require_approval(LEVELS, "姓名", " ")


def test_an_address_is_corrected_by_the_station_itself() -> None:
    require_approval(LEVELS, "住址", None)
    assert not LEVELS.needs_number("住址")


def test_a_citizen_number_is_sent_to_the_case_type_for_duplicates() -> None:
    with pytest.raises(Refused) as refused:
        require_approval(LEVELS, "公民身份号码", "1")
    assert refused.value.code is Code.APPROVAL_OTHER_CASE_TYPE
    assert "C05" in refused.value.text.remedy_zh


def test_a_change_code_must_fit_its_item() -> None:
    require_fitting_items(LEVELS, a_c04_inquiry())
    body = a_c04_inquiry()
    body["items"][0]["change_code"] = "21"
    with pytest.raises(Refused) as refused:
        require_fitting_items(LEVELS, body)
    assert (refused.value.code, refused.value.field) == (Code.APPROVAL_CHANGE_CODE, "/body/items/0/change_code")


def test_every_item_of_the_correction_form_has_a_rule_and_a_code_that_the_form_offers() -> None:
    fields = default_catalogue().case_type("C04").message(Kind.INQUIRY).fields["items"].fields
    for item in fields["item"].one_of:
        assert LEVELS.rule(item).case_type is None
        assert set(LEVELS.rule(item).change_codes) <= set(fields["change_code"].one_of)


def test_vector_9_the_drafter_does_not_approve() -> None:
    require_separate_persons(drafter="340001", approver="340002", custodian="340003")
    require_separate_persons(drafter="340001", approver="340002", custodian="340002")
    with pytest.raises(Refused) as refused:
        require_separate_persons(drafter="340001", approver="340001")
    assert refused.value.code is Code.DRAFTER_IS_APPROVER
    with pytest.raises(Refused) as refused:
        require_separate_persons(drafter="340001", approver="340002", custodian="340001")
    assert refused.value.code is Code.CUSTODIAN_IS_DRAFTER


def test_vector_16_a_whole_household_that_moves_needs_no_new_head() -> None:
    assert not needs_new_head(members={"a", "b"}, head="a", moving={"a", "b"})
    assert needs_new_head(members={"a", "b"}, head="a", moving={"a"})
    assert not needs_new_head(members={"a", "b"}, head="a", moving={"b"})


def test_a_letter_number_reads_as_it_was_made() -> None:
    number = make_letter_number("广桃", 2026, 17)
    assert str(number) == "皖公广桃户函〔2026〕17号"
    assert parse_letter_number(str(number)) == LetterNumber("广桃", 2026, 17)


@pytest.mark.parametrize(
    "text",
    ["皖公广桃户函[2026]17号", "皖公广桃户函〔2026〕017号", "皖公户函〔2026〕1号", "皖公广桃户函〔2026〕0号", ""],
)
def test_a_letter_number_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_letter_number(text, field="/body/letter_number")
    assert refused.value.code is Code.LETTER_NUMBER_FORM


@given(st.text(max_size=30))
def test_any_text_is_a_letter_number_or_refused(text: str) -> None:
    refused = refusal_of(lambda: parse_letter_number(text))
    assert refused.code is Code.LETTER_NUMBER_FORM if refused else str(parse_letter_number(text)) == text
