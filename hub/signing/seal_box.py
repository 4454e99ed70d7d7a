"""The visible mark of an electronic seal: a labelled box on a strip added below the page, never on the scanned area.

The strip extends the page's MediaBox and CropBox on the side that is the bottom of the page as displayed; what lay within
them keeps its place and its pixels. Dark grey on white and drawn as text: it must not be taken for ink or for a seal.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from math import ceil

from PIL import Image, ImageDraw, ImageFont
from pyhanko.pdf_utils import generic, images
from pyhanko.pdf_utils.content import PdfResources, RawContent
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.stamp import StaticStampStyle

HEADING = "电子签名  ELECTRONIC SIGNATURE"
NOTICE = "本框不是印章,请用软件核验  This box is not a seal: verify by software"
STRIP_HEIGHT = 0.085  # of the width of the displayed page
INK = 45
PIXELS_PER_STRIP = 170  # height of the drawn label; its width follows from the page

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Strip:
    """Where the label goes: `rect` in page space, `media` and `crop` the extended boxes, `length` and `height` as displayed,
    `rotate` the page's own clockwise turn in degrees."""

    rect: Box
    media: Box
    crop: Box
    length: float
    height: float
    rotate: int


def add_strip(writer: IncrementalPdfFileWriter, page_index: int = 0) -> Strip:
    """Extend the page in `writer` by a strip at its displayed bottom and say where it is. Units: PDF points.

    Raises: ValueError for a page without a usable MediaBox.
    """
    page_ref = writer.find_page_for_modification(page_index)[0]  # type: ignore[no-untyped-call]
    page = page_ref.get_object()
    media, crop = page_boxes(page)
    rotate = _inherited(page, "/Rotate")
    strip = place_strip(media, crop, int(rotate) % 360 if isinstance(rotate, generic.NumberObject) else 0)
    page["/MediaBox"] = _array(strip.media)
    page["/CropBox"] = _array(strip.crop)
    writer.update_container(page)
    return strip


def page_boxes(page: generic.DictionaryObject) -> tuple[Box, Box]:
    """Return the MediaBox and what of it is shown (the CropBox), inherited or own. Raises: ValueError without any."""
    media = read_box(_inherited(page, "/MediaBox"))
    crop = _inherited(page, "/CropBox")
    return media, _intersection(read_box(crop), media) if crop is not None else media


def place_strip(media: Box, crop: Box, rotate: int) -> Strip:
    """Return the strip for a page with these boxes: it touches the crop box from outside and covers nothing in it."""
    x0, y0, x1, y1 = crop
    width, height = x1 - x0, y1 - y0
    if width <= 0 or height <= 0 or rotate not in (0, 90, 180, 270):
        raise ValueError("a page without a usable area")
    length = height if rotate in (90, 270) else width
    high = float(ceil(length * STRIP_HEIGHT))  # whole points: the scan keeps its place on the renderer's grid
    rect: Box = {
        0: (x0, y0 - high, x1, y0),
        90: (x1, y0, x1 + high, y1),
        180: (x0, y1, x1, y1 + high),
        270: (x0 - high, y0, x0, y1),
    }[rotate]
    return Strip(
        rect=rect, media=_union(media, rect), crop=_union(crop, rect), length=length, height=high, rotate=rotate
    )


def label_style(
    lines: tuple[str, ...], strip: Strip, writer: IncrementalPdfFileWriter, font: bytes | None
) -> StaticStampStyle:
    """Return the appearance that fills the strip with white and draws the box with `lines` in it."""
    picture = draw_label(lines, aspect=strip.length / strip.height, font=font)
    wanted = PdfResources()  # type: ignore[no-untyped-call]
    wanted.xobject[pdf_name("/Label")] = images.pil_image(picture, writer)
    length, high = strip.length, strip.height
    # Columns of the matrix: where the label's right and up point in page space when the page is turned for display.
    matrix = {
        0: (length, 0, 0, high, 0, 0),
        90: (0, length, -high, 0, high, 0),
        180: (-length, 0, 0, -high, length, high),
        270: (0, -length, high, 0, 0, length),
    }[strip.rotate]
    width, height = strip.rect[2] - strip.rect[0], strip.rect[3] - strip.rect[1]
    drawn = b"q 1 1 1 rg 0 0 %.3f %.3f re f %s cm /Label Do Q" % (
        width,
        height,
        b" ".join(b"%.3f" % number for number in matrix),
    )
    background = RawContent(drawn, resources=wanted, box=BoxConstraints(width=width, height=height))
    whole = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MIN, AxisAlignment.ALIGN_MIN, Margins(0, 0, 0, 0))
    return StaticStampStyle(border_width=0, background=background, background_layout=whole)


def draw_label(lines: tuple[str, ...], *, aspect: float, font: bytes | None) -> Image.Image:
    """Return the label as a picture, `aspect` times as wide as high. A character the font lacks is drawn as its code point."""
    high = PIXELS_PER_STRIP
    picture = Image.new("L", (max(int(high * aspect), high), high), 255)
    draw = ImageDraw.Draw(picture)
    margin = high // 14
    draw.rectangle((margin, margin, picture.width - margin - 1, high - margin - 1), outline=INK, width=3)
    raw = font if font is not None else _own_font()
    row = (high - 4 * margin) / len(lines)
    for number, line in enumerate(lines):
        text = _drawable(line, raw)
        size = int(row * 0.78)
        while size > 8 and _face(raw, size).getlength(text) > picture.width - 6 * margin:
            size -= 1
        draw.text((3 * margin, 2 * margin + (number + 0.5) * row), text, font=_face(raw, size), fill=INK, anchor="lm")
    return picture


def _own_font() -> bytes:
    return resources.files("hub.signing").joinpath("fonts", "label.otf").read_bytes()


@lru_cache(maxsize=64)
def _face(raw: bytes, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(raw), size)


def _drawable(line: str, raw: bytes) -> str:
    face = _face(raw, 32)
    # A private-use character is in no font: it shows what a missing glyph looks like in this one.
    missing = bytes(face.getmask("\U0010fffd"))
    return "".join(
        character if character == " " or bytes(face.getmask(character)) != missing else f"U+{ord(character):04X}"
        for character in line
    )


def _inherited(page: generic.DictionaryObject, key: str) -> generic.PdfObject | None:
    node: generic.PdfObject = page
    for _ in range(64):  # deeper page trees are refused by pyHanko as well; a loop must end
        if not isinstance(node, generic.DictionaryObject):
            return None
        if key in node:
            found: generic.PdfObject = node[key]
            return found
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    return None


def read_box(value: generic.PdfObject | None) -> Box:
    """Return the rectangle in `value`, lower left corner first. Raises: ValueError."""
    if not isinstance(value, generic.ArrayObject) or len(value) != 4:
        raise ValueError("a page without a MediaBox")
    a, b, c, d = (float(number) for number in value)
    return (min(a, c), min(b, d), max(a, c), max(b, d))


def _union(first: Box, second: Box) -> Box:
    return (min(first[0], second[0]), min(first[1], second[1]), max(first[2], second[2]), max(first[3], second[3]))


def _intersection(first: Box, second: Box) -> Box:
    return (max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3]))


def _array(box: Box) -> generic.ArrayObject:
    return generic.ArrayObject(
        generic.FloatObject(f"{number:.4f}")  # type: ignore[no-untyped-call]
        for number in box
    )
