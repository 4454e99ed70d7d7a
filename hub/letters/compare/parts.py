"""Border, text and centre as wholes: how much ink each shows of what the specimen has, and how large the centre is.

Windows see strokes; a lighter font or a larger star shows better in these few numbers.
"""

import cv2
import numpy as np

from hub.letters.compare.disc import MIDDLE, RADIUS, SIDE
from hub.letters.compare.ink import Map

_BORDER, _TEXT, _CENTRE = (0.93, 1.09), (0.52, 0.91), (0.0, 0.44)  # shares of the radius
_SCALES = np.geomspace(0.72, 1.38, 25)
_NEAR_PX = 5  # ink that ran is still counted this far from the specimen's strokes


def compare_parts(one: Map, other: Map, seen: Map) -> list[float]:
    """Return five numbers: log share of ink of text and border against the centre, and of the text against the border,
    log of the scale at which the centres agree best, and the correlation gained by that scale.

    `one` is the specimen's ink 0..1, `other` the aligned impression's, `seen` 0..1 where no print hides it.
    """
    near = np.asarray(cv2.dilate(one, np.ones((2 * _NEAR_PX + 1,) * 2, np.uint8)) > 0.3, np.float32) * seen
    background = float(np.median(other[(near < 0.1) & (seen > 0.8)])) if np.any((near < 0.1) & (seen > 0.8)) else 0.0
    clear = np.maximum(other - background, 0).astype(np.float32)
    border, text, centre = (_share(one, clear, near * _between(*span)) for span in (_BORDER, _TEXT, _CENTRE))
    scale, gained = _centre_scale(one, clear, seen)
    return [text - centre, border - centre, text - border, scale, gained]


def _share(one: Map, other: Map, weight: Map) -> float:
    specimen, impression = float((one * weight).sum()), float((other * weight).sum())
    # Where print covers a part or the specimen leaves it empty, the answer is drawn towards nothing special.
    return float(np.log((impression + 0.02 * specimen + 5.0) / (specimen + 5.0)))


def _centre_scale(one: Map, other: Map, seen: Map) -> tuple[float, float]:
    weight = seen * _between(*_CENTRE)
    target = cv2.GaussianBlur(other, (0, 0), 1.0)
    likeness = []
    for scale in _SCALES:
        affine = np.array([[1 / scale, 0, MIDDLE * (1 - 1 / scale)], [0, 1 / scale, MIDDLE * (1 - 1 / scale)]])
        grown = cv2.warpAffine(one, affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        likeness.append(_correlation(np.asarray(cv2.GaussianBlur(grown, (0, 0), 1.0)), np.asarray(target), weight))
    best = int(np.argmax(likeness))
    return float(np.log(_SCALES[best])), likeness[best] - likeness[len(_SCALES) // 2]


def _correlation(one: Map, other: Map, weight: Map) -> float:
    total = max(float(weight.sum()), 1.0)
    a = one - float((one * weight).sum()) / total
    b = other - float((other * weight).sum()) / total
    norm = np.sqrt(float((a * a * weight).sum()) * float((b * b * weight).sum()))
    return float((a * b * weight).sum()) / max(float(norm), 1.0)


def _between(inner: float, outer: float) -> Map:
    across, down = np.meshgrid(np.arange(SIDE) - MIDDLE, np.arange(SIDE) - MIDDLE)
    reach = np.hypot(across, down) / RADIUS
    return np.asarray((reach >= inner) & (reach < outer), np.float32)
