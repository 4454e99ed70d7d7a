"""Small windows all over the stamp, each nudged into place by itself: what is compared is strokes, not positions.

Windows stand upright in the reading direction of the arc, so "left" and "up" mean the same for every character.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.align import Alignment, warp
from hub.letters.compare.disc import MIDDLE, RADIUS, SIDE, Disc
from hub.letters.compare.ink import Map
from hub.letters.compare.parts import compare_parts

WINDOW = 40  # pixels
NUDGE = 4  # pixels
_CIRCLES = ((0.72, 48), (0.42, 16), (0.12, 5))  # share of the radius, windows around: arc text, foot text, star
_UNLIKELY = 0.004  # correlation that one squared pixel of nudge must be worth

Stack = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Patches:
    """`pictures`: windows x 3 x 40 x 40 (specimen ink, impression ink, hidden), 0..1. `facts`: windows x FACTS.

    `radius` and `angle` (radians, clockwise from the specimen's right) say where each window stands; `presence` is the
    share of the specimen's ink that the impression shows around it; `overall` the same for the whole stamp.
    """

    pictures: Stack
    facts: Stack
    radius: NDArray[np.float64]
    angle: NDArray[np.float64]
    nudges: NDArray[np.int64]


def cut_patches(specimen: Disc, impression: Disc, alignment: Alignment, *, source_radius: float) -> Patches:
    """Return the windows of an aligned pair. `source_radius`: pixels of the impression's border before the common disc."""
    hidden = np.clip(warp(impression.hidden, alignment.affine), 0, 1)
    one = _levelled(specimen.amount)
    placed = warp(impression.amount, alignment.affine)
    other, local, gain = _matched(one, placed, 1 - hidden)
    radius, angle = places()
    nudges, best, unmoved = _nudge(one, other, 1 - hidden, radius, angle)
    pictures = np.stack(
        [
            np.stack([upright(one, r, a), upright(other, r, a, *n), upright(hidden, r, a, *n)])
            for r, a, n in zip(radius, angle, nudges, strict=True)
        ]
    )
    turned = [_turned(n, a) for n, a in zip(nudges, angle, strict=True)]
    apart = cv2.dilate(one, np.ones((9, 9), np.uint8)) < 0.1
    noise = float(other[apart & (hidden < 0.2)].std()) if np.any(apart & (hidden < 0.2)) else 0.0
    around = np.array([_at(local, r, a) for r, a in zip(radius, angle, strict=True)])
    whole = [np.log(max(gain, 0.02)), float(np.median(best)), noise, source_radius / RADIUS, alignment.likeness]
    whole += compare_parts(one, placed / np.float32(gain), 1 - hidden)
    facts = np.column_stack(
        [best, unmoved, np.array(turned) / NUDGE, around, pictures[:, 0].mean((1, 2)), pictures[:, 1].mean((1, 2)),
         pictures[:, 2].mean((1, 2)), radius, np.tile(whole, (len(radius), 1))]
    )  # fmt: skip
    return Patches(
        pictures=np.clip(pictures, 0, 1.5).astype(np.float32), facts=facts.astype(np.float32), radius=radius, angle=angle,
        nudges=nudges,
    )  # fmt: skip


def places() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return radius (share of the border's) and angle of every window."""
    radius = np.concatenate([np.full(count, share) for share, count in _CIRCLES])
    angle = np.concatenate([np.arange(count) * 2 * np.pi / count for _, count in _CIRCLES])
    return radius, angle


def upright(values: Map, radius: float, angle: float, across: int = 0, down: int = 0) -> Map:
    """Return the window at a place, turned so that the outside of the stamp is up; moved by whole pixels of the disc."""
    turn = angle + np.pi / 2
    cos, sin = np.cos(turn), np.sin(turn)
    x = MIDDLE + radius * RADIUS * np.cos(angle) + across
    y = MIDDLE + radius * RADIUS * np.sin(angle) + down
    half = (WINDOW - 1) / 2
    affine = np.array([[cos, -sin, x - half * (cos - sin)], [sin, cos, y - half * (sin + cos)]], np.float32)
    return np.asarray(
        cv2.warpAffine(values, affine, (WINDOW, WINDOW), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.float32
    )


def _levelled(amount: Map) -> Map:
    level = max(float(np.percentile(amount[amount > 0.05], 75)) if np.any(amount > 0.05) else 1.0, 0.05)
    return np.asarray(np.minimum(amount / level, 1.0), np.float32)


def _matched(one: Map, other: Map, seen: Map) -> tuple[Map, Map, float]:
    """Scale the impression's ink to the specimen's, allowing for uneven pressure; return it, presence, and the scale."""
    soft = cv2.GaussianBlur(one, (0, 0), 1.0)
    cross, square = soft * other * seen, soft * soft * seen
    gain = max(float(cross.sum()) / max(float(square.sum()), 1e-6), 0.01)
    wide = 0.3 * RADIUS
    floor = 0.02 * float(square.sum()) / (SIDE * SIDE)
    local = (cv2.GaussianBlur(cross, (0, 0), wide) + floor * gain) / (cv2.GaussianBlur(square, (0, 0), wide) + floor)
    scale = np.clip(local, 0.4 * gain, 2.0 * gain)
    return (other / scale).astype(np.float32), (local / gain).astype(np.float32), gain


def _nudge(
    one: Map, other: Map, seen: Map, radius: NDArray[np.float64], angle: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the best small move of each window, its correlation, and the correlation unmoved."""
    soft = np.asarray(cv2.GaussianBlur(one, (0, 0), 1.0), np.float32)
    moving = np.asarray(cv2.GaussianBlur(np.minimum(other, 1.2), (0, 0), 1.0), np.float32)
    views = (seen, seen * moving, seen * moving * moving)
    span = 2 * NUDGE + 1
    moves = np.array([(dx, dy) for dy in range(-NUDGE, NUDGE + 1) for dx in range(-NUDGE, NUDGE + 1)])
    costs = _UNLIKELY * (moves**2).sum(axis=1)
    everywhere = np.ones((WINDOW, WINDOW), np.float32)
    nudges, best, unmoved = [], [], []
    for r, a in zip(radius, angle, strict=True):
        left = round(MIDDLE + r * RADIUS * np.cos(a)) - WINDOW // 2
        top = round(MIDDLE + r * RADIUS * np.sin(a)) - WINDOW // 2
        still = np.ascontiguousarray(soft[top : top + WINDOW, left : left + WINDOW])
        reach = slice(top - NUDGE, top + WINDOW + NUDGE), slice(left - NUDGE, left + WINDOW + NUDGE)
        weight, ink, square = (np.ascontiguousarray(view[reach]) for view in views)
        sums = [
            cv2.matchTemplate(image, template, cv2.TM_CCORR).reshape(span * span)
            for image, template in (
                (weight, everywhere), (weight, still), (weight, still * still), (ink, everywhere), (square, everywhere),
                (ink, still),
            )
        ]  # fmt: skip
        mass = np.maximum(sums[0], 0.02 * WINDOW * WINDOW)
        spread = (sums[2] / mass - (sums[1] / mass) ** 2 + 2e-3) * (sums[4] / mass - (sums[3] / mass) ** 2 + 2e-3)
        values = (sums[5] / mass - sums[1] * sums[3] / mass**2) / np.sqrt(np.maximum(spread, 1e-6))
        chosen = int(np.argmax(values - costs))
        nudges.append(moves[chosen])
        best.append(float(values[chosen]))
        unmoved.append(float(values[span * span // 2]))
    return np.array(nudges), np.array(best), np.array(unmoved)


def _turned(nudge: NDArray[np.int64], angle: float) -> tuple[float, float]:
    """Return a move as (along the arc, outwards)."""
    return (
        float(-nudge[0] * np.sin(angle) + nudge[1] * np.cos(angle)),
        float(nudge[0] * np.cos(angle) + nudge[1] * np.sin(angle)),
    )


def _at(values: Map, radius: float, angle: float) -> float:
    x = round(MIDDLE + radius * RADIUS * np.cos(angle))
    y = round(MIDDLE + radius * RADIUS * np.sin(angle))
    return float(values[min(max(y, 0), SIDE - 1), min(max(x, 0), SIDE - 1)])
