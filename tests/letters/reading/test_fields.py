"""Fields of a letter from its lines, and every difference from the case, with both readings."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.letters.reading.cross_check import Expected, cross_check
from hub.letters.reading.fields import read_fields
from hub.letters.reading.lines import Line
from hub.letters.report import Grade

ONE, TWO = "341824199003078810", "11010519491231002X"
GOOD_NUMBERS = {ONE, TWO, "341802198505051234"}


def lines_of(*rows: str) -> list[Line]:
    """Lines from the top down; boxes of one row are separated by `|` and stand from left to right."""
    lines = []
    for number, row in enumerate(rows):
        boxes = row.split("|")
        for place, text in enumerate(boxes):
            top, left = 0.05 + number * 0.03, 0.1 + place * 0.8 / len(boxes)
            box = (left, top, left + 0.7 / len(boxes), top + 0.02)
            lines.append(Line(page=1, text=text, box=box, begins=top + 0.01, ends=top + 0.01, height=0.02))
    return lines


LETTER = lines_of(
    "广德市公安局桃州派出所",
    "皖公广桃户函(2026)17号",
    "关于王小明等2人户口错误迁移情况的说明函",
    "宿松县公安局孚玉派出所：",
    "2026年11月20日，我所办理了下列人员的户口迁移。",
    f"1|王小明|{ONE}|户主|安徽省宿松县",
    "姓名：欧阳文博公民身份号码：１１０１０５１９４９１２３１００２ｘ",
    "联系人：李建国",
    "广德市公安局桃州派出所",
    "2026年11月24日",
)


def test_a_letter_is_read_field_by_field() -> None:
    read = read_fields(LETTER)
    assert [(person.id18, person.name) for person in read.persons] == [(ONE, "王小明"), (TWO, "欧阳文博")]
    assert (read.sender, read.addressee) == ("广德市公安局桃州派出所", "宿松县公安局孚玉派出所")
    assert (read.date, read.letter_number) == ("2026-11-24", "皖公广桃户函〔2026〕17号")


def test_a_number_that_two_boxes_share_is_put_together() -> None:
    assert [person.id18 for person in read_fields(lines_of("姓名:王小明341824199", "003078810")).persons] == [ONE]


def test_a_longer_row_of_digits_is_no_number() -> None:
    assert read_fields(lines_of(ONE + "1", "0" + ONE)).persons == ()


def expected(**changes: object) -> Expected:
    fields: dict[str, object] = {
        "persons": (("王小明", ONE), ("欧阳文博", TWO)),
        "sender": "桃州派出所",
        "letter_number": "皖公广桃户函〔2026〕17号",
        "earliest": date(2026, 11, 20),
        "latest": date(2026, 11, 25),
    }
    return Expected(**fields | changes)  # type: ignore[arg-type]


def said(lines: list[Line], case: Expected) -> list[tuple[str, str]]:
    found = cross_check(lines, case, is_citizen_id=lambda text: text in GOOD_NUMBERS)
    return [(one.grade.value, one.code.value) for one in found]


def test_a_letter_that_agrees_is_said_to_agree() -> None:
    assert said(LETTER, expected()) == [("note", "reading.agrees")]


def test_a_number_that_differs_in_one_place_is_shown_with_both_readings() -> None:
    other = ONE[:-1] + "1"
    (found,) = cross_check(LETTER, expected(persons=(("王小明", other), ("欧阳文博", TWO))), is_citizen_id=bool)
    assert (found.code.value, found.grade, found.page) == ("reading.id_differs", Grade.WARN, 1)
    assert found.values == {"expected": other, "read": ONE}


def test_another_persons_letter_is_noticed() -> None:
    case = expected(persons=(("李丽", "341802198505051234"), ("欧阳文博", TWO)))
    assert said(LETTER, case) == [("warn", "reading.id_missing"), ("warn", "reading.id_foreign")]


def test_a_foreign_number_with_a_wrong_check_digit_is_only_noted() -> None:
    lines = [*LETTER, *lines_of("999999199003078811")]
    assert said(lines, expected()) == [("note", "reading.id_foreign")]


def test_a_name_that_differs_is_shown_with_both_readings() -> None:
    (found,) = cross_check(LETTER, expected(persons=(("王晓明", ONE), ("欧阳文博", TWO))), is_citizen_id=bool)
    assert (found.code.value, found.values) == (
        "reading.name_differs",
        {"id18": ONE, "expected": "王晓明", "read": "王小明"},
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "望江派出所"}, "reading.sender_differs"),
        ({"letter_number": "皖公广桃户函〔2026〕18号"}, "reading.number_differs"),
        ({"latest": date(2026, 11, 23)}, "reading.date_differs"),
        ({"earliest": date(2026, 11, 25)}, "reading.date_differs"),
    ],
)
def test_unit_number_and_date_are_compared(changes: dict[str, object], code: str) -> None:
    assert said(LETTER, expected(**changes)) == [("note", "reading.agrees"), ("warn", code)]


def test_a_date_that_does_not_exist_cannot_be_right() -> None:
    lines = [*LETTER[:-1], *lines_of("2026年13月40日")]
    assert ("warn", "reading.date_differs") in said(lines, expected())


@given(
    st.lists(st.text(max_size=40) | st.sampled_from([ONE, TWO, "姓名", "派出所:", "2026年2月30日", "|"]), max_size=12)
)
def test_any_lines_are_read_and_compared(texts: list[str]) -> None:
    lines = lines_of(*texts)
    read_fields(lines)
    assert cross_check(lines, expected(), is_citizen_id=bool)
