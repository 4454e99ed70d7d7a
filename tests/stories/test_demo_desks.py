"""`hanxun demo` without --once: desks with a day's work, links that work once, headers everywhere, an end without leftovers."""

import http.client
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.pages.headers import POLICY
from hub.web.desk.routes import ROUTES as HUB_ROUTES
from station_agent.web.routes import ROUTES as STATION_ROUTES
from tests.station.scene import a_scan
from tests.stories.browsing import a_page, faults_everywhere, needs_chromium, press
from tests.stories.played import STOPS_WITHIN_S, Played, a_demo, get, running_in
from tests.stories.walk import Walk, a_browser, in_language, settled

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with a_demo(tmp_path_factory.mktemp("desks")) as demo:
        yield demo


def text_of(response: http.client.HTTPResponse) -> str:
    return response.read().decode()


def test_links_for_officers_and_an_auditor_are_there_before_the_stories_begin(played: Played) -> None:
    told = (played.folder.parent / "demo.log").read_text("utf-8")
    assert told.index(played.link("011003")) < told.index(played.link("900003")) < told.index("\n一、")
    assert all(len(played.links(role)) >= 1 for role in ("window", "head", "custodian", "auditor", "administrator"))


def test_a_link_signs_in_once(played: Played) -> None:
    url, cookie = played.session("011003")
    assert "孙七" in text_of(get(f"{url}/desk", cookie=cookie))
    again = get(played.link("011003"))
    assert again.status == 422
    assert "demo.link" in text_of(again)


def test_an_auditors_link_opens_the_hubs_desk(played: Played) -> None:
    url, cookie = played.session("900003")
    assert "冯察" in text_of(get(f"{url}/desk", cookie=cookie))


def test_a_days_work_waits_on_the_desks(played: Played) -> None:
    """A returned C06, a corrected C04, a letter about three people, a late one, a name with a rare character."""
    url, cookie = played.session("022001")
    inbox = text_of(get(f"{url}/inbox?tab=all", cookie=cookie))
    assert "已办结" in inbox
    assert "迟发" in inbox
    assert "待签收" in inbox
    cases = sorted(set(re.findall(r"/cases/(C0[46]-[0-9-]+)", inbox)))
    pages = {case: text_of(get(f"{url}/cases/{case}", cookie=cookie)) for case in cases}
    assert (
        sum(
            page.count("刘建国") > 0 and page.count("陈秀英") > 0 and page.count("刘子涵") > 0
            for page in pages.values()
        )
        == 1
    )
    assert sum("\U0002c35b" in page for page in pages.values()) == 1
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@needs_chromium
def test_an_auditor_finds_a_case_checks_it_and_takes_its_evidence_away(
    played: Played, browser: Browser, tmp_path: Path
) -> None:
    url, cookie = played.session("900003")
    with signed_in(browser, url, cookie) as page:
        page.goto(f"{url}/desk")
        press(page, page.locator(".places a[href='/cases']"))
        page.fill("[name=term]", "C06-349911500000-2026-000001")
        page.click("form[action='/cases/search'] button")
        row = page.locator(".case-row")
        expect(row).to_have_count(1)
        assert "李四" not in page.content()
        row.locator(".case-link").click()
        expect(page.locator("main")).not_to_contain_text("999999188502030011")
        page.click("form[action$='/check'] button")
        expect(page.locator(".headline").first).to_contain_text("已证明")
        # Seeing the letter's content needs a reason, and leaves a trace.
        page.click("details.act:has(form[action$='/reveal']) summary")
        page.fill("form[action$='/reveal'] [name=reason]", "抽查错迁办理质量")
        page.click("form[action$='/reveal'] button")
        expect(page.locator("main")).to_contain_text("李四")
        expect(page.locator("main")).to_contain_text("抽查错迁办理质量")
        page.click("details.act:has(form[action$='/evidence']) summary")
        page.fill("form[action$='/evidence'] [name=reason]", "存入抽查档案")
        with page.expect_download() as waiting:
            page.click("form[action$='/evidence'] button")
        waiting.value.save_as(tmp_path / "evidence.asice")
    words = ("evidence", "verify", tmp_path / "evidence.asice", "--root", played.said["root"], "--json")
    verified = subprocess.run(
        [sys.executable, "-m", "hanxun", *map(str, words)], capture_output=True, check=False, text=True
    )
    assert '"TOTAL-PASSED"' in verified.stdout, verified.stdout


@needs_chromium
def test_no_page_of_the_officers_desk_shuts_anybody_out(played: Played, browser: Browser) -> None:
    """axe finds no serious fault on any page that a role reaches, in both languages and both colour schemes."""
    look = Look(browser)
    for number in ("022001", "011001", "011002", "011003"):
        url, cookie = played.session(number)
        starts = ["/no-such-page"]
        if number == "011001":
            starts.append(put_into_tray(browser, url, cookie))
            look.at_results(url, cookie, "/search", {"query": "刘建国"})
        look.around(f"{url}/desk", cookie=cookie, starts=tuple(starts))
    look.around(f"{url}/sign-in", starts=("/first-use", "/new-password"))
    assert "\n".join(look.found) == ""
    # What a day's data does not lead to; everything else that is ever added has to be come to.
    assert look.passed_by(STATION_ROUTES) <= {
        "/cases/{case}/letter/redraft",  # of a rejected letter
        "/resets/{digest}",  # looked at by the story of a reset
    }


@needs_chromium
def test_no_page_of_the_hubs_desk_shuts_anybody_out(played: Played, browser: Browser) -> None:
    look = Look(browser)
    for number in ("900001", "900003"):  # who administers comes to all that an auditor comes to, and to more
        url, cookie = played.session(number)
        view = look.at_results(url, cookie, "/cases", {"term": ""})
        look.around(f"{url}/desk", cookie=cookie, starts=("/no-such-page", view))
    look.around(f"{url}/sign-in", starts=("/first-use",))
    assert "\n".join(look.found) == ""
    assert look.passed_by(HUB_ROUTES) <= {
        "/pending/{number}",  # nothing is proposed in the demo
        "/acts/preview",  # only after a form
        "/cases/{case}/urge",  # nothing is late in the demo
        "/cases/{case}/extend",
    }


class Look:
    """Goes around desks and has axe look at every page."""

    def __init__(self, browser: Browser) -> None:
        self.found: list[str] = []
        self._browser = browser
        self._seen: dict[str, set[str]] = {}
        self._paths: set[str] = set()

    def around(self, url: str, *, cookie: str = "", starts: tuple[str, ...] = ()) -> None:
        """Walk from `url` and `starts`; a page that was seen on that desk is not gone to again, but the first."""
        walk = Walk(self._at, self._seen.setdefault(urlsplit(url).netloc, set()))
        walk.follow(self._browser, url, cookie=cookie, starts=starts)
        self.found += [fault for fault in walk.faults if "/no-such-page" not in fault]

    def at_results(self, url: str, cookie: str, path: str, asked: dict[str, str]) -> str:
        """Look at what a search finds, and return where that stands."""
        with signed_in(self._browser, url, cookie) as page:
            page.goto(url + path)
            for name, value in asked.items():
                page.fill(f"main form [name={name}] >> nth=0", value)
            page.locator("main form:has([name=" + next(iter(asked)) + "]) button").first.click()
            expect(page.locator(".case-row").first).to_be_visible()
            self._at(page, path)
            expect(page.locator(".case-row").first).to_be_visible()
            return page.url.removeprefix(url)

    def passed_by(self, routes: Sequence[Any]) -> set[str]:
        """The pages of a table of addresses that nobody came to: no parts of pages, no files."""
        pages = {each.path for each in routes if each.method == "GET" and not each.by_itself} - {"/", *NO_PAGES}
        return {pattern for pattern in pages if not any(_is_at(path, pattern, pages) for path in self._paths)}

    def _at(self, page: Page, _name: str) -> None:
        settled(page)
        self._paths.add(urlsplit(page.url).path)
        self.found.extend(faults_everywhere(page))
        in_language(page, "zh")


NO_PAGES = {
    "/cases/{case}/evidence/{version}",
    "/cases/{case}/files/{digest}/download",
    "/cases/{case}/files/{digest}/viewer",
    "/cases/{case}/impression/part",
    "/cases/{case}/letter/paper",
    "/cases/{case}/preview",
    "/diagnostics/package",
    "/people/{number}/certificate/{x5t}",
    "/people/{number}/request",
    "/cases/export/{form}",
    "/figures/export/{form}",
    "/log/export/{form}",
}


def _is_at(path: str, pattern: str, pages: set[str]) -> bool:
    """Whether an address is of that pattern; one that is spelt out in the table is no other's."""
    return path == pattern or (path not in pages and re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path) is not None)


@contextmanager
def signed_in(browser: Browser, url: str, cookie: str) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN") as context:
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": url}])
        yield a_page(context)


def put_into_tray(browser: Browser, url: str, cookie: str) -> str:
    """Put a scan into the tray, and return its page."""
    with signed_in(browser, url, cookie) as page:
        page.goto(f"{url}/tray")
        page.set_input_files("[type=file]", {"name": "扫描件.jpg", "mimeType": "image/jpeg", "buffer": a_scan()})
        item = page.locator("main a[href^='/tray/']").first
        expect(item).to_be_visible()
        return item.get_attribute("href") or ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process_within_ten_seconds(number: signal.Signals, tmp_path: Path) -> None:
    with a_demo(tmp_path) as demo:
        assert len(demo.children) == 7, "hub, three agents, three desks"
        assert demo.end(number) < STOPS_WITHIN_S
        assert running_in(demo.folder) == []
