"""Where a ring could be: edges of ink vote for centres along their gradient, each place is then fitted to its ring."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from hub.letters.stamps.ellipse import ANGLES, Ellipse, fit, unroll
from hub.letters.stamps.ink import Ink, Plane

# Radii as shares of the working width: a 42 mm seal has 0.10 on A4, 0.07 on A4 laid across, more on a crop.
_RADII = (0.05, 0.085, 0.14, 0.21, 0.32)
_STRETCHES = (1.0, 1.42)  # an oval seal (40 x 28 mm) is a circle on a page stretched this much
_SMALLEST_CELL = 3.0  # votes are counted in cells of so many pixels, larger for larger radii
_PEAKS = 6
_SIZES_PER_PEAK = 2
_NARROWING = (0.30, 0.20, 0.12, 0.10)


@dataclass(frozen=True, slots=True)
class Effort:
    """How many edge points may vote, and how much more ink a circle needs than what lies just outside it."""

    points: int
    least_gain: float


USUAL = Effort(points=7_000, least_gain=0.12)
THOROUGH = Effort(points=9_000, least_gain=-1.0)
"""Also proposes rings that are none: twice the time, and the examples against that a judge learns from."""


def propose(ink: Ink, *, effort: Effort = USUAL) -> Iterator[Ellipse]:
    """Give ellipses that could be the rings of seals, roughly best first; several may mean the same seal."""
    given: list[Ellipse] = []
    for stretch in _STRETCHES:
        points = _edge_points(ink, stretch, effort.points)
        if points is None:
            continue
        height, width = round(ink.mask.shape[0] * stretch), ink.mask.shape[1]
        for low, high in pairwise(_RADII):
            for x, y in _voted_centres(points, (height, width), low * width, high * width):
                centre = Ellipse(x, y / stretch, 1.0, 1.0 / stretch)
                for radius in _ring_radii(ink, centre, low * width, high * width, effort.least_gain):
                    refined = _refine(ink, Ellipse(x, y / stretch, radius, radius / stretch))
                    if refined is not None and not any(refined.equals(other) for other in given):
                        given.append(refined)
                        yield refined


Points = tuple[Plane, Plane, Plane, Plane]


def _edge_points(ink: Ink, stretch: float, most: int) -> Points | None:
    """Return x, y and the unit gradient of the ink's edges on the page stretched downwards."""
    strength = np.minimum(ink.strength, 4 * ink.level)
    across = cv2.Scharr(strength, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(strength, cv2.CV_32F, 0, 1) / stretch
    size = np.hypot(across, down)
    near = cv2.dilate(ink.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rows, columns = np.nonzero(near & (size > 4.0 * ink.level))
    if len(rows) < 40:
        return None
    if len(rows) > most:  # evenly, not at random: the same page gives the same answer
        step = np.linspace(0, len(rows) - 1, most).astype(np.int64)
        rows, columns = rows[step], columns[step]
    length = size[rows, columns]
    return (
        columns.astype(np.float32),
        (rows * stretch).astype(np.float32),
        np.asarray(across[rows, columns] / length, dtype=np.float32),
        np.asarray(down[rows, columns] / length, dtype=np.float32),
    )


def _voted_centres(points: Points, shape: tuple[int, int], low: float, high: float) -> Iterator[tuple[float, float]]:
    x, y, across, down = points
    cell = max(_SMALLEST_CELL, low * 0.045)
    pad = int(high * 0.8)  # the centre of a seal over the edge may lie off the page
    columns = int((shape[1] + 2 * pad) / cell) + 1
    rows = int((shape[0] + 2 * pad) / cell) + 1
    radii = np.arange(low, high, cell, dtype=np.float32)
    steps = np.concatenate([radii, -radii])[:, None] / np.float32(cell)
    column = (steps * across + (x + pad) / np.float32(cell)).astype(np.int32)
    row = (steps * down + (y + pad) / np.float32(cell)).astype(np.int32)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    votes = np.bincount(row[inside] * columns + column[inside], minlength=rows * columns).astype(np.float32)
    plane = cv2.GaussianBlur(votes.reshape(rows, columns), (0, 0), max(1.0, low * 0.05 / cell))
    clear = int(low * 0.5 / cell) + 1
    for _ in range(_PEAKS):
        _, best, _, (column_at, row_at) = cv2.minMaxLoc(plane)
        if best <= 0:
            return
        yield (column_at + 0.5) * cell - pad, (row_at + 0.5) * cell - pad
        plane[max(0, row_at - clear) : row_at + clear + 1, max(0, column_at - clear) : column_at + clear + 1] = 0


def _ring_radii(ink: Ink, centre: Ellipse, low: float, high: float, least_gain: float) -> list[float]:
    """Return the radii around a centre at which much of the circle has ink and little lies just outside."""
    radii = np.arange(low * 0.85, high * 1.35, 1.0, dtype=np.float32)
    rolled = unroll(ink.strength, centre, radii)
    on_page = rolled >= 0
    # A little wide: the centre is known to a few pixels only.
    wide = cv2.dilate((rolled > ink.level).astype(np.uint8), np.ones((5, 1), np.uint8))
    covered = (wide * on_page).sum(axis=1) / np.maximum(on_page.sum(axis=1), ANGLES // 6)
    ahead = max(4, round(low * 0.12))
    outside = np.concatenate([covered[ahead:], np.full(ahead, covered[-1])])
    gain = covered - 0.7 * outside
    gain[radii > high * 1.1] = 0
    found: list[float] = []
    for index in np.argsort(-gain):
        if gain[index] < least_gain or len(found) == _SIZES_PER_PEAK:
            break
        if all(abs(radii[index] - radius) > 0.12 * radius for radius in found):
            found.append(float(radii[index]))
    return found


def _refine(ink: Ink, start: Ellipse) -> Ellipse | None:
    """Fit the ellipse to the outermost ink near it, in narrowing bands. None when there is no ring."""
    ellipse = start
    for reach in _NARROWING:
        radii = np.linspace(1 - reach, 1 + reach, 49, dtype=np.float32)
        rolled = unroll(ink.strength, ellipse, radii)
        at, seen = _outermost(rolled > ink.level, radii, reach)
        on_page = (rolled >= 0).any(axis=0)
        if seen.sum() < ANGLES // 5:
            return None
        x, y = ellipse.points(radii)
        columns = np.nonzero(seen)[0]
        fitted = fit(x[at[columns], columns], y[at[columns], columns], support=float(seen.sum()) / ANGLES, like=ellipse)
        if fitted is None or not on_page.any():
            return None
        ellipse = fitted
    return ellipse


def _outermost(
    inked: npt.NDArray[np.bool_], radii: npt.NDArray[np.float32], reach: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return for each angle the row where ink ends outwards, nearest to the expected ring, and whether there is one."""
    quiet = 1.0 - cv2.blur(inked.astype(np.float32), (1, 7), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    ends = np.zeros(inked.shape, np.float32)
    ends[:-1] = inked[:-1] & ~inked[1:]
    nearness = np.exp(-0.5 * ((radii - 1.0) / (0.6 * reach)) ** 2)[:, None]
    # Straight outside an end it should be quiet: text inside the ring ends too, but the ring follows it.
    after = np.concatenate([quiet[1:], np.ones((1, inked.shape[1]), np.float32)])
    weight = ends * after * nearness
    return np.argmax(weight, axis=0), weight.max(axis=0) > 0.05
