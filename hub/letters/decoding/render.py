"""One page drawn for the screen, as PNG."""

import io

from hub.letters.decoding.outline import outline
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.view import open_pages
from hub.letters.layout import lay_out
from hub.letters.limits import ScanLimits
from hub.letters.report import PdfPolicy, refuse
from hub.letters.sniff import sniff
from hub.letters.tasks import Box, Rendered
from hub.protocol.codes import Code


def render(raw: bytes, *, limits: ScanLimits, page: int, dpi: int, box: Box | None = None) -> Rendered:
    """Draw page `page` (from 0), or the part `box` of it, upright at `dpi`, within the pixel ceiling. Raises: NotAccepted.

    A part states its resolution where the page is of a size that paper has: what stands on it can then be measured.
    """
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    count = outline(raw, limits=limits, policy=PdfPolicy.SEALED_LETTER).pages
    if not 0 <= page < count:
        raise NotAccepted(refuse(Code.SCAN_PAGE_MISSING, page + 1, page=page + 1, n=count))
    with open_pages(raw, media_type, count=count, limits=limits) as pages:
        size = pages.size_at(page, dpi)
        view = pages.view(page, size)
    image, stated = view.image, {}
    if box is not None:
        resolution = dpi * image.width / size.width
        image = image.crop(_pixels(box, image.size))
        if view.dpi is not None and view.stored_size is not None and lay_out(*view.stored_size, view.dpi).trusted:
            stated = {"dpi": (resolution, resolution)}
    written = io.BytesIO()
    image.save(written, format="PNG", compress_level=3, **stated)
    return Rendered(png=written.getvalue())


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = (min(int(box[side] * size[side]), size[side] - 1) for side in (0, 1))
    right, bottom = (max(round(box[side + 2] * size[side]), (left, top)[side] + 1) for side in (0, 1))
    return left, top, right, bottom
