"""From the windows' odds to the few numbers that describe a pair as a whole."""

import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.patches import Patches, Stack

ARC = slice(0, 48)  # windows on the arc text, around the foot text, over the star; see `patches._CIRCLES`
FOOT = slice(48, 64)
STAR = slice(64, 69)
_EMPTY = 0.04  # ink of both sides together below which a window says nothing
_NOTHING = -6.0  # log odds of a window that says nothing

FACTS_WHOLE = slice(9, 19)  # the same for every window, see `patches.cut_patches`
FACT_CENTRE_SCALE, FACT_CENTRE_GAIN = 17, 18
FACT_SPECIMEN, FACT_IMPRESSION, FACT_HIDDEN, FACT_PRESENCE, FACT_BEST = 5, 6, 7, 4, 0


def settled(patches: Patches, odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the odds with empty windows out of play."""
    ink = patches.facts[:, FACT_SPECIMEN] + patches.facts[:, FACT_IMPRESSION]
    return np.where(ink > _EMPTY, np.clip(odds, _NOTHING, 8), _NOTHING).astype(np.float32)


def smoothed(odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return odds on the arc averaged over three neighbours: a character is seen by at least that many windows."""
    arc = odds[ARC]
    return np.asarray((np.roll(arc, 1) + arc + np.roll(arc, -1)) / 3, np.float32)


def summarise(patches: Patches, odds: NDArray[np.float32], *, coverage: float, size_mm: float | None) -> Stack:
    """Return one row of facts of the pair. `size_mm` is the difference of diameters, None where it is not known."""
    odds = settled(patches, odds)
    arc = np.sort(smoothed(odds))[::-1]
    foot = np.sort(odds[FOOT])[::-1]
    facts = patches.facts
    inked = facts[:, FACT_SPECIMEN] > 0.05
    best = facts[inked, FACT_BEST] if inked.any() else np.zeros(1, np.float32)
    row = [
        arc[0], arc[1:3].mean(), arc[3:6].mean(), arc[6:12].mean(), arc[12:24].mean(), arc[24:].mean(),
        arc[0] - np.median(arc), float((arc > 0).mean()),
        foot[0], foot[1:4].mean(), foot[4:10].mean(), float(odds[STAR].mean()), float(odds[STAR].max()),
        *np.quantile(best, [0.1, 0.3, 0.5, 0.8]),
        *facts[0, FACTS_WHOLE], abs(float(facts[0, FACT_CENTRE_SCALE])), coverage,
        float(facts[inked, FACT_HIDDEN].mean()) if inked.any() else 0.0,
        float((facts[inked, FACT_PRESENCE] < 0.4).mean()) if inked.any() else 1.0,
        abs(size_mm) if size_mm is not None else 0.0,
    ]  # fmt: skip
    return np.array([row], np.float32)
