"""Working days."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.calendar import default_calendar, load_calendar
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

CALENDAR = default_calendar()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors/calendar/working_days.json").read_text())["years"]


@pytest.mark.parametrize("year", sorted(VECTORS))
def test_every_day_agrees_with_an_independent_library(year: str) -> None:
    for number, working in enumerate(VECTORS[year]):
        day = date(int(year), 1, 1) + timedelta(days=number)
        assert CALENDAR.is_working_day(day) == (working == "1"), day
        assert CALENDAR.note(day).working == CALENDAR.is_working_day(day)
        assert CALENDAR.knows(day)


def test_a_day_says_why_it_is_off_or_worked() -> None:
    assert CALENDAR.note(date(2026, 10, 1)).reason == "周四,国庆节休"
    assert CALENDAR.note(date(2026, 10, 10)).reason == "周六,调休上班"
    assert "估算" in CALENDAR.note(date(2027, 1, 4)).reason


@given(st.dates(date(2016, 1, 1), date(2030, 12, 31)), st.integers(0, 40))
def test_working_days_are_added_one_by_one(start: date, count: int) -> None:
    end = CALENDAR.add_working_days(start, count)
    passed = [start + timedelta(days=number) for number in range(1, (end - start).days + 1)]
    assert sum(CALENDAR.is_working_day(day) for day in passed) == count
    assert count == 0 or CALENDAR.is_working_day(end)


@pytest.mark.parametrize(
    "text",
    [
        "year = 2027\nmake_up = [2026-01-03]\nholidays = []",
        "year = 2027\nmake_up = [2027-01-04]\nholidays = []",
        'year = 2027\nmake_up = []\n[[holidays]]\nzh = "元旦"\nfirst = 2027-01-03\nlast = 2027-01-01',
        'year = 2027\nmake_up = []\n[[holidays]]\nzh = "元旦"\nfirst = 2027-01-03\nlast = 2028-01-01',
        "year = 2027\nmakeup = []\nholidays = []",
    ],
)
def test_a_file_that_cannot_be_right_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        load_calendar({"2027.toml": text.encode()})
    assert refused.value.code is Code.CONFIG_INVALID
    assert "2027.toml" in (refused.value.detail or "")
