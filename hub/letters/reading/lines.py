"""What the reading child answers: lines of text with their places, plain data."""

from typing import Annotated

import msgspec

from hub.letters.report import Fraction

LineText = Annotated[str, msgspec.Meta(max_length=400)]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line as read on a page (from 1); the box is left, top, right, bottom as fractions of the upright page.

    A crooked page has crooked lines: `begins` and `ends` are how far down the middle of its left and right side stands, `height`
    how high its letters are.
    """

    page: int
    text: LineText
    box: tuple[Fraction, Fraction, Fraction, Fraction]
    begins: Fraction
    ends: Fraction
    height: Fraction


class LinesRead(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one page, from the top down."""

    lines: Annotated[tuple[Line, ...], msgspec.Meta(max_length=2000)]
