"""Citizen numbers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.citizen_id import check_citizen_id, check_digit, normalise, require_citizen_id
from hub.cases.divisions import default_divisions, load_divisions
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.cases.builders import TODAY, refusal_of


def refusal_code(text: str) -> Code:
    with pytest.raises(Refused) as refused:
        check_citizen_id(text, today=TODAY)
    return refused.value.code


def test_vector_11_a_number_given_after_2000_to_someone_born_earlier_is_accepted() -> None:
    number = check_citizen_id("341824199003078810", today=TODAY)
    assert number.birth == date(1990, 3, 7)
    assert (number.area, number.tail, number.masked) == ("341824", "8810", "341824********8810")


def test_vector_11_a_wrong_check_digit_is_e101() -> None:
    assert refusal_code("341824199003078811") is Code.ID_CHECK_DIGIT


def test_vector_11_a_birth_in_2099_is_e102() -> None:
    assert refusal_code("34182420990307881" + check_digit("34182420990307881")) is Code.ID_BIRTH_DATE


def test_a_birth_today_is_accepted_and_tomorrow_is_not() -> None:
    body = "34182420261124001"
    assert check_citizen_id(body + check_digit(body), today=TODAY).birth == TODAY
    body = "34182420261125001"
    assert refusal_code(body + check_digit(body)) is Code.ID_BIRTH_DATE


@pytest.mark.parametrize("text", ["34182419900230881X", "341824199013078810", "341824187912318811"])
def test_a_birth_date_that_does_not_exist_or_is_before_1880_is_e102(text: str) -> None:
    assert refusal_code(text) is Code.ID_BIRTH_DATE


@pytest.mark.parametrize(
    "text", ["", "341824900307881", "3418241990030788100", "34182419900307881Y", "X41824199003078810"]
)
def test_another_form_is_e101(text: str) -> None:
    assert refusal_code(text) is Code.ID_CHECK_DIGIT


def test_full_width_digits_spaces_hyphens_and_small_x_are_brought_to_one_form() -> None:
    assert check_citizen_id(" 341824 1990-0307 8810", today=TODAY).text == "341824199003078810"
    assert normalise("11010519491231002x") == normalise("11010519491231002×") == "11010519491231002X"
    assert check_citizen_id("11010519491231002x", today=TODAY).text == "11010519491231002X"


def test_a_signed_body_must_hold_the_canonical_form() -> None:
    with pytest.raises(Refused):
        require_citizen_id("11010519491231002x", today=TODAY)


def test_an_unknown_division_is_a_warning_only() -> None:
    number = check_citizen_id("341824199003078810", today=TODAY, known_areas={"341802"})
    assert number.warnings == (Code.ID_AREA_UNKNOWN,)
    assert check_citizen_id("341824199003078810", today=TODAY, known_areas={"341824"}).warnings == ()


@given(st.text(max_size=24))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    refused = refusal_of(lambda: check_citizen_id(text, today=TODAY))
    if refused is None:
        assert check_citizen_id(text, today=TODAY).text == normalise(text)
    else:
        assert refused.code in (Code.ID_CHECK_DIGIT, Code.ID_BIRTH_DATE)


@given(
    st.integers(100000, 999999),
    st.dates(date(1880, 1, 1), TODAY),
    st.integers(0, 999),
    st.integers(0, 17),
    st.integers(1, 9),
)
def test_every_single_changed_digit_is_noticed(area: int, birth: date, order: int, place: int, shift: int) -> None:
    digits = f"{area}{birth:%Y%m%d}{order:03}"
    number = digits + check_digit(digits)
    assert check_citizen_id(number, today=TODAY).text == number
    alphabet = "0123456789X" if place == 17 else "0123456789"
    other = alphabet[(alphabet.index(number[place]) + shift) % len(alphabet)]
    changed = number[:place] + other + number[place + 1 :]
    with pytest.raises(Refused):
        check_citizen_id(changed, today=TODAY)


def test_present_and_former_counties_of_the_province_are_known_and_others_by_province() -> None:
    divisions = default_divisions()
    assert all(code in divisions for code in ("341822", "341882", "342529", "110105"))
    assert all(code not in divisions for code in ("341899", "990101", "34", ""))
    assert divisions.name("341882") == "广德市"
    number = check_citizen_id("341824199003078810", today=TODAY, known_areas=divisions)
    assert number.warnings == ()


def test_a_divisions_file_with_another_shape_is_refused() -> None:
    assert refusal_of(lambda: load_divisions(b'[provinces]\n340 = "x"\n[areas]\n')) is not None
    assert refusal_of(lambda: load_divisions(b"[area]\n")) is not None
