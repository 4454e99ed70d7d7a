"""The square code in the footer of our letter paper: found at any turn, read as text; what it says is judged elsewhere."""

from collections.abc import Callable

import numpy as np
import zxingcpp
from PIL import Image

from hub.letters.paper_mark import FORM
from hub.letters.report import PageMark

_QUARTER = 90
_KINDS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def read_mark(image: Image.Image, number: int, *, sharper: Callable[[], Image.Image]) -> PageMark | None:
    """Return the footer of page `number` (from 1), or None. `sharper` draws the page again where a code is seen but not read."""
    found, seen = _read(image, number)
    if found is None and seen:
        found, _ = _read(sharper(), number)
    return found


def _read(image: Image.Image, number: int) -> tuple[PageMark | None, bool]:
    codes = zxingcpp.read_barcodes(np.asarray(image.convert("L")), formats=_KINDS, return_errors=True, try_invert=False)
    for code in codes:
        if code.valid and FORM.fullmatch(code.text):
            turn = round(code.orientation / _QUARTER) % 4 * _QUARTER
            return PageMark(page=number, text=code.text, turn=turn), True  # type: ignore[arg-type]  # one of four
    return None, any(not code.valid for code in codes)
