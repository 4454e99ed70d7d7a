"""The reading child's one entry: a scan and a page number in, its lines out."""

import msgspec
import numpy as np

from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.view import Size, open_pages
from hub.letters.decoding.work import answered
from hub.letters.decoding.work import warm_up as warm_up_decoders
from hub.letters.reading.engine import load_engine, read_page
from hub.letters.reading.lines import LinesRead
from hub.letters.report import refuse
from hub.letters.sniff import sniff
from hub.letters.tasks import PagesArguments, Request
from hub.protocol.codes import Code

# The engine looks at 2,000 pixels at most: A4 at 170 dpi.
VIEW = Size(width=1414, pixels=2_830_000)


def warm_up() -> None:
    """Load decoders and models before any fork."""
    warm_up_decoders()
    load_engine()


def answer_bytes(request: Request, raw: bytes) -> bytes:
    """Read one page and return the encoded answer, refusal or failure; never raises for anything in `raw`."""
    return answered(lambda: _read(request.arguments, raw))


def _read(arguments: bytes, raw: bytes) -> LinesRead:
    wanted = msgspec.msgpack.decode(arguments, type=PagesArguments)
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    with open_pages(raw, media_type, count=wanted.count, limits=wanted.limits) as pages:
        page = np.asarray(pages.view(wanted.first, VIEW).image)
    return LinesRead(lines=read_page(page, wanted.first + 1))
