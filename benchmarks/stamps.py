"""How well and how fast stamps are found: recall, precision and time, on labelled scans and on generated pages.

    python -m benchmarks.stamps [--scans DIR] [--generated 120] [--seed 100000] [--misses]

Prints one JSON line per measure: name, value, unit, limit, ratio. A found stamp matches a label when their boxes overlap
by IoU >= 0.5; one to one, best score first. Decoding is not part of the time, as SCANS.md section 1 defines it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from hub.letters.decoding.paper import Rgb
from tests.letters.generate_pages import generate
from tests.letters.measure import Page, Tally, labelled_pages

SCANS = Path(__file__).resolve().parents[2] / "shared" / "scans"


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
