"""A picture's pages as a PDF holds them: JPEG and PNG streams as they came, a TIFF's pixels packed without loss."""

import zlib
from typing import Literal

from hub.letters.decoding.batch import Batch
from hub.letters.decoding.jpeg import parse_frame
from hub.letters.decoding.outline import require_single
from hub.letters.decoding.pictures import NotAccepted, Picture, load_pixels, open_picture
from hub.letters.decoding.png import parse_chunks
from hub.letters.decoding.tiff import count_pages
from hub.letters.layout import lay_out
from hub.letters.limits import ScanLimits
from hub.letters.report import refuse
from hub.letters.sniff import is_also_pdf, sniff
from hub.letters.tasks import EmbeddedPages, PageImage
from hub.protocol import media_types
from hub.protocol.codes import Code

Colour = Literal["gray", "rgb", "cmyk", "indexed"]
_COLOURS: dict[str, Colour] = {"1": "gray", "L": "gray", "RGB": "rgb", "CMYK": "cmyk", "P": "indexed"}
_JPEG_COLOURS: dict[int, Colour] = {1: "gray", 3: "rgb", 4: "cmyk"}
_PNG_COLOURS: dict[int, Colour] = {0: "gray", 2: "rgb", 3: "indexed"}
_BAND_ROWS = 256
_ZLIB_LEVEL = 6


def embed(raw: bytes, *, limits: ScanLimits, first: int) -> EmbeddedPages:
    """Return the pages from `first` on, as many as one child may pack. Every pixel was decoded first.

    Raises: NotAccepted for anything damaged, transparent, too deep or too large.
    """
    media_type = sniff(raw)
    if media_type is None or media_type == media_types.PDF:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    if is_also_pdf(raw):
        raise NotAccepted(refuse(Code.SCAN_TWO_FORMATS))
    if media_type != media_types.TIFF:
        require_single(raw, media_type, limits=limits)
        picture = open_picture(raw, media_type, limits=limits)
        load_pixels(picture)
        image = _jpeg(raw, picture) if media_type == media_types.JPEG else _png(raw, picture)
        return EmbeddedPages(images=(image,), next_page=None)
    batch = Batch(first, count_pages(raw, limits=limits), cpu_s=limits.batch_cpu_s)
    images = []
    for page in batch:
        picture = open_picture(raw, media_type, limits=limits, page=page)
        load_pixels(picture, page=page)
        images.append(_packed(picture))
    return EmbeddedPages(images=tuple(images), next_page=batch.next_page)


def _jpeg(raw: bytes, picture: Picture) -> PageImage:
    frame = parse_frame(raw)
    # Adobe's programs store CMYK upside down and say so with their marker.
    colour = _JPEG_COLOURS[frame.components]
    inverted = colour == "cmyk" and frame.adobe
    return _page_image(picture, colour, 8, raw[: frame.end], coded="DCTDecode", inverted=inverted)


def _png(raw: bytes, picture: Picture) -> PageImage:
    frame = parse_chunks(raw)
    if frame.interlaced:  # PDF's predictors know no Adam7
        return _packed(picture)
    colour, palette = _PNG_COLOURS[frame.colour_type], frame.palette if frame.colour_type == 3 else b""
    return _page_image(picture, colour, frame.bits, frame.data, predictor=True, palette=palette)


def _packed(picture: Picture) -> PageImage:
    image = picture.image
    if image.mode == "YCbCr":
        image = image.convert("RGB")
    colour = _COLOURS[image.mode]
    palette = bytes(image.getpalette("RGB") or b"")[:768] if colour == "indexed" else b""
    packer = zlib.compressobj(_ZLIB_LEVEL)
    parts = []
    for top in range(0, image.height, _BAND_ROWS):  # in bands: a second copy of a large page would not fit the child
        band = image.crop((0, top, image.width, min(top + _BAND_ROWS, image.height)))
        parts.append(packer.compress(band.tobytes()))
    parts.append(packer.flush())
    upright = Picture(image, picture.orientation, picture.dpi)
    return _page_image(upright, colour, 1 if image.mode == "1" else 8, b"".join(parts), palette=palette)


def _page_image(
    picture: Picture,
    colour: Colour,
    bits: int,
    data: bytes,
    *,
    coded: Literal["DCTDecode", "FlateDecode"] = "FlateDecode",
    predictor: bool = False,
    inverted: bool = False,
    palette: bytes = b"",
) -> PageImage:
    width, height = picture.image.size
    orientation = picture.orientation or 1
    dpi = picture.dpi
    turned = orientation >= 5
    page = lay_out(*(height, width) if turned else (width, height), dpi[::-1] if dpi and turned else dpi)
    return PageImage(
        width=width,
        height=height,
        colour=colour,
        bits=bits,  # type: ignore[arg-type]  # 1, 2, 4 or 8: parsers accept nothing else, the parent checks it again
        filter=coded,
        png_predictor=predictor,
        inverted=inverted,
        palette=palette,
        orientation=orientation,
        page_width=page.width,
        page_height=page.height,
        data=data,
    )
