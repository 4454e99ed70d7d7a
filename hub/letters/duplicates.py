"""Pages that were put into the scanner twice: candidates by their sketches here, the proof in the child that sees the pages."""

from collections.abc import Iterator, Sequence

import numpy as np

from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, warn
from hub.letters.sandbox import run
from hub.letters.tasks import PagePair, PageSketch, PairsArguments, PairsSeen, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

_ALIKE = 0.7  # of two scans of one sheet nine tenths have more; forms filled in differently have it too
_MOST_PAIRS = 24  # of a long scan of forms the most alike are compared: half a second each


def find_duplicates(
    source: int, sketches: Sequence[PageSketch], *, limits: ScanLimits, count: int
) -> Iterator[Observation]:
    """Give one warning for each page that shows the same sheet as an earlier one. `count` is the outline's."""
    pairs = likely_pairs(sketches)
    done = 0
    while done < len(pairs):
        arguments = PairsArguments(limits=limits, count=count, pairs=pairs[done:])
        try:
            seen = run(Task.SAME_SHEETS, source, arguments, limits=limits, result=PairsSeen)
        except Refused:
            return  # every page was drawn before; that two together are too much is nothing to tell an officer
        for pair, same in zip(pairs[done:], seen.same, strict=False):
            if same:
                yield warn(Code.SCAN_DUPLICATE_PAGE, pair.second + 1, first=pair.first + 1)
        done += max(1, len(seen.same))


def likely_pairs(sketches: Sequence[PageSketch]) -> tuple[PagePair, ...]:
    """Return, for each page that resembles an earlier one, the pair with the one it resembles most; likeliest first."""
    written = [sketch for sketch in sketches if sketch.ink]
    found: list[tuple[float, PagePair]] = []
    for index, page in enumerate(written):
        likeness, earlier = max(
            ((_likeness(page.ink, other.ink), other) for other in written[:index]),
            key=lambda one: one[0],
            default=(0.0, page),
        )
        if likeness >= _ALIKE:
            pair = PagePair(first=earlier.page - 1, second=page.page - 1, skews=(earlier.skew, page.skew))
            found.append((likeness, pair))
    found.sort(key=lambda one: -one[0])
    return tuple(pair for _, pair in found[:_MOST_PAIRS])


def _likeness(one: bytes, other: bytes) -> float:
    if len(one) != len(other):
        return 0.0
    first, second = (np.frombuffer(raw, dtype=np.uint8).astype(np.float64) for raw in (one, other))
    first, second = first - first.mean(), second - second.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size else 0.0
