"""Measures the stamp finder: boxes that match, pages that count, the labelled set. Used by tests and benchmarks alike."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hub.letters.decoding.pages import VIEW
from hub.letters.decoding.paper import Rgb
from hub.letters.decoding.view import open_pages
from hub.letters.limits import default_limits
from hub.letters.sniff import sniff
from hub.letters.stamps.find import FoundStamp, find_stamps

Box = tuple[float, float, float, float]
MATCH = 0.5


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (areas[0] + areas[1] - width * height)


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
        if not stamp.monochrome and best is not None and overlap(stamp.bbox, best) >= MATCH:
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
