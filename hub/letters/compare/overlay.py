"""Both stamps on one disc, in colours that tell them apart: what both have is dark, what only one has keeps its colour.

Orange and blue, with a white ground, so that those who see red and green alike see the difference. Pure: traces in, PNG out.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.align import Alignment, warp
from hub.letters.compare.comparison import Trace
from hub.letters.compare.ink import Map
from hub.letters.compare.trace import disc_of

SIDE = 640
# What full ink of one side takes away of blue, green and red light.
_SPECIMEN_TAKES = (0.95, 0.55, 0.05)  # leaves orange
_IMPRESSION_TAKES = (0.10, 0.50, 0.95)  # leaves blue
_LEVEL_PERCENTILE = 97


def overlay(specimen: Trace, impression: Trace, placed: Alignment) -> bytes:
    """Return one picture, PNG of `SIDE` pixels: the specimen orange, the impression blue, both together nearly black."""
    one = _even(disc_of(specimen).amount)
    other = warp(_even(disc_of(impression).amount), placed.affine)
    light = np.ones((*one.shape, 3), np.float32)
    for ink, takes in ((one, _SPECIMEN_TAKES), (other, _IMPRESSION_TAKES)):
        light *= 1 - ink[..., None] * np.array(takes, np.float32)
    shown = cv2.resize((light * 255).astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    written, png = cv2.imencode(".png", shown)
    return bytes(png) if written else b""


def side_by_side(pictures: tuple[bytes, ...]) -> bytes:
    """Return PNGs that this package made beside one another, with a margin between, as one PNG."""
    shown = [cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR) for raw in pictures]
    tiles: list[NDArray[np.uint8]] = []
    for picture in shown:
        if picture is not None:
            tile = cv2.resize(picture, (SIDE, SIDE))
            tiles.append(np.asarray(cv2.copyMakeBorder(tile, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=(255,) * 3)))
    written, png = cv2.imencode(".png", np.hstack(tiles))
    return bytes(png) if written else b""


def _even(amount: Map) -> Map:
    level = max(float(np.percentile(amount, _LEVEL_PERCENTILE)), 1e-3)
    return np.asarray(np.clip(amount / level, 0, 1), np.float32)
