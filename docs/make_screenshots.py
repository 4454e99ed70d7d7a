"""Writes pictures of every page of both desks, in both languages, on a desk's screen and on a phone's.

    python -m docs.make_screenshots FOLDER [--dark] [--desk DESK] [--role ROLE] [--page PART] [--language zh] [--width 390]

Plays `hanxun demo`, follows every link from each of its signed-in links, and ends it. Needs Chromium (apt-get install chromium)
and the tools of the tests. Says on stderr which page failed, and ends with 1 when one did. The options pick some of the
pictures: a look at one page takes a minute instead of ten.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page

from tests.stories.walk import CHROMIUM, MISSING, Walk, a_browser, in_language, settled

SIZES = ((1366, 768), (390, 844))
LANGUAGES = ("zh", "en")


@contextmanager
def a_demo(folder: Path) -> Iterator[dict[str, Any]]:
    """A demo with its desks up; gives what it says of them."""
    log = (folder / "demo.log").open("wb")
    command = [sys.executable, "-m", "hanxun", "demo", "--json", "--dir", str(folder / "demo")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)  # noqa: S603 (our own interpreter and module)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit((folder / "demo.log").read_text("utf-8")[-2000:])
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which pictures are wanted; an empty choice wants all. `pages` are parts of a page's address."""

    desks: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    languages: tuple[str, ...] = LANGUAGES
    widths: tuple[int, ...] = tuple(width for width, _ in SIZES)

    def desk(self, name: str) -> bool:
        """Whether this desk is walked at all."""
        return not self.desks or name in self.desks

    def role(self, name: str) -> bool:
        """Whether it is walked by somebody with this role; what is outside, before the sign-in, is nobody's."""
        return not self.roles or name in self.roles

    def page(self, address: str) -> bool:
        """Whether a page is pictured; it is opened all the same, for the pages that it leads to."""
        return not self.pages or any(part in address for part in self.pages)


class Pictures:
    """Writes pictures into a folder and notes what failed."""

    def __init__(self, folder: Path, *, dark: bool, chosen: Chosen) -> None:
        self._folder = folder
        self._chosen = chosen
        self._scheme = "dark" if dark else "light"
        self.written = 0
        self.failed: list[str] = []

    def of(self, prefix: str, page: Page, name: str) -> None:
        """Write the pictures of one page, if it is chosen: each language at each size."""
        if not self._chosen.page(name):
            return
        plain = re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_") or "start"
        page.emulate_media(color_scheme=self._scheme)  # type: ignore[arg-type]
        for language in self._chosen.languages:
            for width, height in (size for size in SIZES if size[0] in self._chosen.widths):
                path = self._folder / f"{prefix}-{plain}-{language}-{width}.png"
                try:
                    page.set_viewport_size({"width": width, "height": height})
                    in_language(page, language)
                    settled(page)
                    # As tall as the page: what clings to the window's edge stands at the picture's.
                    tall = max(height, int(page.evaluate("document.documentElement.scrollHeight")))
                    page.set_viewport_size({"width": width, "height": tall})
                    page.screenshot(path=path, animations="disabled")
                    self._measure(page, path.name)
                    self.written += 1
                except Error as error:
                    self.failed.append(f"{path.name}: {error.message.splitlines()[0]}")

    def _measure(self, page: Page, name: str) -> None:
        wide, here = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide > here:
            self.failed.append(f"{name}: {wide - here} px wider than the screen")


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dark", action="store_true", help="in dark colours")
    parser.add_argument("--desk", action="append", default=[], help="one desk only: hub, station1, station2")
    parser.add_argument("--role", action="append", default=[], help="as this role only: window, head, custodian, …")
    parser.add_argument(
        "--page", action="append", default=[], help="pages with this in their address only: verify, /desk"
    )
    parser.add_argument("--language", action="append", choices=LANGUAGES)
    parser.add_argument("--width", action="append", type=int, choices=[width for width, _ in SIZES])
    options = parser.parse_args()
    chosen = Chosen(
        desks=tuple(options.desk),
        roles=tuple(options.role),
        pages=tuple(options.page),
        languages=tuple(options.language or LANGUAGES),
        widths=tuple(options.width or Chosen().widths),
    )
    if not CHROMIUM.exists():
        raise SystemExit(MISSING)
    options.folder.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(options.folder, dark=options.dark, chosen=chosen)
    with tempfile.TemporaryDirectory() as name, a_demo(Path(name)) as demo, a_browser() as browser:
        for number, desk in enumerate(demo["desks"], start=1):
            kind = "hub" if any(link["role"] == "auditor" for link in desk["links"]) else f"station{number}"
            if not chosen.desk(kind):
                continue
            walks = Walk(lambda page, name, kind=kind: pictures.of(kind, page, name))  # type: ignore[misc]
            if not chosen.roles:
                walks.follow(browser, f"{desk['url']}/sign-in", starts=("/first-use", "/no-such-page"))
                walks.faults.clear()  # the page that there is not answers 404, as it should
            for link in (each for each in desk["links"] if chosen.role(each["role"])):
                # The same page looks another way to another role: each walks it all.
                walks.seen = {seen for seen in walks.seen if seen.startswith(("/sign-in", "/first-use"))}
                walks.visit = lambda page, name, who=f"{kind}-{link['role']}": pictures.of(who, page, name)  # type: ignore[misc]
                walks.follow(browser, link["url"])
            pictures.failed += walks.faults
    if not pictures.written:
        raise SystemExit("no page is like that: see the names in docs/how-to/look-at-every-page.md")
    sys.stderr.write(f"{pictures.written} pictures in {options.folder}\n")
    for line in pictures.failed:
        sys.stderr.write(f"FAILED {line}\n")
    if pictures.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
