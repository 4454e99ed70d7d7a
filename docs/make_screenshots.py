"""Writes pictures of every page of both desks, in both languages, on a desk's screen and on a phone's.

    python -m docs.make_screenshots FOLDER [--dark]

Plays `hanxun demo`, follows every link from each of its signed-in links, and ends it. Needs Chromium (apt-get install chromium)
and the tools of the tests. Says on stderr which page failed, and ends with 1 when one did.
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


class Pictures:
    """Writes pictures into a folder and notes what failed."""

    def __init__(self, folder: Path, *, dark: bool) -> None:
        self._folder = folder
        self._scheme = "dark" if dark else "light"
        self.written = 0
        self.failed: list[str] = []

    def of(self, prefix: str, page: Page, name: str) -> None:
        """Write the pictures of one page: each language at each size."""
        plain = re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_") or "start"
        page.emulate_media(color_scheme=self._scheme)  # type: ignore[arg-type]
        for language in LANGUAGES:
            for width, height in SIZES:
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
    options = parser.parse_args()
    if not CHROMIUM.exists():
        raise SystemExit(MISSING)
    options.folder.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(options.folder, dark=options.dark)
    with tempfile.TemporaryDirectory() as name, a_demo(Path(name)) as demo, a_browser() as browser:
        for number, desk in enumerate(demo["desks"], start=1):
            kind = "hub" if any(link["role"] == "auditor" for link in desk["links"]) else f"station{number}"
            walks = Walk(lambda page, name, kind=kind: pictures.of(kind, page, name))  # type: ignore[misc]
            walks.follow(browser, f"{desk['url']}/sign-in", starts=("/first-use", "/no-such-page"))
            walks.faults.clear()  # the page that there is not answers 404, as it should
            for link in desk["links"]:
                # The same page looks another way to another role: each walks it all.
                walks.seen = {seen for seen in walks.seen if seen.startswith(("/sign-in", "/first-use"))}
                walks.visit = lambda page, name, who=f"{kind}-{link['role']}": pictures.of(who, page, name)  # type: ignore[misc]
                walks.follow(browser, link["url"])
            pictures.failed += walks.faults
    sys.stderr.write(f"{pictures.written} pictures in {options.folder}\n")
    for line in pictures.failed:
        sys.stderr.write(f"FAILED {line}\n")
    if pictures.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
