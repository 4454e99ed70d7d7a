"""From two traces to a verdict: place one on the other, score the windows, say what differs and where."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.align import align
from hub.letters.compare.comparison import Comparison, Difference, Likeness, Trace
from hub.letters.compare.patches import Patches, cut_patches
from hub.letters.compare.scorer import Scorer
from hub.letters.compare.summary import (
    ARC,
    FACT_CENTRE_GAIN,
    FACT_CENTRE_SCALE,
    FACT_HIDDEN,
    FACT_IMPRESSION,
    FACT_SPECIMEN,
    STAR,
    settled,
    smoothed,
    summarise,
)
from hub.letters.compare.trace import disc_of
from hub.protocol.codes import Code

SIMILAR_FROM = 0.46  # score; set on the even sets of the labelled comparisons, see the page named in `comparison`
LEGIBLE_SHARE = 0.5  # of the specimen's inked windows that must show ink, not black print or bare paper
_SIZE_MM = 1.2  # genuine impressions measure within 0.9 mm of their specimen
_CENTRE_LOG, _CENTRE_GAIN = 0.09, 0.02  # scale of the centre that is another star, and how much better it must fit
_PLACE_ODDS, _FIRST_ODDS = 0.5, -0.5  # log odds from which a place is named, and the first of them
_MOST_PLACES = 6


@dataclass(frozen=True, slots=True)
class _Look:
    score: float
    legible: float
    differences: tuple[Difference, ...]


def judge(specimens: tuple[Trace, ...], impression: Trace | None, *, scorer: Scorer) -> Comparison:
    """Compare a stamp with every registered one and keep the most similar. No border found: not legible, score 0."""
    if impression is None or not specimens:
        unread = (Difference(what=Code.COMPARE_NO_STAMP, where="whole"),)
        return Comparison(verdict=Likeness.NOT_LEGIBLE, score=0.0, differences=unread, specimen=None)
    looks = [_look(specimen, impression, scorer) for specimen in specimens]
    best = max(range(len(looks)), key=lambda place: looks[place].score)
    look = looks[best]
    if look.legible < LEGIBLE_SHARE:
        faint = (Difference(what=Code.COMPARE_FAINT, where="whole"),)
        return Comparison(verdict=Likeness.NOT_LEGIBLE, score=look.score, differences=faint, specimen=best)
    verdict = Likeness.SIMILAR if look.score >= SIMILAR_FROM else Likeness.DIFFERENT
    return Comparison(verdict=verdict, score=look.score, differences=look.differences, specimen=best)


def _look(specimen: Trace, impression: Trace, scorer: Scorer) -> _Look:
    one, other = disc_of(specimen), disc_of(impression)
    patches = cut_patches(one, other, align(one, other), source_radius=impression.radius_px)
    odds = scorer.window_odds(patches)
    size_mm = None
    if specimen.diameter_mm is not None and impression.diameter_mm is not None:
        size_mm = impression.diameter_mm - specimen.diameter_mm
    summary = summarise(patches, odds, coverage=impression.coverage, size_mm=size_mm)
    likely = scorer.pair_odds(summary)
    differences = _places(patches, settled(patches, odds))
    if (
        abs(float(patches.facts[0, FACT_CENTRE_SCALE])) > _CENTRE_LOG
        and float(patches.facts[0, FACT_CENTRE_GAIN]) > _CENTRE_GAIN
    ):
        differences.insert(0, Difference(what=Code.COMPARE_CENTRE, where="centre"))
    if size_mm is not None and abs(size_mm) > _SIZE_MM:
        differences.insert(0, Difference(what=Code.COMPARE_SIZE, where="whole"))
    return _Look(1 / (1 + math.exp(-likely)), _legible(patches), tuple(differences))


def _legible(patches: Patches) -> float:
    facts = patches.facts
    inked = facts[:, FACT_SPECIMEN] > 0.05
    shown = facts[:, FACT_IMPRESSION] > 0.25 * facts[:, FACT_SPECIMEN]
    readable = shown & (facts[:, FACT_HIDDEN] < 0.5)
    return float(readable[inked].mean()) if inked.any() else 0.0


def _places(patches: Patches, odds: NDArray[np.float32]) -> list[Difference]:
    """Return the clearest places, strongest first, neighbours of a named one left out."""
    field = odds.copy()
    field[ARC] = smoothed(odds)
    named: list[Difference] = []
    if float(field[STAR].mean()) > _PLACE_ODDS:
        named.append(Difference(what=_kind(patches, STAR.start), where="centre"))
    field[STAR] = -np.inf
    while len(named) < _MOST_PLACES and float(field.max()) > (_PLACE_ODDS if named else _FIRST_ODDS):
        place = int(np.argmax(field))
        part = "arc" if place < ARC.stop else "inner"
        named.append(Difference(what=_kind(patches, place), where=f"{part} {_clock(float(patches.angle[place]))}"))
        turn = np.abs((patches.angle - patches.angle[place] + np.pi) % (2 * np.pi) - np.pi)
        same_circle = patches.radius == patches.radius[place]
        field[(turn < 0.3) & same_circle] = -np.inf
    return named


def _kind(patches: Patches, place: int) -> Code:
    """Say whether ink is too much, missing, or otherwise drawn."""
    specimen, impression = float(patches.facts[place, FACT_SPECIMEN]), float(patches.facts[place, FACT_IMPRESSION])
    if specimen < 0.25 * impression:
        return Code.COMPARE_EXTRA
    return Code.COMPARE_MISSING if impression < 0.25 * specimen else Code.COMPARE_STROKES


def _clock(angle: float) -> str:
    """Return the place on a clock face, to half an hour; `angle` is clockwise from three o'clock."""
    halves = round((angle / (2 * math.pi) * 12 + 3) * 2) % 24
    return f"{halves // 2 or 12:02d}:{'30' if halves % 2 else '00'}"
