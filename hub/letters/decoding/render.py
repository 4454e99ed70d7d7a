"""One page drawn for the screen, as PNG."""

import io

from hub.letters.decoding.outline import outline
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.view import open_pages
from hub.letters.limits import ScanLimits
from hub.letters.report import PdfPolicy, refuse
from hub.letters.sniff import sniff
from hub.letters.tasks import Rendered
from hub.protocol.codes import Code


def render(raw: bytes, *, limits: ScanLimits, page: int, dpi: int) -> Rendered:
    """Draw page `page` (from 0) upright at `dpi`, within the pixel ceiling. Raises: NotAccepted."""
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    count = outline(raw, limits=limits, policy=PdfPolicy.SEALED_LETTER).pages
    if not 0 <= page < count:
        raise NotAccepted(refuse(Code.SCAN_PAGE_MISSING, page + 1, page=page + 1, n=count))
    with open_pages(raw, media_type, count=count, limits=limits) as pages:
        view = pages.view(page, pages.size_at(page, dpi))
    written = io.BytesIO()
    view.image.save(written, format="PNG", compress_level=3)
    return Rendered(png=written.getvalue())
