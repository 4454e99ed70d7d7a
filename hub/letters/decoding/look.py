"""What one page looks like: blank, too dark, without colour, crooked, too small. Measured on a small copy, never exact."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from hub.letters.decoding.likeness import sketch
from hub.letters.decoding.paper import flatten, shrink
from hub.letters.decoding.skew import skew_of
from hub.letters.decoding.view import View
from hub.letters.layout import lay_out
from hub.letters.report import Observation, note, warn
from hub.letters.stamps.find import FoundStamp
from hub.protocol.codes import Code

_SAMPLE_WIDTH = 800
_INK = 0.85  # ink is at most this bright against its paper
_NOTHING = 0.0004  # share of pixels below which there is none: ten characters on A4 have 0.001
_DARK_PAPER = 80  # grey level of the paper below which nothing is legible
_CHROMA = 0.08
_FEW_COLOURS = 48
_SMALL_SIDE_PX = 700  # A4 at 85 dpi
_NEEDLESS_DPI = 450  # 300 is asked for; beyond this only the file grows
_CROOKED_DEGREES = 2.0  # said; a worn feeder does this every day
_SKEWED_DEGREES = 6.0  # warned of: corners are cut off, and the writing is hard to compare


@dataclass(frozen=True, slots=True)
class Tone:
    """Grey level of the paper (0 to 255), share of pixels with ink, share of pixels with colour.

    `skew` in degrees, positive clockwise, None where there is no writing to tell by; `sketch` see `likeness`.
    """

    paper: float
    ink: float
    colour: float
    skew: float | None
    sketch: bytes

    @property
    def dark(self) -> bool:
        """Whether the page is too dark to read."""
        return self.paper < _DARK_PAPER

    @property
    def blank(self) -> bool:
        """Whether nothing is on the page."""
        return self.ink < _NOTHING and self.colourless

    @property
    def colourless(self) -> bool:
        """Whether nothing on the page is coloured."""
        return self.colour < _NOTHING


def measure(image: Image.Image) -> Tone:
    """Measure the tone of an upright RGB page."""
    pixels = shrink(np.asarray(image), _SAMPLE_WIDTH)
    margin = min(pixels.shape[:2]) // 40  # the scanner's black edge is not the page
    flat = flatten(pixels[margin : pixels.shape[0] - margin, margin : pixels.shape[1] - margin])
    smooth = cv2.blur(flat.ratio, (3, 3))
    chroma = smooth.max(axis=2) - smooth.min(axis=2)
    grey = flat.ratio.mean(axis=2)
    ink = grey < _INK
    skew = skew_of(ink)
    return Tone(flat.level, float(ink.mean()), float((chroma > _CHROMA).mean()), skew, sketch(grey, skew))


def look_at(view: View, tone: Tone, number: int, *, stamps: Sequence[FoundStamp] = ()) -> Iterator[Observation]:
    """Give what an officer should know about page `number` (from 1) before it is sent.

    `stamps` are those found on it: a red one shows colour, however little the rest of the page has.
    """
    coloured = any(not stamp.monochrome for stamp in stamps)
    legible = not (tone.dark or tone.blank)
    if not legible:
        yield warn(Code.SCAN_BLANK_OR_DARK, number)
    elif view.stored_mode in ("1", "L"):
        yield warn(Code.SCAN_BLACK_AND_WHITE, number)
    elif tone.colourless and not coloured:
        yield note(Code.SCAN_BLACK_AND_WHITE, number)
    if legible and stamps and not coloured:
        yield warn(Code.SCAN_STAMP_COPIED, number)
    if legible:
        yield from _about_skew(tone.skew, number)
    if view.stored_mode == "P" and view.image.getcolors(_FEW_COLOURS) is not None:
        yield note(Code.SCAN_FEW_COLOURS, number)
    if view.stored_size is not None:
        yield from _about_size(view, view.stored_size, number)


def _about_skew(skew: float | None, number: int) -> Iterator[Observation]:
    if skew is not None and abs(skew) >= _CROOKED_DEGREES:
        graded = warn if abs(skew) >= _SKEWED_DEGREES else note
        yield graded(Code.SCAN_SKEWED, number, degrees=f"{abs(skew):.1f}")


def _about_size(view: View, stored: tuple[int, int], number: int) -> Iterator[Observation]:
    if min(stored) < _SMALL_SIDE_PX:
        yield warn(Code.SCAN_LOW_RESOLUTION, number, width=stored[0], height=stored[1])
    if view.dpi is None:
        yield note(Code.SCAN_NO_RESOLUTION, number)
    elif not lay_out(*stored, view.dpi).trusted:
        yield note(Code.SCAN_ODD_RESOLUTION, number, dpi=round(view.dpi[0]))
    elif min(view.dpi) > _NEEDLESS_DPI:
        yield note(Code.SCAN_HIGH_RESOLUTION, number, dpi=round(view.dpi[0]))
