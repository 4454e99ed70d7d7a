"""Forms from the catalogue: what is shown, and what comes back as a message's body."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.body import check_body
from hub.cases.catalogue import default_catalogue
from hub.pages.wording import Words
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from station_agent.web.forms import body_of, has_input, inputs_of, instant_of, name_of_pointer, values_of, with_error
from station_agent.web.wording import PACKAGE

C06, C04 = (default_catalogue().case_type(code) for code in ("C06", "C04"))
ZH = Words("zh", PACKAGE)


def test_a_body_comes_back_as_it_was_shown() -> None:
    body = {
        "letter_kind": "错迁说明函",
        "persons": [
            {
                "name": "张三",
                "id18": "341824199003078810",
                "relation": "本人",
                "original_address": "甲",
                "mistaken_address": "乙",
            },
            {
                "name": "李四",
                "id18": "11010519491231002X",
                "relation": "妻",
                "original_address": "甲",
                "mistaken_address": "乙",
            },
        ],
        "move_date": "2026-11-20",
        "discovered_at": "2026-11-24T02:03:00.000Z",
        "cause": "同名",
        "citizen_informed": True,
    }
    rules = C06.messages[Kind.INQUIRY].fields
    again = body_of(rules, values_of(body))
    assert {key: again[key] for key in body} == body


def test_what_a_condition_rules_out_is_left_out() -> None:
    rules = C06.messages[Kind.REPLY].fields
    values = {"outcome": "拟办中", "expected_at": "2026-11-25T09:30", "serial": "HQ1", "reason_code": "R1"}
    assert body_of(rules, values) == {"outcome": "拟办中", "expected_at": "2026-11-25T01:30:00.000Z"}


def test_an_unticked_box_is_no_and_stands_in_the_body() -> None:
    body = body_of(C06.messages[Kind.CLOSE].fields, {"booklet": "未发放", "archive_number": "D1"})
    assert body["record_gone"] is False
    assert body["citizen_informed"] is False


def test_a_digest_that_names_no_file_is_left_to_the_program() -> None:
    names = {each.name for each in inputs_of(C06.messages[Kind.REPLY].fields, {}, ZH)}
    assert "evidence" not in names
    assert {"outcome", "serial", "expected_at", "reason_code", "text"} <= names


def test_a_field_that_depends_on_another_says_so() -> None:
    serial = next(each for each in inputs_of(C06.messages[Kind.REPLY].fields, {}, ZH) if each.name == "serial")
    assert (serial.shown_if, serial.shown_for) == ("outcome", "已回迁")


def test_an_error_lands_at_its_own_input() -> None:
    rules = C06.messages[Kind.INQUIRY].fields
    values = {"persons.0.id18": "341824199003078811", "persons.1.id18": "11010519491231002X"}
    inputs = inputs_of(rules, values, ZH)
    name = name_of_pointer("/body/persons/0/id18")
    assert has_input(inputs, name)
    persons = next(each for each in with_error(inputs, name, "校验位不正确") if each.name == "persons")
    assert [[inner.error for inner in row if inner.key == "id18"] for row in persons.rows] == [["校验位不正确"], [""]]


def test_a_time_is_beijings() -> None:
    assert instant_of("2026-01-01T00:30") == "2025-12-31T16:30:00.000Z"
    assert instant_of("yesterday") == "yesterday"


@pytest.mark.parametrize("case_type", [C06, C04], ids=lambda case_type: case_type.code)
@given(values=st.dictionaries(st.text(max_size=24), st.text(max_size=40), max_size=12))
def test_whatever_is_posted_becomes_a_body_that_is_judged(case_type: object, values: dict[str, str]) -> None:
    for kind in (Kind.REPLY, Kind.CLOSE, Kind.INQUIRY):
        rule = case_type.messages[kind]  # type: ignore[attr-defined]
        posted = values | {f"{name}.0.x": "1" for name in rule.fields} | dict.fromkeys(rule.fields, "999")
        body = body_of(rule.fields, posted)
        with contextlib.suppress(Refused):
            check_body(case_type, kind, body, (), today=datetime.now(UTC).date())  # type: ignore[arg-type]
        inputs_of(rule.fields, posted, ZH)
