"""A scan as a PDF: a picture's own bytes wrapped in pages, a PDF as it is. The same scan always gives the same bytes.

The child hands over streams and sizes; the PDF around them is written here, so that a scan of any length is packed in
batches and nothing from outside is parsed in this process. Source: ISO 32000-1, 7.5, 8.9.5.
"""

import hashlib

from hub.letters.limits import ScanLimits
from hub.letters.sandbox import held, run
from hub.letters.scan import require_scan
from hub.letters.sniff import sniff
from hub.letters.tasks import EmbeddedPages, PageImage, PagesArguments, Task
from hub.protocol import media_types

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_COLOUR_SPACES = {"gray": b"/DeviceGray", "rgb": b"/DeviceRGB", "cmyk": b"/DeviceCMYK"}
_CHANNELS = {"gray": 1, "rgb": 3, "cmyk": 4, "indexed": 1}
_OBJECTS_BEFORE_PAGES = 2
_OBJECTS_PER_PAGE = 3


def scan_to_pdf(raw: bytes, *, limits: ScanLimits, name: str = "") -> bytes:
    """Return `raw` as PDF, without loss: JPEG and PNG streams as they came, TIFF pages with equal pixels.

    A PDF is returned as it is. Deterministic. Raises: Refused for what `check_scan` refuses by its structure and for
    pages that do not decode; Unavailable.
    """
    pages = require_scan(raw, limits=limits, name=name)
    if sniff(raw) == media_types.PDF:
        return raw
    images: list[PageImage] = []
    page: int | None = 0
    with held(raw) as source:
        while page is not None:
            arguments = PagesArguments(limits=limits, count=pages, first=page)
            batch = run(Task.EMBED, source, arguments, limits=limits, result=EmbeddedPages)
            images += batch.images
            page = batch.next_page if batch.next_page is None or batch.next_page > page else None
    return write_pdf(images)


def write_pdf(images: list[PageImage]) -> bytes:
    """Return a PDF with one page for each image, the image filling it upright."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", _page_tree(len(images))]
    for index, image in enumerate(images):
        objects += _page_objects(image, number=_OBJECTS_BEFORE_PAGES + 1 + index * _OBJECTS_PER_PAGE)
    written = bytearray(_HEADER)
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    identity = hashlib.sha256(written).hexdigest()[:32].encode()
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start, size = len(written), len(objects) + 1
    written += b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
    written += b"trailer\n<</Size %d/Root 1 0 R/ID[<%b><%b>]>>\n" % (size, identity, identity)
    written += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(written)


def _page_tree(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (_OBJECTS_BEFORE_PAGES + 1 + index * _OBJECTS_PER_PAGE) for index in range(count))
    return b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, kids)


def _page_objects(image: PageImage, *, number: int) -> list[bytes]:
    width, height = image.page_width, image.page_height
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %b %b]/Resources<</XObject<</I %d 0 R>>>>/Contents %d 0 R>>" % (
        _number(width),
        _number(height),
        number + 2,
        number + 1,
    )
    matrix = b" ".join(_number(value) for value in _matrix(image.orientation, width, height))
    return [page, _stream(b"", b"q %b cm /I Do Q" % matrix), _stream(_image_entries(image), image.data)]


def _matrix(orientation: int, width: float, height: float) -> tuple[float, float, float, float, float, float]:
    """Return the matrix from the unit square of the stored image to the upright page. Source: EXIF 2.32, Orientation."""
    return {
        1: (width, 0.0, 0.0, height, 0.0, 0.0),
        2: (-width, 0.0, 0.0, height, width, 0.0),
        3: (-width, 0.0, 0.0, -height, width, height),
        4: (width, 0.0, 0.0, -height, 0.0, height),
        5: (0.0, -height, -width, 0.0, width, height),
        6: (0.0, -height, width, 0.0, 0.0, height),
        7: (0.0, height, width, 0.0, 0.0, 0.0),
        8: (0.0, height, -width, 0.0, width, 0.0),
    }[orientation]


def _image_entries(image: PageImage) -> bytes:
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent %d/ColorSpace %b/Filter/%b" % (
        image.width,
        image.height,
        image.bits,
        _colour_space(image),
        image.filter.encode(),
    )
    if image.png_predictor:
        entries += b"/DecodeParms<</Predictor 15/Colors %d/BitsPerComponent %d/Columns %d>>" % (
            _CHANNELS[image.colour],
            image.bits,
            image.width,
        )
    if image.inverted:
        entries += b"/Decode[1 0 1 0 1 0 1 0]"
    return entries


def _colour_space(image: PageImage) -> bytes:
    if image.colour != "indexed":
        return _COLOUR_SPACES[image.colour]
    return b"[/Indexed/DeviceRGB %d<%b>]" % (max(len(image.palette) // 3 - 1, 0), image.palette.hex().encode())


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(data), data)


def _number(value: float) -> bytes:
    return f"{value:.3f}".rstrip("0").rstrip(".").encode()
