"""Training pairs: specimens and impressions of stamps and of forged copies, measured as the program measures them.

Each family is made from its own number alone, so any can be made again; see `train.py` for the seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.compare_training.damage import Pressed, clean_specimen, press
from benchmarks.compare_training.seals import FORGERIES, PAIR_SHARES, WINDOW_SHARES, draw, forge, make_seal
from hub.letters.compare.align import align, warp
from hub.letters.compare.disc import Disc, lay_map, lay_on_disc
from hub.letters.compare.ink import Map, measure_ink
from hub.letters.compare.patches import Patches, cut_patches, places, upright
from hub.letters.compare.ring import Ring, find_ring


@dataclass(frozen=True, slots=True)
class Pair:
    """`differs` per window: how much the undamaged designs differ there, 0 = not at all, 1 = entirely."""

    kind: str
    patches: Patches
    differs: NDArray[np.float32]
    millimetres: float
    coverage: float


@dataclass(frozen=True, slots=True)
class _Side:
    design: int
    kind: str
    disc: Disc
    truth: Map
    ring: Ring
    millimetres: float


def make_family(number: int, *, seed: int, for_windows: bool) -> Iterator[Pair]:
    """Yield the pairs of family `number`: specimens of a stamp and two forgeries, each with three impressions.

    `for_windows`: forgeries with many changed characters, to learn from windows; else as they are expected.
    """
    random = np.random.default_rng([seed, number])
    seal = make_seal(random)
    shares = WINDOW_SHARES if for_windows else PAIR_SHARES
    kinds = ["genuine", *(str(kind) for kind in random.choice(FORGERIES, 2, p=shares))]
    designs = [seal, *(forge(seal, kind, random) for kind in kinds[1:])]
    drawn = [draw(design) for design in designs]
    specimens = [_measured(clean_specimen(drawn[i], designs[i].diameter_mm, random), i, kinds[i]) for i in range(3)]
    printed = (0, 0, 1) if random.random() < 0.7 else (0, 1, 2)
    impressions = [_measured(press(drawn[i], designs[i].diameter_mm, random), i, kinds[i]) for i in printed]
    for one in specimens:
        for two in impressions:
            if one and two:
                yield _pair(one, two)


def _measured(pressed: Pressed, design: int, kind: str) -> _Side | None:
    ink = measure_ink(cv2.imdecode(np.frombuffer(pressed.jpeg, np.uint8), cv2.IMREAD_COLOR))
    ring = find_ring(ink)
    if ring is None:
        return None
    millimetres = ring.radius * 2 / pressed.dpi * 25.4
    return _Side(design, kind, lay_on_disc(ink, ring), lay_map(pressed.design, ring), ring, millimetres)


def _pair(one: _Side, two: _Side) -> Pair:
    kind = "genuine" if one.design == two.design else two.kind if one.design == 0 else one.kind
    alignment = align(one.disc, two.disc)
    patches = cut_patches(one.disc, two.disc, alignment, source_radius=two.ring.radius)
    copy = warp(two.truth, alignment.affine)
    differs = np.zeros(len(patches.radius), np.float32)
    if kind != "genuine":
        for place, (radius, angle) in enumerate(zip(*places(), strict=True)):
            a = cv2.GaussianBlur(upright(one.truth, radius, angle), (0, 0), 0.8)
            b = cv2.GaussianBlur(upright(copy, radius, angle, *patches.nudges[place]), (0, 0), 0.8)
            differs[place] = np.abs(a - b).sum() / (a.sum() + b.sum() + 40)
    return Pair(kind, patches, differs, two.millimetres - one.millimetres, two.ring.coverage)
