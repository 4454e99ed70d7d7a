"""Walks a desk as somebody who follows every link once, and stops at each page: for pictures of all of them, and for axe.

Two addresses that differ by a digest or by a position in a list only are one page. Forms are not sent: nothing is changed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Browser, Error, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
MISSING = "no Chromium here, so no browser story was played: apt-get install chromium"
LANGUAGE = "hanxun_language"
SIGNED_OUT = ("/sign-in", "/first-use", "/new-password")
_FILES = re.compile(
    r"/(download|paper|static|evidence|pages|export|package|demo|viewer)(/|$)|\.(csv|xlsx|zip|asice|pdf|json)$"
)
_DIGEST = re.compile(r"[0-9a-f]{32,}|[A-Za-z0-9_-]{43}")


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Walk:
    """One walk over one desk. `visit` gets each page when it has loaded, with a name made of its address; `faults` collects
    answers that were no page, and errors of the pages' script."""

    visit: Callable[[Page, str], None]
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def follow(
        self, browser: Browser, url: str, *, cookie: str = "", starts: tuple[str, ...] = (), most: int = 80
    ) -> None:
        """Open `url` (a link that signs in, or any page, with the session of `cookie`) in a browser of its own and walk on from
        there and from `starts`. The first page is always visited, whoever was there before."""
        with browser.new_context(
            viewport={"width": 1366, "height": 768}, locale="zh-CN", ignore_https_errors=True
        ) as context:
            if cookie:
                name, _, value = cookie.partition("=")
                context.add_cookies([{"name": name, "value": value, "url": _origin(url)}])
            page = context.new_page()
            page.set_default_timeout(30_000)
            page.on("pageerror", lambda error: self.faults.append(f"{page.url}: script: {error}"))
            page.goto(url)
            origin = _origin(page.url)
            self.seen.discard(name_of(page.url))
            waiting = [page.url, *(origin + path for path in starts)]
            while waiting and most:
                address = waiting.pop(0)
                name = name_of(address)
                if name in self.seen:
                    continue
                self.seen.add(name)
                try:
                    answer = page.goto(address)
                except Error as error:
                    if "Download is starting" not in error.message:
                        self.faults.append(f"{address}: {error.message.splitlines()[0]}")
                    continue
                if answer is None or answer.status >= 400:
                    self.faults.append(f"{address}: {'nothing' if answer is None else answer.status}")
                waiting += [link for link in links_of(page) if name_of(link) not in self.seen]
                self.visit(page, name)
                most -= 1
            if left := {name_of(link) for link in waiting} - self.seen:
                self.faults.append(f"not looked at any more: {sorted(left)}")


def links_of(page: Page) -> list[str]:
    """The pages of this desk that the page leads to; what is for saving, or a part of a page, is left out."""
    found = page.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
    origin = _origin(page.url)
    return [link for link in found if link.startswith(origin) and not _FILES.search(urlsplit(link).path)]


def name_of(address: str) -> str:
    """A page's name: its path and the part of its query that makes it another page."""
    parts = urlsplit(address)
    query = urlencode(
        [(key, value) for key, value in parse_qsl(parts.query) if key in ("tab", "next", "by", "view", "org")]
    )
    return _DIGEST.sub("x", parts.path) + (f"?{query}" if query else "")


def in_language(page: Page, language: str) -> None:
    """Show this page in another language."""
    cookie = {"name": LANGUAGE, "value": language, "url": _origin(page.url)}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    page.reload()


_QUIET = "!document.querySelector('.htmx-request') && [...document.images].every(each => each.complete)"


def settled(page: Page) -> None:
    """Return when the parts that the page asks for by itself are there, and their pictures."""
    quiet = 0
    for _ in range(200):  # not by a function that waits in the page: the policy forbids to evaluate text there
        quiet = quiet + 1 if page.evaluate(_QUIET) else 0
        if quiet == 2:  # a part that has just come asks for its picture next
            return
        page.wait_for_timeout(50)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
