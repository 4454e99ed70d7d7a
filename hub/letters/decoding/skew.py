"""How crooked a page lies: the turn at which its lines of writing stand out most. Measured on ink, never on paper edges."""

import numpy as np
import numpy.typing as npt

MOST_DEGREES = 15.0
_COARSE, _FINE = 0.5, 0.1
_MOST_POINTS = 12_000
_FEWEST_POINTS = 400
_CLEAR = 1.35  # how much the best turn must stand out from the ordinary one

Ink = npt.NDArray[np.bool_]


def skew_of(ink: Ink) -> float | None:
    """Return the turn of the writing in degrees, positive clockwise, or None where there are no lines to tell by.

    `ink` is a page of about 800 pixels across, True where there is ink.
    """
    down, across = np.nonzero(ink)
    if down.size < _FEWEST_POINTS:
        return None
    step = max(1, down.size // _MOST_POINTS)
    y, x = down[::step].astype(np.float32), across[::step].astype(np.float32)
    coarse = np.arange(-MOST_DEGREES, MOST_DEGREES + _COARSE / 2, _COARSE)
    sharpness = np.array([_sharpness(x, y, angle) for angle in coarse])
    best = int(np.argmax(sharpness))
    if sharpness[best] < _CLEAR * np.median(sharpness) or best in (0, len(coarse) - 1):
        return None
    fine = np.arange(coarse[best] - _COARSE, coarse[best] + _COARSE + _FINE / 2, _FINE)
    return round(float(fine[int(np.argmax([_sharpness(x, y, angle) for angle in fine]))]), 1)


def _sharpness(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], degrees: float) -> float:
    """Return how unevenly the ink falls on rows that are turned by `degrees`."""
    turn = np.deg2rad(degrees)
    rows = (y * np.cos(turn) - x * np.sin(turn)).astype(np.int32)
    counts = np.bincount(rows - rows.min()).astype(np.float64)
    return float(np.square(counts).sum() / counts.size)
