"""What the decoding child does for a comparison: open the bytes, find the stamp, answer its trace or its straight picture.

Called only in the sandboxed child (`hub.letters.decoding.work`); everything here may meet hostile bytes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from hub.letters.compare.comparison import Straightened, Traced
from hub.letters.compare.disc import straighten
from hub.letters.compare.ink import Picture, measure_ink
from hub.letters.compare.ring import find_ring
from hub.letters.compare.trace import trace_stamp
from hub.letters.decoding.outline import outline
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.view import Size, open_pages
from hub.letters.limits import ScanLimits
from hub.letters.report import PdfPolicy, refuse
from hub.letters.sniff import sniff
from hub.protocol import media_types
from hub.protocol.codes import Code

_WIDEST_PX = 1000  # 300 dpi of a stamp with room around it; finer says no more
_MOST_PX = 1_000_000
_PDF_DPI = 300
_STRAIGHT_SIDE = 640


@dataclass(frozen=True, slots=True)
class _Opened:
    picture: Picture
    dpi: float | None


def trace(raw: bytes, *, limits: ScanLimits) -> Traced:
    """Return the trace of the stamp on the first page of a crop. Raises: NotAccepted."""
    opened = _open(raw, limits)
    return Traced(trace=trace_stamp(opened.picture, dpi=opened.dpi))


def straight_picture(raw: bytes, affine: tuple[float, ...], *, limits: ScanLimits) -> Straightened:
    """Return the crop in colour, straightened and placed by the six numbers of `affine`, as PNG. Raises: NotAccepted."""
    opened = _open(raw, limits)
    ring = find_ring(measure_ink(opened.picture))
    if ring is None:
        return Straightened(png=b"")
    shown = straighten(opened.picture, ring, np.array(affine, np.float32).reshape(2, 3), _STRAIGHT_SIDE)
    written, png = cv2.imencode(".png", shown)
    return Straightened(png=bytes(png) if written else b"")


def _open(raw: bytes, limits: ScanLimits) -> _Opened:
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    pages = outline(raw, limits=limits, policy=PdfPolicy.SEALED_LETTER).pages
    if pages < 1:
        raise NotAccepted(refuse(Code.SCAN_PAGE_MISSING, 1, page=1, n=0))
    with open_pages(raw, media_type, count=pages, limits=limits) as opened:
        size = Size(_WIDEST_PX, min(_MOST_PX, limits.render_pixels))
        if media_type == media_types.PDF:
            whole = opened.size_at(0, _PDF_DPI)
            view = opened.view(0, Size(min(whole.width, size.width), size.pixels))
            dpi: float | None = _PDF_DPI * view.image.width / whole.width
        else:
            view = opened.view(0, size)
            stored = max(view.stored_size or view.image.size)
            dpi = view.dpi[0] * max(view.image.size) / stored if view.dpi else None
    return _Opened(np.ascontiguousarray(np.asarray(view.image)[..., ::-1]), dpi)
