"""How much stamp ink lies where: a colour picture in, a density map out, with black print over the stamp told apart.

Absorbance (Beer-Lambert) against the local paper colour is split in two parts: coloured ink and neutral print.
Pure; pictures are BGR, uint8; maps are float32 of the same height and width.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]

_PAPER_SIDE = 96  # pixels: paper colour changes slowly
_STAR = 0.17  # share of the side: wider than any solid part of a stamp
_BLACK_HIDES = 0.45  # neutral absorbance (natural logarithm) from which stamp ink below it cannot be judged


@dataclass(frozen=True, slots=True)
class Ink:
    """`amount`: absorbance of stamp ink, 0 = paper. `hidden`: 0..1, how surely black print covers the place."""

    amount: Map
    hidden: Map


def measure_ink(picture: Picture) -> Ink:
    """Return the stamp ink in a crop, whatever the tint of the paper, the shade of red, or the print over it."""
    absorbance = -np.log(np.clip(picture.astype(np.float32) / _paper(picture), 0.02, 1.0))
    red, other = absorbance[..., 2], (absorbance[..., 0] + absorbance[..., 1]) * np.float32(0.5)
    share = _red_share(red, other)
    amount = np.clip((other - red) / (1.0 - share), 0.0, 4.0)
    black = np.clip(red - share * amount, 0.0, None)
    hidden = cv2.dilate(np.clip(black / _BLACK_HIDES, 0.0, 1.0), np.ones((3, 3), np.uint8))
    return Ink(amount=amount.astype(np.float32), hidden=hidden.astype(np.float32))


def _paper(picture: Picture) -> Map:
    """Return the colour of the paper under each pixel: a wide local maximum, smoothed."""
    height, width = picture.shape[:2]
    scale = _PAPER_SIDE / max(height, width)
    small = cv2.resize(
        picture, (max(2, round(width * scale)), max(2, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    reach = round(_STAR * _PAPER_SIDE) | 1
    paper = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    paper = cv2.GaussianBlur(paper.astype(np.float32), (0, 0), reach / 4)
    wide = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.maximum(wide, 20.0).astype(np.float32)


def _red_share(red: Map, other: Map) -> float:
    """Return the part of red light this ink takes compared with green and blue: near 0 for bright red, 0.6 for dark."""
    inked = (other > 0.25) & (red < 0.8 * other)
    if np.count_nonzero(inked) < 50:
        return 0.15
    # Bright parts: print over the stamp raises the ratio, never lowers it.
    return float(np.clip(np.percentile(red[inked] / other[inked], 30), 0.0, 0.75))
