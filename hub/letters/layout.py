"""How large the page of a picture is: by its resolution when that can be true, else on A4. Points are 1/72 inch."""

from dataclasses import dataclass

_POINTS_PER_INCH = 72
_A4_POINTS = (595.276, 841.89)
_DPI_RANGE = (50.0, 2400.0)
# From half an A6 sheet to A2: outside it the stated resolution is a default nobody set (72 dpi of a phone).
_SIDE_POINTS_RANGE = (140.0, 1700.0)


@dataclass(frozen=True, slots=True)
class PageSize:
    """Width and height of the upright page in points; `trusted` when they follow from a believable resolution."""

    width: float
    height: float
    trusted: bool


def lay_out(width_px: int, height_px: int, dpi: tuple[float, float] | None) -> PageSize:
    """Return the page for an upright picture of this size and stated resolution (across, down)."""
    if dpi is not None and all(_DPI_RANGE[0] <= value <= _DPI_RANGE[1] for value in dpi):
        width, height = (px * _POINTS_PER_INCH / value for px, value in zip((width_px, height_px), dpi, strict=True))
        if _SIDE_POINTS_RANGE[0] <= min(width, height) and max(width, height) <= _SIDE_POINTS_RANGE[1]:
            return PageSize(round(width, 3), round(height, 3), trusted=True)
    short, long = _A4_POINTS
    paper = (short, long) if width_px <= height_px else (long, short)
    scale = min(paper[0] / width_px, paper[1] / height_px)
    # A strip one pixel high still gets a page that readers can show.
    width, height = (round(max(px * scale, 3.0), 3) for px in (width_px, height_px))
    return PageSize(width, height, trusted=False)
