"""Where the ink of a seal could be: red on any paper, or dark on a black-and-white copy; long straight lines taken out."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from hub.letters.decoding.paper import Flattened

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_FAINTEST_RED = 0.055  # below it JPEG noise and tinted paper begin
_FAINTEST_DARK = 0.22
_RELATIVE = 0.2  # of the strong ink: keeps the arc text beside a hot star
_LINE_SHARE = 0.25  # of the page's width: a seal's ring has no straight run this long
_LINE_ANGLES = range(-6, 7, 2)


@dataclass(frozen=True, slots=True)
class Ink:
    """`strength` is the ink per pixel, 0 to about 1; `mask` where there is some; `level` the threshold between."""

    strength: Plane
    mask: Mask
    level: float


def red_ink(flat: Flattened) -> Ink:
    """Return the red ink: how much the red channel is brighter than the other two, against the paper."""
    smooth = cv2.GaussianBlur(flat.ratio, (0, 0), 0.9)
    redness = smooth[:, :, 0] - np.maximum(smooth[:, :, 1], smooth[:, :, 2])
    return _ink(np.asarray(redness, dtype=np.float32), _FAINTEST_RED)


def dark_ink(flat: Flattened) -> Ink:
    """Return the dark ink of a page without colour."""
    smooth = cv2.GaussianBlur(flat.ratio.mean(axis=2), (0, 0), 0.9)
    return _ink(np.asarray(1.0 - smooth, dtype=np.float32), _FAINTEST_DARK)


def _ink(strength: Plane, faintest: float) -> Ink:
    middle = float(np.median(strength))
    spread = float(np.median(np.abs(strength - middle)))
    level = max(faintest, middle + 6 * spread)
    first = strength > level
    if first.any():
        level = max(level, _RELATIVE * float(np.percentile(strength[first], 90)))
    mask = strength > level
    if mask.mean() > 0.002:
        mask &= ~_long_lines(mask)
    kept = np.where(mask, strength, np.clip(strength, 0.0, level))  # never below 0: that means off the page
    return Ink(np.asarray(kept, dtype=np.float32), mask, level)


def _long_lines(mask: Mask) -> Mask:
    """Return the pixels of straight runs, nearly level or upright, longer than any in a seal."""
    height, width = mask.shape
    half = cv2.resize(mask.astype(np.uint8), (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    half = cv2.dilate((half > 0).astype(np.uint8), np.ones((2, 2), np.uint8))
    length = int(width // 2 * _LINE_SHARE)
    found: npt.NDArray[np.uint8] = np.zeros(half.shape, np.uint8)
    for angle in _LINE_ANGLES:
        for kernel in _line_kernels(length, angle):
            eroded = cv2.erode(half, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
            if eroded.any():
                found = np.maximum(found, np.asarray(cv2.dilate(eroded, kernel), dtype=np.uint8))
    grown = cv2.dilate(found, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.resize(grown, (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def _line_kernels(length: int, angle: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    rise = max(1, round(abs(np.tan(np.radians(angle))) * length))
    level = np.zeros((rise | 1, length | 1), np.uint8)
    bottom, right = level.shape[0] - 1, level.shape[1] - 1
    left_end, right_end = (bottom, 0) if angle > 0 else (0, bottom)
    cv2.line(level, (0, left_end), (right, right_end), (1,), 1)
    return level, np.ascontiguousarray(level.T)
