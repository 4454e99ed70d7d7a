"""A page for the screen: drawn in the sandboxed child, bounded in pixels, upright. The scan itself is never altered."""

from pathlib import Path

from hub.letters.limits import ScanLimits
from hub.letters.sandbox import held, run
from hub.letters.sniff import sniff_source
from hub.letters.tasks import Box, RenderArguments, Rendered, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

_DPI_RANGE = range(10, 1201)


def render_page(raw: bytes | Path, page: int, dpi: int, *, limits: ScanLimits) -> bytes:
    """Return page `page` (from 1) of a PDF or picture as PNG at `dpi` (10 to 1200), smaller where the ceiling asks.

    Raises: Refused (not a scan, no such page, not drawable), Unavailable. ValueError for a `dpi` out of range.
    """
    return _draw(raw, page, dpi, None, limits)


def crop_page(raw: bytes | Path, page: int, dpi: int, box: Box, *, limits: ScanLimits) -> bytes:
    """Return the part `box` (fractions of the upright page: left, top, right, bottom) of a page, otherwise as `render_page`."""
    return _draw(raw, page, dpi, box, limits)


def _draw(raw: bytes | Path, page: int, dpi: int, box: Box | None, limits: ScanLimits) -> bytes:
    if dpi not in _DPI_RANGE:
        raise ValueError(f"dpi {dpi}")
    if sniff_source(raw)[1] > limits.file_bytes:
        raise Refused(Code.SCAN_TOO_LARGE, values={"n": limits.file_bytes >> 20})
    arguments = RenderArguments(limits=limits, page=page - 1, dpi=dpi, box=box)
    with held(raw) as source:
        return run(Task.RENDER, source, arguments, limits=limits, result=Rendered).png
