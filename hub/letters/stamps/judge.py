"""How much a ring on the page is like a seal's: measured on the page unrolled around it, weighed by a small learned net.

The weights are in `judge.json`, made from generated pages by `benchmarks/train_stamps.py`; no page of the labelled
set was used for them.
"""

import math
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
import numpy.typing as npt

from hub.letters.stamps.ellipse import ANGLES, Ellipse, unroll
from hub.letters.stamps.ink import Ink, Plane

Features = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]
FEATURES = (
    "ring_cover",  # share of the circle that has ink
    "ring_gap",  # longest stretch without, as share of the circle
    "ring_sharp",  # how much more ink on the ring than beside it
    "clear_inside",  # ink between ring and text
    "clear_outside",  # ink just outside the ring
    "text_ink",  # ink where the arc text is
    "text_turns",  # how often ink begins along the text's circle
    "text_cover",  # share of directions with text ink
    "text_even",  # how evenly the text's ink is spread over eight sectors
    "middle_ink",  # ink between text and centre
    "centre_ink",  # ink where the star is
    "fill",  # ink of the whole disc
    "roundness",  # short axis over long axis
    "on_page",  # share of the circle on the page
    "ring_even",  # evenness of the ink along the ring
    "ring_thick",  # thickness of the ring against the radius
    "ring_true",  # how closely the ring's outer edge keeps to the ellipse
    "radial",  # share of text ink that is one blob from ring to centre
)
_RADII = np.linspace(0.0, 1.30, 79, dtype=np.float32)
_STEP = 1.30 / 78


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two layers over the standardised features: `hidden` rows (one per unit, bias last), then `output` (bias last).

    `threshold` is the score that counts.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    hidden: tuple[tuple[float, ...], ...]
    output: tuple[float, ...]
    threshold: float


class Judges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One judge for red ink; one for the dark ink of black-and-white copies, where every line of text is ink too."""

    red: Weights
    dark: Weights


@cache
def shipped_judges() -> Judges:
    """Return the judges that ship with the program."""
    return msgspec.json.decode((files(__package__) / "judge.json").read_bytes(), type=Judges)


def score(features: Features, weights: Weights) -> float:
    """Return the likeness to a seal, 0 to 1."""
    standard = np.append(np.clip((features - weights.mean) / weights.scale, -4, 4), 1.0)
    units = np.append(np.tanh(np.array(weights.hidden) @ standard), 1.0)
    total = float(units @ np.array(weights.output))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def describe(ink: Ink, ellipse: Ellipse) -> Features:
    """Measure the page around `ellipse`; the order is that of `FEATURES`."""
    rolled = unroll(ink.strength, ellipse, _RADII)
    on_page = rolled >= 0
    inked = (rolled > ink.level) & on_page
    ring: Bits = np.any(_band(inked, 0.94, 1.05), axis=0)
    ring_on_page: Bits = np.all(_band(on_page, 0.94, 1.05), axis=0)
    visible = max(int(ring_on_page.sum()), 1)
    clear_inside, clear_outside = _share(inked, on_page, 0.87, 0.92), _share(inked, on_page, 1.08, 1.24)
    return np.array(
        [
            (ring & ring_on_page).sum() / visible,
            _longest_gap(ring, ring_on_page),
            _sharpness(inked, on_page),
            clear_inside,
            clear_outside,
            _share(inked, on_page, 0.56, 0.86),
            _turns(_band(inked, 0.60, 0.84)),
            (_band(inked, 0.58, 0.86).any(axis=0) & ring_on_page).sum() / visible,
            _evenness(_band(inked, 0.58, 0.86).mean(axis=0), ring_on_page),
            _share(inked, on_page, 0.32, 0.54),
            _share(inked, on_page, 0.0, 0.22),
            float(
                (inked * _RADII[:, None])[: _row(0.93)].sum()
                / max((on_page * _RADII[:, None])[: _row(0.93)].sum(), 1e-6)
            ),
            min(ellipse.a, ellipse.b) / max(ellipse.a, ellipse.b),
            visible / ANGLES,
            _steadiness(rolled, ring & ring_on_page, ink.level),
            float(_band(inked, 0.80, 1.05).sum(axis=0)[ring].mean() * _STEP) if ring.any() else 0.0,
            _trueness(inked, ring_on_page),
            float(_band(inked, 0.58, 0.98).all(axis=0).mean()),
        ]
    )


def _row(radius: float) -> int:
    return round(radius / _STEP)


def _band(plane: Bits, low: float, high: float) -> Bits:
    return plane[_row(low) : _row(high) + 1]


def _share(inked: Bits, on_page: Bits, low: float, high: float) -> float:
    return float(_band(inked, low, high).sum() / max(int(_band(on_page, low, high).sum()), 1))


def _longest_gap(ring: Bits, on_page: Bits) -> float:
    empty = np.concatenate([~ring & on_page, ~ring & on_page])
    longest = run = 0
    for one in empty:
        run = run + 1 if one else 0
        longest = max(longest, run)
    return min(longest, ANGLES) / ANGLES


def _sharpness(inked: Bits, on_page: Bits) -> float:
    cover = inked.sum(axis=1) / np.maximum(on_page.sum(axis=1), 1)
    return float(
        cover[_row(0.93) : _row(1.04)].max()
        - (cover[_row(1.08) : _row(1.2)].mean() + cover[_row(0.84) : _row(0.91)].mean()) / 2
    )


def _turns(text: Bits) -> float:
    starts = (text & ~np.roll(text, 1, axis=1)).sum(axis=1)
    return float(np.sort(starts)[-5:].mean())


def _evenness(amount: npt.NDArray[np.float64], on_page: Bits) -> float:
    sectors = [
        float(part[seen].mean())
        for part, seen in zip(np.split(amount[:176], 8), np.split(on_page[:176], 8), strict=True)
        if seen.any()
    ]
    return float(np.std(sectors) / max(float(np.mean(sectors)), 0.02)) if sectors else 0.0


def _steadiness(rolled: Plane, ring: Bits, level: float) -> float:
    if not ring.any():
        return 0.0
    strongest = rolled[_row(0.94) : _row(1.05) + 1].max(axis=0)[ring]
    return float(np.std(strongest) / max(float(strongest.mean()), level))


def _trueness(inked: Bits, on_page: Bits) -> float:
    band = _band(inked, 0.88, 1.12)
    seen = band.any(axis=0) & on_page
    if not seen.any():
        return 0.24
    outermost = band.shape[0] - 1 - np.argmax(band[::-1], axis=0)[seen]
    return float(np.mean(np.abs(outermost * _STEP + 0.88 - 1.0)))
