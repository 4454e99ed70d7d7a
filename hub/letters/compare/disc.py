"""The stamp on a common disc: its border becomes a circle of fixed radius, so perspective, scan size and shape drop out."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.comparison import TRACE_SIDE
from hub.letters.compare.ink import Ink, Map, Picture
from hub.letters.compare.ring import Ring, radius_at

RADIUS = 112  # pixels from the middle to the border's centre line
SIDE = TRACE_SIDE
MIDDLE = (SIDE - 1) / 2


@dataclass(frozen=True, slots=True)
class Disc:
    """Ink and hidden places of one stamp, on the common disc."""

    amount: Map
    hidden: Map


def lay_on_disc(ink: Ink, ring: Ring) -> Disc:
    """Return the stamp as if its border were a circle of `RADIUS` pixels about the middle of a square of `SIDE`."""
    sources = _sources(ring)
    return Disc(amount=_laid(ink.amount, ring, sources), hidden=_laid(ink.hidden, ring, sources))


def lay_map(values: Map, ring: Ring) -> Map:
    """Return any map of the crop on the common disc."""
    return _laid(values, ring, _sources(ring))


def _laid(values: Map, ring: Ring, sources: tuple[Map, Map]) -> Map:
    shrink = ring.radius / RADIUS
    if shrink > 1.0:
        values = cv2.GaussianBlur(values, (0, 0), 0.45 * shrink)  # type: ignore[assignment]
    return cv2.remap(values, *sources, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)  # type: ignore[return-value]


def _sources(ring: Ring) -> tuple[Map, Map]:
    across, down = np.meshgrid(np.arange(SIDE) - MIDDLE, np.arange(SIDE) - MIDDLE)
    return _sources_of(across, down, ring)


def _sources_of(across: NDArray[np.float64], down: NDArray[np.float64], ring: Ring) -> tuple[Map, Map]:
    """Return where in the crop the points of the disc lie; `across` and `down` are pixels from its middle."""
    angle = np.arctan2(down, across)
    reach = np.hypot(across, down) / RADIUS * radius_at(ring, angle)
    return (ring.x + reach * np.cos(angle)).astype(np.float32), (ring.y + reach * np.sin(angle)).astype(np.float32)


def straighten(picture: Picture, ring: Ring, affine: NDArray[np.float32], side: int) -> Picture:
    """Return the coloured crop itself on a disc of `side` pixels, placed by `affine` (see `align`), for people to look at."""
    step = SIDE / side
    axis = (np.arange(side) + 0.5) * step - 0.5
    across, down = np.meshgrid(axis, axis)
    x = affine[0, 0] * across + affine[0, 1] * down + affine[0, 2] - MIDDLE
    y = affine[1, 0] * across + affine[1, 1] * down + affine[1, 2] - MIDDLE
    white = (255, 255, 255)
    return cv2.remap(
        picture, *_sources_of(x, y, ring), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=white
    )  # type: ignore[return-value]
