"""Whether two pages are the same sheet scanned twice: sketches to find the candidates, then the writing compared piece by piece.

A form filled in for another person is another page, however alike it looks from afar.
"""

import cv2
import numpy as np
import numpy.typing as npt

from hub.letters.decoding.paper import Rgb, flatten, shrink

Plane = npt.NDArray[np.float32]

SKETCH = (48, 64)  # across, down: 3 kB a page
_COARSE_WIDTH = 400
_COMPARE_WIDTH = 1240
_ALIGNED = 0.5  # correlation from which two pages count as laid upon each other
_MOST_DISTORTION = 0.12
_CELL = 22  # pixels of 1240: about a character
_REACH = 4  # how far a piece may have moved after aligning
_INKED = 0.04  # a piece with less ink says nothing
_LEAST_LIKENESS = 0.90  # correlation of an ordinary piece; two scans of a sheet have 0.99
_UNLIKE = 0.12  # a piece differs when its correlation is this far from 1, and five times as far as the ordinary piece's
_MOST_UNLIKE = 0.0025  # share of pieces that dust may spoil: another name and number spoil more
_FEWEST_PIECES = 24


def sketch(ratio: Plane, skew: float | None) -> bytes:
    """Return a small grey copy of a page's ink, straightened and cut to what is written on; empty for a blank page.

    `ratio` is the grey page over its paper, about 800 pixels across (see `paper.Flattened`).
    """
    ink = _straight(_ink(ratio), skew)
    (top, bottom), (left, right) = (_extent(ink, axis) for axis in (1, 0))
    if bottom - top < 8 or right - left < 8:
        return b""
    small = cv2.resize(ink[top:bottom, left:right], SKETCH, interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small * 255, 0, 255), dtype=np.uint8).tobytes()


def same_sheet(one: Rgb, other: Rgb, *, skews: tuple[float | None, float | None]) -> bool:
    """Say whether two upright RGB pages show the same sheet; False also when there is too little on them to tell by."""
    first = _straight(_ink_of(one), skews[0])
    second = _straight(_ink_of(other), skews[1])
    moved = _aligned(first, second)
    return moved is not None and _all_pieces_alike(first, moved)


def _extent(ink: Plane, axis: int) -> tuple[int, int]:
    """Return where along the other axis the ink lies but for its outermost hundredth, which may be dust."""
    mass = np.cumsum(ink.sum(axis=axis))
    low, high = np.searchsorted(mass, (0.01 * mass[-1], 0.99 * mass[-1]))
    return int(low), int(high) + 1


def _ink_of(page: Rgb) -> Plane:
    small = shrink(page, _COMPARE_WIDTH)
    margin = min(small.shape[:2]) // 40
    flat = flatten(small[margin : small.shape[0] - margin, margin : small.shape[1] - margin])
    return _ink(flat.ratio.mean(axis=2))


def _ink(ratio: Plane) -> Plane:
    return np.asarray(np.clip(0.9 - ratio, 0.0, 1.0), dtype=np.float32)


def _straight(ink: Plane, skew: float | None) -> Plane:
    if skew is None or abs(skew) < 0.05:
        return ink
    height, width = ink.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0)
    return np.asarray(cv2.warpAffine(ink, turn, (width, height)), dtype=np.float32)


def _aligned(first: Plane, second: Plane) -> Plane | None:
    """Return `second` moved, turned and scaled onto `first`, or None where that does not succeed."""
    # Both planes are shrunk to the same size, whatever their own.
    size = (_COARSE_WIDTH, max(1, round(first.shape[0] * _COARSE_WIDTH / first.shape[1])))
    coarse, other = (
        cv2.GaussianBlur(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
        for plane in (first, second)
    )
    (across, down), _ = cv2.phaseCorrelate(coarse, other)
    start = np.array([[1, 0, across], [0, 1, down]], dtype=np.float32)
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
    try:
        correlation, found = cv2.findTransformECC(coarse, other, start, cv2.MOTION_AFFINE, ends)
    except cv2.error:
        return None
    warp = np.asarray(found, dtype=np.float64)
    if correlation < _ALIGNED or np.abs(warp[:, :2] - np.eye(2)).max() > _MOST_DISTORTION:
        return None
    enlarged = np.diag([second.shape[1] / size[0], second.shape[0] / size[1]]) @ warp
    enlarged[:, 0] *= size[0] / first.shape[1]
    enlarged[:, 1] *= size[1] / first.shape[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(second, enlarged, first.shape[1::-1], flags=flags), dtype=np.float32)


def _all_pieces_alike(first: Plane, second: Plane) -> bool:
    smooth_first, smooth_second = (
        np.asarray(cv2.GaussianBlur(plane, (0, 0), 1.2), dtype=np.float32) for plane in (first, second)
    )
    likeness: list[float] = []
    for top in range(_REACH, first.shape[0] - _CELL - _REACH, _CELL):
        for left in range(_REACH, first.shape[1] - _CELL - _REACH, _CELL):
            cut = np.s_[top : top + _CELL, left : left + _CELL]
            if max(float(first[cut].mean()), float(second[cut].mean())) >= _INKED:
                likeness.append(_likeness_of(smooth_first, smooth_second, top, left))
    if len(likeness) < _FEWEST_PIECES:
        return False
    away = 1.0 - np.array(likeness)
    ordinary = float(np.median(away))
    unlike = float((away > max(_UNLIKE, 5 * ordinary)).mean())
    return ordinary <= 1.0 - _LEAST_LIKENESS and unlike <= _MOST_UNLIKE


def _likeness_of(first: Plane, second: Plane, top: int, left: int) -> float:
    piece = first[top : top + _CELL, left : left + _CELL]
    around = second[top - _REACH : top + _CELL + _REACH, left - _REACH : left + _CELL + _REACH]
    if float(piece.std()) < 1e-3:
        return 0.0
    found = cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED)
    return float(np.nan_to_num(found).max())
