"""Pages of PDF scans put together, or taken apart: their streams are copied as they stand, nothing is decoded or drawn."""

import io

import pikepdf

from hub.letters.decoding.outline import outline
from hub.letters.decoding.pdf import QPDF_ERRORS
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.limits import ScanLimits
from hub.letters.report import Grade, PdfPolicy, refuse
from hub.letters.tasks import Assembled, PagesOf
from hub.protocol.codes import Code


def assemble(raw: bytes, parts: tuple[PagesOf, ...], *, limits: ScanLimits) -> Assembled:
    """Return one PDF of the pages that `parts` name, in their order; each part is a PDF inside `raw`.

    The same parts give the same bytes. Raises: NotAccepted for a part that is no acceptable scan or lacks such pages.
    """
    made = pikepdf.Pdf.new()
    pages = 0
    for part in parts:
        document = raw[part.start : part.start + part.size]
        seen = outline(document, limits=limits, policy=PdfPolicy.RAW_SCAN)
        refused = [observation for observation in seen.observations if observation.grade is Grade.REFUSE]
        if refused:
            raise NotAccepted(refused[0])
        first, last = part.first, seen.pages if part.last is None else part.last
        if not 1 <= first <= last <= seen.pages:
            raise NotAccepted(refuse(Code.SCAN_NO_PAGES))
        pages += last - first + 1
        if pages > limits.pages:
            raise NotAccepted(refuse(Code.SCAN_TOO_MANY_PAGES, n=pages, limit=limits.pages))
        _copy(made, document, first, last)
    out = io.BytesIO()
    made.save(out, deterministic_id=True, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return Assembled(pdf=out.getvalue(), pages=pages)


def _copy(made: pikepdf.Pdf, document: bytes, first: int, last: int) -> None:
    try:
        with pikepdf.open(io.BytesIO(document), suppress_warnings=True) as source:
            # Only the pages: bookmarks, names and whatever else a document carries stay behind.
            made.pages.extend(source.pages[first - 1 : last])
    except QPDF_ERRORS as error:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, what=type(error).__name__)) from error
