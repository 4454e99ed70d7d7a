"""The directory, escalation, scope, letter numbers."""

from datetime import date, timedelta
from importlib.resources import files

import pytest

from hub.cases.calendar import default_calendar
from hub.cases.catalogue import ClockKind, Scope, default_catalogue
from hub.cases.clocks import SiteHours, due_at
from hub.cases.escalation import plan_escalation
from hub.cases.machine import Actor
from hub.cases.stations import default_sites, load_sites
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.cases.builders import beijing_time

SITES = default_sites()
GUANGDE, SUSONG, XUANCHENG_STATION = "341882510000", "340826520000", "341802500000"
PROVINCE, XUANCHENG = "340000000000", "341800000000"
RAW = (files("config") / "stations.toml").read_bytes()


def test_vector_4_an_overdue_site_of_guangde_escalates_to_the_province_and_not_to_xuancheng() -> None:
    due = due_at(ClockKind.WORKING_DAY, 1, beijing_time("2026-09-30 10:00:00"), default_calendar(), SiteHours())
    rule = default_catalogue().case_type("C04").escalation
    plan = plan_escalation(due, rule, site_code=GUANGDE, sites=SITES, calendar=default_calendar())
    assert [(step.site.code, step.role) for step in plan] == [
        (GUANGDE, Actor.HEAD),
        ("341882000000", Actor.ADMINISTRATOR),
        (PROVINCE, Actor.ADMINISTRATOR),
    ]
    assert XUANCHENG not in {step.site.code for step in plan}
    assert plan[1].at == beijing_time("2026-10-09 00:00:00")
    assert plan[2].at == beijing_time("2026-10-10 00:00:00")
    assert XUANCHENG in {site.code for site in SITES.parents(XUANCHENG_STATION)}


def test_the_head_hears_of_an_unsent_letter_two_hours_before_midnight() -> None:
    case_type = default_catalogue().case_type("C06")
    due = due_at(ClockKind.CALENDAR_DAY, 0, beijing_time("2026-09-30 10:00:00"), default_calendar(), SiteHours())
    plan = plan_escalation(due, case_type.escalation, site_code=GUANGDE, sites=SITES, calendar=default_calendar())
    assert plan[0].at == due.at - timedelta(hours=2)


def test_vector_17_a_site_outside_the_province_is_refused_with_the_words_of_the_notice() -> None:
    with pytest.raises(Refused) as refused:
        SITES.require_in_scope(Scope.PROVINCE, "320102510000", field="/to")
    assert (refused.value.code, refused.value.field) == (Code.SITE_OUT_OF_SCOPE, "/to")
    assert "具有安徽省户籍的居民在省内办理户口迁移" in refused.value.text.zh
    SITES.require_in_scope(Scope.PROVINCE, SUSONG)
    with pytest.raises(Refused) as refused:
        SITES.require_in_scope(Scope.PROVINCE, "349999999999")
    assert refused.value.code is Code.SITE_UNKNOWN


def test_vector_20_a_renamed_site_shows_the_name_and_code_valid_on_the_letters_date() -> None:
    site = SITES.site(GUANGDE)
    assert site.name_on(date(2019, 8, 31)) == "广德县公安局桃州派出所"
    assert site.name_on(date(2019, 9, 1)) == site.name_on(date(2026, 11, 24)) == "广德市公安局桃州派出所"
    assert (site.code_on(date(2018, 1, 1)), site.code_on(date(2026, 1, 1))) == ("341822510000", GUANGDE)
    assert SITES.site("341822510000") is site


def test_the_common_parent_is_the_nearest_one() -> None:
    assert SITES.common_parent(GUANGDE, XUANCHENG_STATION) is SITES.site(PROVINCE)
    assert SITES.common_parent(XUANCHENG_STATION, "341800900000") is SITES.site(XUANCHENG)


def test_a_site_takes_part_from_its_enable_date() -> None:
    assert not SITES.site(GUANGDE).is_enabled(date(2017, 9, 30))
    assert SITES.site(GUANGDE).is_enabled(date(2017, 10, 1))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('parent = "341882000000"', 'parent = "341883000000"', "unknown parent"),
        ('kind = "province"', 'kind = "province"\nparent = "341800000000"', "ring"),
        ('code = "340826520000"', 'code = "341822510000"', "twice"),
        ("closes = 17:30:00", "closes = 07:30:00", "hours"),
        ('letter_word = "宣济"', 'leter_word = "宣济"', "`letter_word`"),
    ],
)
def test_a_directory_that_cannot_be_right_is_refused(old: str, new: str, says: str) -> None:
    text = RAW.decode()
    assert old in text
    with pytest.raises(Refused) as refused:
        load_sites(text.replace(old, new, 1).encode())
    assert refused.value.code is Code.CONFIG_INVALID
    assert says in (refused.value.detail or "")
