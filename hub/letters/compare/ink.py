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
_BLACK_SLACK = 0.12  # neutral absorbance (natural logarithm) that may be noise
_BLACK_HIDES = 0.4  # and how much more makes stamp ink below it impossible to judge
_COLOUR_CELL_PX = 4.0  # half of what JPEG may smear colour over
_PRESENT = 0.1  # of the stamp's level, blurred so: ink is about


@dataclass(frozen=True, slots=True)
class Ink:
    """`amount`: absorbance of stamp ink, 0 = paper. `hidden`: 0..1, how surely black print covers the place.

    `colour`: ink by its colour alone, coarse and never fooled by print: what the border is looked for in.
    """

    amount: Map
    hidden: Map
    colour: Map


def measure_ink(picture: Picture) -> Ink:
    """Return the stamp ink in a crop, whatever the tint of the paper, the shade of red, or the print over it.

    JPEG keeps colour coarsely and brightness finely: colour says where stamp ink is, brightness how it is shaped.
    """
    clear = np.clip(picture.astype(np.float32) / _paper(picture), 0.02, 1.0)
    absorbance = -np.log(clear)
    red, other = absorbance[..., 2], (absorbance[..., 0] + absorbance[..., 1]) * np.float32(0.5)
    share = _red_share(red, other)
    coloured = np.clip((other - red) / (1.0 - share), 0.0, 4.0)
    black = (red - share * coloured - _BLACK_SLACK) / _BLACK_HIDES
    dark = -np.log(clear @ np.array([0.114, 0.587, 0.299], np.float32))
    level = max(float(np.percentile(coloured, 97)), 0.02)
    around = cv2.GaussianBlur(coloured, (0, 0), _COLOUR_CELL_PX)
    per_ink = _darkness_per_ink(cv2.GaussianBlur(dark, (0, 0), _COLOUR_CELL_PX), around, black, level)
    # Darker than the stamp's own solid parts: print, even where the colour is too coarse to say so.
    black = np.maximum(black, (dark - 1.3 * per_ink * level - 0.12) / 0.3)
    hidden = cv2.dilate(np.clip(1.6 * black - 0.3, 0.0, 1.0), np.ones((5, 5), np.uint8))
    present = np.clip(around / (_PRESENT * level) - 0.5, 0.0, 1.0)
    fine = np.minimum(dark / per_ink, 1.6 * level) * present
    amount = fine * (1 - hidden) + np.minimum(coloured, level) * hidden
    printed = cv2.dilate(np.clip((red - share * coloured) / _BLACK_HIDES, 0, 1), np.ones((3, 3), np.uint8))
    return Ink(
        amount=np.asarray(amount, np.float32),
        hidden=np.asarray(hidden, np.float32),
        colour=np.asarray(coloured * (1 - printed), np.float32),
    )


def _darkness_per_ink(dark: Map, coloured: Map, black: Map, level: float) -> float:
    """Return how dark one unit of coloured ink is, from places where there is ink and no print."""
    inked = (coloured > 0.3 * level) & (black < 0.3)
    if np.count_nonzero(inked) < 50:
        return 0.5
    return float(np.clip(np.median(dark[inked] / coloured[inked]), 0.15, 1.5))


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
    return float(np.clip(np.percentile(red[inked] / other[inked], 35), 0.0, 0.75))
