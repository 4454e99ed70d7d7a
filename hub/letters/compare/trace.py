"""What is kept of one picture of a stamp: its ink on the common disc, as plain data that a decoding child can answer.

The pure half of the work on outside bytes: pixels in, small struct out. Everything after it sees only bounded numbers.
"""

import numpy as np

from hub.letters.compare.comparison import Trace
from hub.letters.compare.disc import SIDE, Disc, lay_on_disc
from hub.letters.compare.ink import Map, Picture, measure_ink
from hub.letters.compare.ring import find_ring

_MM_PER_INCH = 25.4
_SMALLEST_MM, _LARGEST_MM = 20.0, 65.0  # round stamps of offices are 30 to 50 mm
_LARGEST = 2.0  # of the stamp's own level: where stored ink is cut off
_LEVEL_PERCENTILE = 97


def trace_stamp(picture: Picture, *, dpi: float | None) -> Trace | None:
    """Return the trace of the stamp in a BGR crop, or None where no round border can be found."""
    measured = measure_ink(picture)
    ring = find_ring(measured)
    if ring is None:
        return None
    disc = lay_on_disc(measured, ring)
    level = max(float(np.percentile(disc.amount, _LEVEL_PERCENTILE)), 0.01)
    diameter_mm = 2 * ring.radius / dpi * _MM_PER_INCH if dpi else None
    return Trace(
        ink=_stored(disc.amount / level, _LARGEST),
        hidden=_stored(disc.hidden, 1.0),
        level=level,
        radius_px=ring.radius,
        # A screen shot or a photograph states a resolution too, but not one that makes a stamp of it.
        diameter_mm=diameter_mm if diameter_mm and _SMALLEST_MM < diameter_mm < _LARGEST_MM else None,
        coverage=ring.coverage,
    )


def disc_of(trace: Trace) -> Disc:
    """Return the disc that a trace stores."""
    return Disc(amount=_restored(trace.ink, _LARGEST * trace.level), hidden=_restored(trace.hidden, 1.0))


def _stored(values: Map, largest: float) -> bytes:
    return bytes(np.round(np.clip(values / largest, 0, 1) * 255).astype(np.uint8).tobytes())


def _restored(raw: bytes, largest: float) -> Map:
    return np.frombuffer(raw, np.uint8).reshape(SIDE, SIDE).astype(np.float32) * np.float32(largest / 255)
