"""Whether a PDF's pages have a possible size. Source: ISO 32000-1, 14.11.2 and annex C."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pikepdf

from hub.letters.decoding.active import Tree
from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, refuse
from hub.protocol.codes import Code

_BOXES = ("/MediaBox", "/CropBox")
_SMALLEST_SIDE_POINTS = 3


def check_boxes(tree: Tree, *, limits: ScanLimits) -> Iterator[Observation]:
    """Give a refusal if any page box or user unit is unreadable or beyond the largest page."""
    for dictionary in tree.dictionaries:
        for box in _BOXES:
            if box in dictionary and not _is_possible(dictionary[box], dictionary.get("/UserUnit", 1), limits):
                yield refuse(Code.SCAN_PAGE_SIZE)
                return


def _is_possible(box: Any, unit: Any, limits: ScanLimits) -> bool:
    sides = list(box) if isinstance(box, pikepdf.Array) and len(box) == 4 else []
    if not sides or not all(isinstance(number, int | Decimal) for number in (*sides, unit)):
        return False
    left, bottom, right, top = (float(side) for side in sides)
    extent = abs(right - left) * float(unit), abs(top - bottom) * float(unit)
    farthest = max(abs(value) for value in (left, bottom, right, top))
    return min(extent) >= _SMALLEST_SIDE_POINTS and max(*extent, farthest) <= limits.page_side_points
