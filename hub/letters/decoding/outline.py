"""The first look at a file: is it whole, is it harmless, how many pages. Everything else builds on its answer."""

from collections.abc import Iterator

from hub.letters.decoding.jpeg import parse_frame
from hub.letters.decoding.pdf import MAX_PADDING, PADDING, outline_pdf
from hub.letters.decoding.pictures import NotAccepted, Picture, load_pixels, open_picture, require_pixels
from hub.letters.decoding.png import parse_chunks
from hub.letters.decoding.tiff import count_pages
from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, PdfPolicy, note, refuse, warn
from hub.letters.sniff import is_also_pdf, sniff
from hub.letters.tasks import Outline
from hub.protocol import media_types
from hub.protocol.codes import Code

_MIRRORED = (2, 4, 5, 7)


def outline(raw: bytes, *, limits: ScanLimits, policy: PdfPolicy = PdfPolicy.RAW_SCAN) -> Outline:
    """Return what can be said of `raw` as a whole. Raises: NotAccepted when nothing more can be looked at."""
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    if is_also_pdf(raw):
        raise NotAccepted(refuse(Code.SCAN_TWO_FORMATS))
    if media_type == media_types.PDF:
        pages, observations = outline_pdf(raw, limits=limits, policy=policy)
        return Outline(pages=pages, observations=observations)
    if media_type == media_types.TIFF:
        # Its pages are decoded one by one when they are looked at.
        pages = count_pages(raw, limits=limits)
        open_picture(raw, media_type, limits=limits)
        return Outline(pages=pages, observations=())
    require_single(raw, media_type, limits=limits)
    picture = open_picture(raw, media_type, limits=limits)
    load_pixels(picture)
    return Outline(pages=1, observations=tuple(_about_orientation(picture)))


def require_single(raw: bytes, media_type: str, *, limits: ScanLimits) -> None:
    """Walk a JPEG or PNG and require that it is whole, one picture, and that nothing follows it. Raises: NotAccepted."""
    frame = parse_frame(raw) if media_type == media_types.JPEG else parse_chunks(raw)
    require_pixels(frame.width, frame.height, limits=limits, page=1)
    tail = raw[frame.end :]
    if tail.startswith(b"\xff\xd8\xff"):
        raise NotAccepted(refuse(Code.SCAN_SEVERAL_PICTURES))
    if len(tail) > MAX_PADDING or tail.strip(PADDING):
        raise NotAccepted(refuse(Code.SCAN_TRAILING, n=len(tail)))


def _about_orientation(picture: Picture) -> Iterator[Observation]:
    if picture.orientation == 0:
        yield note(Code.SCAN_ORIENTATION_UNKNOWN, 1)
    elif picture.orientation in _MIRRORED:
        yield warn(Code.SCAN_MIRRORED, 1)
    elif picture.orientation > 1:
        yield note(Code.SCAN_ROTATED, 1)
