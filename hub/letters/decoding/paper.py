"""A page with its paper divided out: tint, shade and dimness gone, ink left. NumPy and OpenCV, no decoding."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]
_QUARTER = 4


@dataclass(frozen=True, slots=True)
class Flattened:
    """`ratio` is the page over its local paper, RGB, 1.0 where there is none but paper; `level` is the paper's grey level."""

    ratio: npt.NDArray[np.float32]
    level: float


def shrink(page: Rgb, width: int) -> Rgb:
    """Return `page` at most `width` pixels across, every pixel averaged; a smaller page is returned as it is."""
    factor = width / page.shape[1]
    if factor >= 1:
        return page
    size = (width, max(1, round(page.shape[0] * factor)))
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def flatten(page: Rgb) -> Flattened:
    """Divide a page of about 800 pixels across by its local paper: the brightest neighbour, smoothed."""
    height, width = page.shape[:2]
    coarse = cv2.resize(page, (max(1, width // _QUARTER), max(1, height // _QUARTER)), interpolation=cv2.INTER_AREA)
    brightest = cv2.GaussianBlur(cv2.dilate(coarse, np.ones((9, 9), np.uint8)), (0, 0), 6)
    paper: npt.NDArray[np.float32] = np.asarray(cv2.resize(brightest, (width, height)), dtype=np.float32)
    ratio = np.divide(page, np.maximum(paper, np.float32(1)), dtype=np.float32)
    return Flattened(ratio, float(np.median(brightest)))
