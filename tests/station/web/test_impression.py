"""O10's second picture: the impression on the letter beside the registered ones, on the page as served functions make it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.pages.templates import render
from hub.pages.visit import Visit
from hub.pages.wording import Words
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, digest_of
from station_agent.web import wording
from station_agent.web.desk import Desk
from station_agent.web.pages.impression import impression_part, impression_picture
from station_agent.web.server import make_desk
from station_agent.web.visit import File, Html
from tests.exchange.builders import now_utc
from tests.letters.compare.stamps import a_stamp, printed
from tests.station.desks import PASSPHRASE, World, a_world
from tests.station.test_specimens import CLEAN, OTHER, a_page_with, received, registered

STAMPED = a_page_with(printed(a_stamp(), degrees=25))


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Two desks around a hub; the opener's letters bear a stamp."""
    monkeypatch.setattr("tests.station.desks.a_scan", lambda: STAMPED)
    async with a_world(tmp_path) as world:
        yield world


def no_register() -> object:
    raise Refused(Code.DESK_NOT_FOUND)


def a_desk(world: World) -> Desk:
    return make_desk(world.origin.agent, PASSPHRASE, register=no_register)  # type: ignore[arg-type]


def asked(case: CaseId, language: str = "zh", **params: str) -> Visit:
    """A visit to the page of `case`."""
    path = {"case": case} | {name: value for name, value in params.items() if name != "query"}
    query = {"specimen": params["query"]} if "query" in params else {}
    return Visit("GET", "/", now_utc(), Words(language, wording.PACKAGE), params=path, query=query)


def html(desk: Desk, visit: Visit) -> str:
    """The part as it is sent."""
    answer = impression_part(desk, visit)
    assert isinstance(answer, Html)
    return render(wording.PACKAGE, answer.template, {"page": answer.page, "t": visit.words})


async def test_the_page_shows_both_the_overlay_what_is_said_and_how_often_it_errs(world: World) -> None:
    registered(world, CLEAN, OTHER)
    case = await received(world)
    desk = a_desk(world)
    for chosen in (CLEAN, OTHER):
        shown = html(desk, asked(case, query=digest_of(chosen)))
        for picture in ("specimen", "impression", "overlay", "crop"):
            assert f"/cases/{case}/impression/{digest_of(chosen)}/{picture}" in shown
            answer = impression_picture(desk, asked(case, specimen=digest_of(chosen), picture=picture))
            assert isinstance(answer, File)
            assert answer.raw.startswith(b"\x89PNG")
    assert "程序提示" in shown
    assert "真印被说成不同" in shown
    assert "一字之差" in shown
    assert shown.count('aria-current="true"') == 1
    # Advisory: no colour or word of a verdict.
    assert "通过" not in shown
    assert "result-" not in shown


async def test_a_station_without_impressions_has_an_empty_state_that_says_what_to_do(world: World) -> None:
    case = await received(world)
    shown = html(a_desk(world), asked(case))
    assert "没有在中心登记印模" in shown
    assert f"/cases/{case}/impression/none/crop" in shown
    english = html(a_desk(world), asked(case, language="en"))
    assert "has registered no impression" in english


async def test_another_picture_or_specimen_than_there_is_is_not_found(world: World) -> None:
    registered(world, CLEAN)
    case = await received(world)
    desk = a_desk(world)
    for specimen, picture in ((digest_of(OTHER), "overlay"), (digest_of(CLEAN), "comparison"), ("none", "overlay")):
        with pytest.raises(Refused) as refused:
            impression_picture(desk, asked(case, specimen=specimen, picture=picture))
        assert refused.value.code is Code.DESK_NOT_FOUND
