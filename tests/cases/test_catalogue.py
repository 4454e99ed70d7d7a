"""The catalogue's files."""

from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cases.catalogue import Catalogue, ClockKind, default_catalogue, load_catalogue
from hub.cases.machine import default_machine
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused

FOLDER = files("config") / "case_types"
TOMLS = {entry.name: entry.read_bytes() for entry in FOLDER.iterdir() if entry.name.endswith(".toml")}


def detail_of(tomls: dict[str, bytes]) -> str:
    with pytest.raises(Refused) as refused:
        load_catalogue(tomls)
    assert refused.value.code is Code.CONFIG_INVALID
    return refused.value.detail or ""


def changed(old: str, new: str) -> dict[str, bytes]:
    text = TOMLS["C06.toml"].decode()
    assert old in text
    return {**TOMLS, "C06.toml": text.replace(old, new, 1).encode()}


def test_c06_and_c04_ship_with_every_kind_of_message() -> None:
    for code in ("C06", "C04"):
        assert set(default_catalogue().case_type(code).messages) == set(Kind)


def test_the_same_day_clock_of_the_notice_is_there() -> None:
    clock = default_catalogue().case_type("C06").clock("letter_sent")
    assert (clock.kind, clock.limit, clock.basis, clock.paused) == (ClockKind.CALENDAR_DAY, 0, "N", False)


def test_clocks_start_and_stop_at_events_of_the_case_machine() -> None:
    events = set(default_machine("case").rules.events)
    for case_type in default_catalogue().types.values():
        for clock in case_type.clocks:
            assert clock.stops_at_event in events
            assert clock.starts_at_event is None or clock.starts_at_event in events


def test_outcomes_that_need_the_gate_are_outcomes() -> None:
    for case_type in default_catalogue().types.values():
        outcomes = case_type.message(Kind.REPLY).fields["outcome"].one_of
        assert set(case_type.outcomes_through_gate) <= set(outcomes)
        assert not any("群众" in outcome for outcome in outcomes)


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused) as refused:
        Catalogue().case_type("C99")
    assert refused.value.code is Code.CASE_TYPE_UNKNOWN


def test_a_misspelt_key_is_refused_with_the_nearest_known_one() -> None:
    detail = detail_of(changed("auto_close_working_days", "auto_close_workingdays"))
    assert "C06.toml" in detail
    assert "`auto_close_working_days`" in detail


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"choice", one_of = ["错迁说明函"]', '"text", one_of = ["错迁说明函"]', "choice"),
        ('type = "list"', 'type = "text"', "fields"),
        ('unique = "id18"', 'unique = "id15"', "unique"),
        ('field = "outcome", is = ["已回迁"]', 'field = "result", is = ["已回迁"]', "result"),
        ('starts_at_field = "discovered_at"', 'starts_at_field = "found_at"', "found_at"),
        ('starts_at_field = "discovered_at"', "", "starts_at"),
        ("[messages.inquiry", "[messages.query", "query"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_at_load(old: str, new: str, says: str) -> None:
    assert says in detail_of(changed(old, new))


def test_the_same_code_twice_and_a_missing_shared_file_are_refused() -> None:
    assert "twice" in detail_of({**TOMLS, "C06b.toml": TOMLS["C06.toml"]})
    assert "shared.toml" in detail_of({"C06.toml": TOMLS["C06.toml"]})


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_accepted_or_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        load_catalogue({**TOMLS, "C77.toml": raw})
