"""Time limits, their explanations, and late letters."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cases.calendar import Calendar, default_calendar, load_calendar
from hub.cases.catalogue import ClockKind, default_catalogue
from hub.cases.clocks import Due, SiteHours, due_at, explain, recompute
from hub.cases.late import judge_late, require_reason_if_late
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.cases.builders import a_c06_inquiry, beijing_time

CALENDAR = default_calendar()
HOURS = SiteHours()
C06 = default_catalogue().case_type("C06")


def due(kind: ClockKind, limit: int, start: str, calendar: Calendar = CALENDAR, hours: SiteHours = HOURS) -> Due:
    return due_at(kind, limit, beijing_time(start), calendar, hours)


def test_vector_1_a_letter_found_before_midnight_and_sent_after_it_is_late_and_needs_a_reason() -> None:
    body = a_c06_inquiry(discovered_at="2026-09-30T15:50:00Z", move_date="2026-09-29")
    sent_at = beijing_time("2026-10-01 00:05:00")
    (judged,) = judge_late(C06, body, sent_at=sent_at, calendar=CALENDAR, hours=HOURS)
    assert judged.late
    assert judged.due.at == beijing_time("2026-09-30 23:59:59")
    with pytest.raises(Refused) as refused:
        require_reason_if_late(C06, body, sent_at=sent_at, calendar=CALENDAR, hours=HOURS)
    assert (refused.value.code, refused.value.field) == (Code.LATE_NEEDS_REASON, "/body/late_reason")
    (judged,) = require_reason_if_late(
        C06, body | {"late_reason": "扫描仪故障"}, sent_at=sent_at, calendar=CALENDAR, hours=HOURS
    )
    assert (judged.late, judged.reason) == (True, "扫描仪故障")


def test_a_letter_sent_in_the_last_second_of_the_day_is_in_time() -> None:
    body = a_c06_inquiry(discovered_at="2026-09-30T15:50:00Z", move_date="2026-09-29")
    sent_at = beijing_time("2026-09-30 23:59:59.999999")
    (judged,) = require_reason_if_late(C06, body, sent_at=sent_at, calendar=CALENDAR, hours=HOURS)
    assert not judged.late


def test_vector_2_three_working_days_from_30_september_2026_end_on_a_worked_saturday() -> None:
    three = due(ClockKind.WORKING_DAY, 3, "2026-09-30 10:00:00")
    assert three.at == beijing_time("2026-10-10 23:59:59")
    assert not three.estimated
    text = explain(three)
    assert "2026-10-01 周四,国庆节休 不计" in text
    assert "2026-10-10 周六,调休上班 计 第3个工作日" in text
    assert text.endswith("截止:2026-10-10 23:59:59 北京时间")
    assert len(three.explanation) == 11


def test_vector_3_a_missing_year_is_estimated_flagged_and_counted_again_when_it_is_loaded() -> None:
    before = due(ClockKind.WORKING_DAY, 3, "2026-12-30 10:00:00")
    assert before.at == beijing_time("2027-01-04 23:59:59")
    assert before.estimated_years == (2027,)
    assert "2027 年节假日数据缺失" in explain(before)
    loaded = load_calendar(
        {
            "2027.toml": 'year = 2027\nmake_up = []\n[[holidays]]\nzh = "元旦"\nfirst = 2027-01-01\nlast = 2027-01-03'.encode()
        }
    )
    both = Calendar(CALENDAR.years | loaded.years, {**CALENDAR.off, **loaded.off}, CALENDAR.make_up | loaded.make_up)
    change = recompute(before, both, HOURS)
    assert change.moved
    assert (change.before.at, change.after.at) == (before.at, beijing_time("2027-01-05 23:59:59"))
    assert not change.after.estimated


@pytest.mark.parametrize(
    ("kind", "limit", "start", "end"),
    [
        (ClockKind.WALL_MINUTE, 2, "2026-10-01 23:59:00", "2026-10-02 00:01:00"),
        (ClockKind.CALENDAR_DAY, 0, "2026-10-01 00:00:00", "2026-10-01 23:59:59"),
        (ClockKind.CALENDAR_DAY, 2, "2026-12-30 12:00:00", "2027-01-01 23:59:59"),
        (ClockKind.WORKING_DAY, 1, "2026-11-27 09:00:00", "2026-11-30 23:59:59"),
        (ClockKind.SITE_CLOSING, 0, "2026-11-24 10:00:00", "2026-11-24 17:30:00"),
        (ClockKind.SITE_CLOSING, 0, "2026-11-24 17:31:00", "2026-11-25 17:30:00"),
        (ClockKind.SITE_CLOSING, 0, "2026-11-28 10:00:00", "2026-11-30 17:30:00"),
        (ClockKind.WORKING_HOUR, 2, "2026-11-24 09:00:00", "2026-11-24 11:00:00"),
        (ClockKind.WORKING_HOUR, 2, "2026-11-24 11:00:00", "2026-11-24 15:00:00"),
        (ClockKind.WORKING_HOUR, 2, "2026-11-27 17:00:00", "2026-11-30 10:00:00"),
        (ClockKind.WORKING_HOUR, 2, "2026-11-24 12:30:00", "2026-11-24 16:00:00"),
        (ClockKind.WORKING_HOUR, 2, "2026-11-24 06:00:00", "2026-11-24 10:30:00"),
        (ClockKind.WORKING_HOUR, 2, "2026-09-30 20:00:00", "2026-10-08 10:30:00"),
        (ClockKind.WORKING_MINUTE, 30, "2026-11-24 17:20:00", "2026-11-25 08:50:00"),
    ],
)
def test_each_kind_counts_its_own_way(kind: ClockKind, limit: int, start: str, end: str) -> None:
    assert due(kind, limit, start).at == beijing_time(end)


def test_a_window_without_a_lunch_break_counts_through() -> None:
    hours = SiteHours(opens=time(9), lunch_begins=time(12), lunch_ends=time(12), closes=time(17))
    assert due(ClockKind.WORKING_HOUR, 2, "2026-11-24 11:00:00", hours=hours).at == beijing_time("2026-11-24 13:00:00")


def test_estimation_is_told_only_where_a_missing_year_matters() -> None:
    assert due(ClockKind.CALENDAR_DAY, 2, "2026-12-31 12:00:00").estimated_years == ()
    assert due(ClockKind.WORKING_DAY, 1, "2026-12-31 12:00:00").estimated_years == (2027,)
    assert due(ClockKind.WORKING_DAY, 1, "2026-12-30 12:00:00").estimated_years == ()


INSTANTS = st.integers(1451606400, 1843430400).map(lambda seconds: datetime.fromtimestamp(seconds + 0.5, UTC))


@settings(max_examples=150)
@given(st.sampled_from(list(ClockKind)), INSTANTS, st.integers(0, 60 * 24 * 20), st.integers(0, 12), st.integers(0, 5))
def test_a_later_start_or_a_longer_limit_never_ends_earlier(
    kind: ClockKind, start: datetime, minutes: int, limit: int, more: int
) -> None:
    first = due_at(kind, limit, start, CALENDAR, HOURS)
    assert first.at >= start.replace(microsecond=0)
    assert not first.is_late(start)
    assert due_at(kind, limit, start + timedelta(minutes=minutes), CALENDAR, HOURS).at >= first.at
    assert due_at(kind, limit + more, start, CALENDAR, HOURS).at >= first.at
    days = [line.day for line in first.explanation]
    assert days == sorted(set(days))
    assert explain(first)
