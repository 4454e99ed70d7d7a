"""`hanxun demo` without --once: desks with a day's work, links that work once, headers everywhere, an end without leftovers."""

import http.client
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.pages.headers import POLICY
from tests.stories.played import STOPS_WITHIN_S, Played, a_demo, running_in

pytestmark = pytest.mark.long
READY_WITHIN_S = 120.0


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with a_demo(tmp_path_factory.mktemp("desks")) as demo:
        yield demo


def get(url: str, *, method: str = "GET", cookie: str = "", host: str = "") -> http.client.HTTPResponse:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    headers = {"Cookie": cookie} | ({"Host": host} if host else {})
    connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=headers)
    return connection.getresponse()


def cookie_of(response: http.client.HTTPResponse) -> str:
    (set_,) = (value for name, value in response.getheaders() if name == "Set-Cookie" and "language" not in value)
    return set_.partition(";")[0]


def text_of(response: http.client.HTTPResponse) -> str:
    return response.read().decode()


def signed_in(link: str) -> tuple[str, str]:
    """Follow a link; return the desk's address and the session's cookie."""
    response = get(link)
    assert (response.status, response.getheader("Location")) == (303, "/desk")
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}", cookie_of(response)


def test_it_is_ready_in_two_minutes_with_links_for_officers_and_an_auditor(played: Played) -> None:
    assert played.took_s < READY_WITHIN_S
    assert all(len(played.links(role)) >= 1 for role in ("window", "head", "custodian", "auditor", "administrator"))


def test_a_link_signs_in_once(played: Played) -> None:
    link = played.links("custodian")[0]
    url, cookie = signed_in(link)
    assert "孙七" in text_of(get(f"{url}/desk", cookie=cookie))
    again = get(link)
    assert again.status == 422
    assert "demo.link" in text_of(again)


def test_an_auditors_link_opens_the_hubs_desk(played: Played) -> None:
    url, cookie = signed_in(played.links("auditor")[0])
    assert "冯察" in text_of(get(f"{url}/desk", cookie=cookie))


def test_a_days_work_waits_on_the_desks(played: Played) -> None:
    """A returned C06, a corrected C04, a letter about three people, a late one, a name with a rare character."""
    url, cookie = signed_in(played.links("window")[1])
    inbox = text_of(get(f"{url}/inbox?tab=all", cookie=cookie))
    assert "已办结" in inbox
    assert "迟发" in inbox
    assert "待签收" in inbox
    assert "\U0002c35b" in inbox
    cases = sorted(set(re.findall(r"/cases/(C0[46]-[0-9-]+)", inbox)))
    pages = {case: text_of(get(f"{url}/cases/{case}", cookie=cookie)) for case in cases}
    assert (
        sum(
            page.count("刘建国") > 0 and page.count("陈秀英") > 0 and page.count("刘子涵") > 0
            for page in pages.values()
        )
        == 1
    )
    assert {case[:3] for case in cases} == {"C04", "C06"}


def test_every_answer_has_the_policy_errors_included(played: Played) -> None:
    for desk in played.said["desks"]:
        url = desk["url"]
        answers = [
            get(f"{url}/"),
            get(f"{url}/sign-in"),
            get(f"{url}/desk"),
            get(f"{url}/no-such-page"),
            get(f"{url}/demo/nonsense"),
            get(f"{url}/sign-in", method="POST"),
            get(f"{url}/sign-in", method="BREW"),
            get(f"{url}/static/desk.css"),
            get(f"{url}/sign-in", host="evil.example"),
        ]
        for answer in answers:
            assert answer.getheader("Content-Security-Policy") == POLICY, (answer.status, url)
        assert [answer.status for answer in answers][3:5] == [404, 422]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process_within_ten_seconds(number: signal.Signals, tmp_path: Path) -> None:
    with a_demo(tmp_path) as demo:
        assert len(demo.children) == 7, "hub, three agents, three desks"
        assert demo.end(number) < STOPS_WITHIN_S
        assert running_in(demo.folder) == []
