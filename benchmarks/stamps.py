"""How well and how fast stamps are found: recall, precision and time, on labelled scans and on generated pages.

    python -m benchmarks.stamps [--scans DIR] [--generated 120] [--seed 100000] [--misses]

Prints one JSON line per measure: name, value, unit, limit, ratio. A found stamp matches a label when their boxes overlap
by IoU >= 0.5; one to one, best score first. Decoding is not part of the time, as SCANS.md section 1 defines it.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.train_stamps import Box, overlap
from hub.letters.decoding.pages import VIEW
from hub.letters.decoding.paper import Rgb
from hub.letters.decoding.view import open_pages
from hub.letters.limits import default_limits
from hub.letters.sniff import sniff
from hub.letters.stamps.find import FoundStamp, find_stamps
from tests.letters.generate_pages import generate

SCANS = Path(__file__).resolve().parents[2] / "shared" / "scans"
_MATCH = 0.5


@dataclass(frozen=True, slots=True)
class Page:
    """One page with its labelled boxes."""

    name: str
    pixels: Rgb
    boxes: tuple[Box, ...]


@dataclass(slots=True)
class Tally:
    """Counts over pages."""

    labels: int = 0
    found: int = 0
    matched: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    pages: int = 0

    def add(self, page: Page, *, misses: bool) -> None:
        """Find the stamps of one page and count them."""
        started = time.process_time()
        stamps = find_stamps(page.pixels)
        spent = time.process_time() - started
        matched = _matched(stamps, page.boxes)
        self.pages, self.seconds, self.slowest = self.pages + 1, self.seconds + spent, max(self.slowest, spent)
        red = [stamp for stamp in stamps if not stamp.monochrome]
        self.labels, self.found, self.matched = (
            self.labels + len(page.boxes),
            self.found + len(red),
            self.matched + matched,
        )
        if misses and not matched == len(red) == len(page.boxes):
            sys.stderr.write(f"{page.name}: {matched} of {len(page.boxes)}, found {[(s.score, s.bbox) for s in red]}\n")


def _matched(stamps: tuple[FoundStamp, ...], boxes: tuple[Box, ...]) -> int:
    left = list(boxes)
    for stamp in stamps:
        best = max(left, key=lambda box: overlap(stamp.bbox, box), default=None)
        if not stamp.monochrome and best is not None and overlap(stamp.bbox, best) >= _MATCH:
            left.remove(best)
    return len(boxes) - len(left)


def labelled_pages(scans: Path) -> Iterator[Page]:
    """Give the pages of `positive` and `negative` as the manifest in `scans` labels them."""
    limits = default_limits()
    for entry in json.loads((scans / "MANIFEST.json").read_text("utf-8"))["files"]:
        if entry["class"] in ("positive", "negative"):
            raw = (scans / entry["path"]).read_bytes()
            with open_pages(raw, sniff(raw) or "", count=1, limits=limits) as pages:
                pixels = np.asarray(pages.view(0, VIEW).image)
            yield Page(entry["path"], pixels, tuple(tuple(stamp["bbox"]) for stamp in entry.get("stamps", [])))


def generated_pages(count: int, seed: int) -> Iterator[Page]:
    """Give pages that the training did not see."""
    for number in range(seed, seed + count):
        made = generate(number)
        yield Page(f"{number} {made.kind}", made.page, made.boxes)


def report(name: str, tally: Tally) -> None:
    """Print the measures of one set."""
    for measure, value, limit, unit in (
        ("recall", tally.matched / max(tally.labels, 1), 0.97, "1"),
        ("precision", tally.matched / max(tally.found, 1), 0.97, "1"),
        ("seconds_mean", tally.seconds / max(tally.pages, 1), 0.5, "s"),
        ("seconds_worst", tally.slowest, 0.5, "s"),
    ):
        line = {"name": f"stamps_{name}_{measure}", "value": round(value, 4), "unit": unit, "limit": limit}
        sys.stdout.write(json.dumps({**line, "ratio": round(value / limit, 4)}) + "\n")


def a4_at_300_dpi() -> Rgb:
    """Return one generated page as A4 at 300 dpi, for the time alone."""
    return np.asarray(Image.fromarray(generate(0).page).resize((2480, 3508)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=Path, default=SCANS)
    parser.add_argument("--generated", type=int, default=120)
    parser.add_argument("--seed", type=int, default=100_000)
    parser.add_argument("--misses", action="store_true", help="say on stderr which pages are wrong")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    full, a4 = Tally(), a4_at_300_dpi()
    for _ in range(3):
        full.add(Page("a4", a4, ()), misses=False)
    value = full.seconds / full.pages
    line = {"name": "stamps_a4_300dpi_seconds", "value": round(value, 4), "unit": "s", "limit": 0.5}
    sys.stdout.write(json.dumps({**line, "ratio": round(value / 0.5, 4)}) + "\n")
    sets = {"generated": generated_pages(wanted.generated, wanted.seed)}
    if (wanted.scans / "MANIFEST.json").is_file():
        sets["labelled"] = labelled_pages(wanted.scans)
    for name, pages in sets.items():
        tally = Tally()
        for page in pages:
            tally.add(page, misses=wanted.misses)
        report(name, tally)


if __name__ == "__main__":
    main()
