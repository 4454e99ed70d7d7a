"""What a diagnosis says, and that nothing of a case or person is in what is handed on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.cases.calendar import Calendar, default_calendar
from hub.pages.wording import LANGUAGES, Words
from station_agent.desk.draft import draft
from station_agent.diagnostics import Diagnosis, diagnose, package
from station_agent.web.pages.diagnostics import page_of
from station_agent.web.wording import PACKAGE
from tests.exchange.builders import a_province, now_utc
from tests.station.desks import OPENER, ORIGIN, Desk, a_desk, a_world
from tests.station.scene import PERSON, a_body, a_scene

LATER = {"letter_number", "original_attested", "pages", "late_reason"}
BODY = {key: value for key, value in a_body().items() if key not in LATER}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = a_desk(a_province(), tmp_path / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)
    yield made
    made.agent.close()


def states(found: Diagnosis) -> dict[str, str]:
    return {each.key: each.state for each in found.findings}


def test_a_station_that_never_reached_the_hub_is_told_so(desk: Desk) -> None:
    found = states(diagnose(desk.agent, calendar=default_calendar(), now=now_utc()))
    assert found["connection_never"] == "bad"
    assert (found["clock_unknown"], found["disk"], found["scans_none"]) == ("watch", "good", "good")


async def test_a_station_in_order_is_well_and_one_whose_lists_are_old_is_not(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.opener.sync()
        agent, now = world.opener.agent, now_utc()
        found = states(diagnose(agent, calendar=default_calendar(), now=now))
        assert "bad" not in found.values(), found
        later = states(diagnose(agent, calendar=Calendar(), now=now + timedelta(hours=25)))
        assert {key for key, state in later.items() if state == "bad"} >= {"connection_away", "crl", "calendar_missing"}


def test_what_is_handed_on_names_no_case_and_nobody(desk: Desk) -> None:
    case = draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=BODY, now=now_utc())
    handed_on = package(diagnose(desk.agent, calendar=default_calendar(), now=now_utc())).decode()
    people = (desk.window.number, desk.window.certified.name, desk.head.number, desk.custodian.number)
    for word in (case, PERSON["name"], PERSON["id18"], ORIGIN, *people):
        assert word not in handed_on


def test_everything_looked_at_has_its_words(desk: Desk) -> None:
    found = diagnose(desk.agent, calendar=Calendar(), now=now_utc())
    for language in LANGUAGES:
        page = page_of(found, Words(language, PACKAGE))
        assert [line.state for line in page.lines] == sorted(
            (line.state for line in page.lines), key="bad watch good".index
        )
        assert not [line for line in page.lines if "{" in line.says]
