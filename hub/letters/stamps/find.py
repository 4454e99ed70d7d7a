"""The stamp finder: ink, rings, judgement, one answer per place. Pure: a page in, stamps out; no decoding, no clock."""

from dataclasses import dataclass

import numpy as np

from hub.letters.decoding.paper import Flattened, Rgb, flatten, shrink
from hub.letters.stamps.ellipse import Ellipse
from hub.letters.stamps.ink import Ink, dark_ink, red_ink
from hub.letters.stamps.judge import Judges, Weights, describe, score, shipped_judges
from hub.letters.stamps.propose import propose

WORKING_WIDTH = 800
_SMALLEST_SIDE_PX = 60
_COLOUR = 0.10
_COLOUR_SHARE = 0.0004


@dataclass(frozen=True, slots=True)
class FoundStamp:
    """`bbox` is x0, y0, x1, y1 as fractions of the page; `score` 0 to 1; `monochrome`: found by darkness, not by colour."""

    bbox: tuple[float, float, float, float]
    score: float
    monochrome: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A ring with the likeness of a seal."""

    ellipse: Ellipse
    score: float


def find_stamps(page: Rgb, *, judges: Judges | None = None) -> tuple[FoundStamp, ...]:
    """Return the round and oval impressions on an upright RGB page, best first.

    Red ones on a page with colour; on a page without any, dark ones, which are said to be monochrome.
    """
    judges = judges or shipped_judges()
    if min(page.shape[:2]) < _SMALLEST_SIDE_PX:
        return ()
    small = shrink(page, WORKING_WIDTH)
    flat = flatten(small)
    monochrome = is_colourless(flat)
    ink, weights = (dark_ink(flat), judges.dark) if monochrome else (red_ink(flat), judges.red)
    height, width = small.shape[:2]
    return tuple(
        FoundStamp(box_of(judged.ellipse, width, height), round(judged.score, 3), monochrome)
        for judged in judge(ink, weights)
        if judged.score >= weights.threshold
    )


def is_colourless(flat: Flattened) -> bool:
    """Say whether nothing on the page is coloured."""
    chroma = flat.ratio.max(axis=2) - flat.ratio.min(axis=2)
    return float((chroma > _COLOUR).mean()) < _COLOUR_SHARE


def judge(ink: Ink, weights: Weights) -> list[Judged]:
    """Return the rings in `ink` with their likeness, best first, one for each place."""
    judged = [Judged(ellipse, score(describe(ink, ellipse), weights)) for ellipse in propose(ink)]
    kept: list[Judged] = []
    for one in sorted(judged, key=lambda one: -one.score):
        if not any(one.ellipse.is_like(other.ellipse) for other in kept):
            kept.append(one)
    return kept


def box_of(ellipse: Ellipse, width: int, height: int) -> tuple[float, float, float, float]:
    """Return the upright box around `ellipse`, clipped to the page, in fractions of it."""
    across, down = ellipse.extent
    sides = np.clip(
        (
            (ellipse.x - across) / width,
            (ellipse.y - down) / height,
            (ellipse.x + across) / width,
            (ellipse.y + down) / height,
        ),
        0,
        1,
    )
    left, top, right, bottom = (round(float(side), 4) for side in sides)
    return left, top, right, bottom
