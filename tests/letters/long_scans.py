"""Long scans in colour, page after page another: what a feeder scanner makes of a thick file, as one PDF."""

import io

import numpy as np
from PIL import Image, ImageDraw

from hub.letters.embed import write_pdf
from hub.letters.tasks import PageImage

_DPI = 200
_SIZE = (1654, 2339)


def a_long_scan(pages: int, size: int) -> bytes:
    """Return a PDF of `pages` different colour pages, A4 at 200 dpi, of about `size` bytes."""
    # As strong a grain as the wanted size asks for.
    grain = next((one for one in range(0, 40, 2) if len(_page(1, one)) * pages >= size), 40)
    return write_pdf([_embedded(_page(number, grain)) for number in range(1, pages + 1)])


def _page(number: int, grain: int) -> bytes:
    rng = np.random.default_rng(number)
    image = Image.new("RGB", _SIZE, (248, 247, 243))
    pen = ImageDraw.Draw(image)
    for line in range(36):
        top, left = 180 + line * 52, 150
        for run in rng.integers(8, 90, 14):
            pen.rectangle((left, top, left + int(run), top + 22), fill=(30, 30, 34))
            left += int(run) + 12
    pen.ellipse((1050, 1700, 1450, 2100), outline=(200, 25, 35), width=14)
    noise = rng.integers(-grain, grain + 1, (*_SIZE[::-1], 1), dtype=np.int16)
    noisy = np.clip(np.asarray(image, dtype=np.int16) + noise, 0, 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(noisy).save(written, "JPEG", quality=85, dpi=(_DPI, _DPI))
    return written.getvalue()


def _embedded(jpeg: bytes) -> PageImage:
    return PageImage(
        width=_SIZE[0],
        height=_SIZE[1],
        colour="rgb",
        bits=8,
        filter="DCTDecode",
        png_predictor=False,
        inverted=False,
        palette=b"",
        orientation=1,
        page_width=_SIZE[0] * 72 / _DPI,
        page_height=_SIZE[1] * 72 / _DPI,
        data=jpeg,
    )
