"""The demo's links that are signed in: once, for a quarter of an hour, from this machine; and nowhere but in the demo."""

from datetime import UTC, datetime, timedelta

import pytest

from hanxun.demo.links import LASTS, PATH, Links, with_links
from hub.pages.routing import Rule
from hub.pages.sessions import Sessions
from hub.pages.visit import SignedIn, Visit
from hub.pages.wording import ZH, Words
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.web.desk.server import PAGES as HUB_PAGES
from station_agent.people import Person
from station_agent.web.server import PAGES as STATION_PAGES
from tests.station.scene import a_scene

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def sessions() -> Sessions[Person]:
    return Sessions(b"key", in_force=lambda _person, _now: True)


def a_visit(link: str, *, now: datetime = NOW, address: str = "127.0.0.1") -> Visit[Person]:
    ticket = link.rpartition("/")[2]
    words = Words(ZH, "station_agent.web")
    return Visit("GET", link, now, words, params={"ticket": ticket}, address=address)


def refused(links: Links[None, Person], visit: Visit[Person]) -> Code:
    with pytest.raises(Refused) as caught:
        links.follow(None, visit)
    return caught.value.code


def test_a_link_opens_a_session_of_its_officer_once() -> None:
    open_, head = sessions(), a_scene().head
    links: Links[None, Person] = Links(open_)
    link = links.make(head, now=NOW)
    answer = links.follow(None, a_visit(link))
    assert isinstance(answer, SignedIn)
    session = open_.find(answer.token, now=NOW, acts=True)
    assert session is not None
    assert session.person is head
    assert refused(links, a_visit(link)) is Code.DEMO_LINK


def test_a_link_ends_after_a_quarter_of_an_hour() -> None:
    links: Links[None, Person] = Links(sessions())
    link = links.make(a_scene().head, now=NOW)
    assert timedelta(minutes=15) == LASTS
    assert refused(links, a_visit(link, now=NOW + LASTS)) is Code.DEMO_LINK


def test_from_another_machine_a_link_opens_nothing_and_stays_good_for_this_one() -> None:
    links: Links[None, Person] = Links(sessions())
    link = links.make(a_scene().head, now=NOW)
    for address in ("192.0.2.7", "::ffff:192.0.2.7", "", "nonsense"):
        assert refused(links, a_visit(link, address=address)) is Code.DEMO_LINK
    assert isinstance(links.follow(None, a_visit(link, address="::1")), SignedIn)


def test_a_made_up_link_opens_nothing() -> None:
    links: Links[None, Person] = Links(sessions())
    links.make(a_scene().head, now=NOW)
    for ticket in ("", "x", "A" * 32):
        assert refused(links, a_visit(f"/demo/{ticket}")) is Code.DEMO_LINK


def test_no_desk_outside_the_demo_has_such_an_address() -> None:
    for pages in (STATION_PAGES, HUB_PAGES):
        assert [route.path for route in pages.routes if "demo" in route.path or "ticket" in route.path] == []
        with_them = with_links(pages, Links(sessions()))  # type: ignore[arg-type]
        added = with_them.routes[len(pages.routes) :]
        assert [(route.method, route.path, route.rule) for route in added] == [("GET", PATH, Rule.PUBLIC)]
