"""Turn and nudge one disc onto another: rotation by circular correlation of polar maps, then a small affine refinement."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.disc import MIDDLE, RADIUS, SIDE, Disc
from hub.letters.compare.ink import Map

_ANGLES = 720
_INNER, _OUTER = 0.10, 0.93  # of the radius: the border itself says nothing about rotation
_CANDIDATES = 5
_REFINED = 2
_APART = 16  # half degrees between candidates
_REFINE = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 3e-4)
_LARGEST_CHANGE = 0.08  # of an affine coefficient: more is not a wrinkle but another stamp

Affine = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Alignment:
    """`affine` takes specimen coordinates to impression coordinates on the common disc; `likeness` is masked correlation."""

    affine: Affine
    likeness: float


def align(specimen: Disc, impression: Disc) -> Alignment:
    """Return the best placement of the impression on the specimen. Any two stamps get one; a poor one has low likeness."""
    target, moving = _soft(specimen.amount), _soft(impression.amount * (1 - impression.hidden))
    starts = [_rotation(turn) for turn in _turns(specimen, impression)]
    placed = [
        Alignment(start, _likeness(target, warp(moving, start), warp(impression.hidden, start))) for start in starts
    ]
    placed.sort(key=lambda attempt: -attempt.likeness)
    for attempt in placed[:_REFINED]:
        affine = _refined(target, moving, impression.hidden, attempt.affine)
        placed.append(Alignment(affine, _likeness(target, warp(moving, affine), warp(impression.hidden, affine))))
    return max(placed, key=lambda attempt: attempt.likeness)


def warp(values: Map, affine: Affine) -> Map:
    """Return a map of the impression's disc in the specimen's coordinates."""
    placed = cv2.warpAffine(values, affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(placed, np.float32)


def _soft(amount: Map) -> Map:
    """Return ink levelled to 0..1 and blurred, the border left out: what the alignment looks at."""
    level = max(float(np.percentile(amount, 97)), 1e-3)
    inside = _inside()
    return np.asarray(
        cv2.GaussianBlur(np.minimum(amount / level, 1.0).astype(np.float32) * inside, (0, 0), 1.5), np.float32
    )


@lru_cache(maxsize=1)
def _inside() -> Map:
    across, down = np.meshgrid(np.arange(SIDE) - MIDDLE, np.arange(SIDE) - MIDDLE)
    return np.asarray(np.hypot(across, down) < _OUTER * RADIUS, np.float32)


def _turns(specimen: Disc, impression: Disc) -> list[float]:
    """Return candidate rotations in degrees, likeliest first."""
    one, other = _polar(specimen.amount), _polar(impression.amount * (1 - impression.hidden))
    spectrum = np.conj(np.fft.rfft(one, axis=1)) * np.fft.rfft(other, axis=1)
    match = np.fft.irfft(spectrum.sum(axis=0), _ANGLES)
    turns: list[float] = []
    for _ in range(_CANDIDATES):
        place = int(np.argmax(match))
        turns.append(place * 360.0 / _ANGLES)
        match[(np.arange(-_APART, _APART + 1) + place) % _ANGLES] = -np.inf
    return turns


def _polar(amount: Map) -> NDArray[np.float64]:
    """Return radius x angle, levelled, without what does not change around the circle."""
    angles = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    radii = np.linspace(_INNER, _OUTER, 56)[:, None] * RADIUS
    map_x, map_y = MIDDLE + radii * np.cos(angles), MIDDLE + radii * np.sin(angles)
    level = max(float(np.percentile(amount, 97)), 1e-3)
    even = np.minimum(amount / level, 1.0).astype(np.float32)
    polar = cv2.remap(even, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR).astype(np.float64)
    polar = cv2.GaussianBlur(polar, (0, 0), 1.2)
    polar -= polar.mean(axis=1, keepdims=True)
    return np.asarray(polar * np.sqrt(radii / RADIUS))


def _rotation(degrees: float) -> Affine:
    turn = np.radians(degrees)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.array(
        [[cos, -sin, MIDDLE - cos * MIDDLE + sin * MIDDLE], [sin, cos, MIDDLE - sin * MIDDLE - cos * MIDDLE]],
        np.float32,
    )


def _refined(target: Map, moving: Map, hidden: Map, start: Affine) -> Affine:
    seen = ((hidden < 0.5) * 255).astype(np.uint8)
    try:
        _, found = cv2.findTransformECC(target, moving, start.copy(), cv2.MOTION_AFFINE, _REFINE, seen, 1)
    except cv2.error:  # it did not converge: the start is as good as it gets
        return start
    change = np.abs(found - start)
    if change[:, :2].max() > _LARGEST_CHANGE or np.abs(found @ [MIDDLE, MIDDLE, 1] - MIDDLE).max() > 0.08 * RADIUS:
        return start
    return np.asarray(found, np.float32)


def _likeness(target: Map, placed: Map, hidden: Map) -> float:
    weight = _inside() * (1 - hidden)
    total = max(float(weight.sum()), 1.0)
    one = target - float((target * weight).sum()) / total
    other = placed - float((placed * weight).sum()) / total
    norm = float(np.sqrt((one * one * weight).sum() * (other * other * weight).sum()))
    return float((one * other * weight).sum()) / max(norm, 1e-6)
