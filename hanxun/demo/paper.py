"""The demo's paper: the printed letter, stamped in red ink and scanned a little crooked. Ink on paper, not an electronic seal."""

import io
import math
import random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hub.letters.printing.typesetting import font_file

DPI = 200
_RED = (200, 30, 40)
_DIAMETER_MM = 40
_A4_MM = (210, 297)
_OVERSAMPLING = 4


def stamp_and_scan(page_png: bytes, *, station: str, seed: int) -> bytes:
    """Return the page (PNG at 200 dpi) as a JPEG scan that bears a red round stamp with the station's name.

    The same page and `seed` give the same bytes.
    """
    rng = random.Random(seed)  # noqa: S311 (looks, not secrets)
    page = Image.open(io.BytesIO(page_png)).convert("RGB")
    ink = _impression(station, rng)
    left, top = round(page.width * 0.66), round(page.height * 0.475)
    page.paste(Image.new("RGB", ink.size, _RED), (left, top), ink)
    crooked = page.rotate(rng.uniform(-0.8, 0.8), resample=Image.Resampling.BICUBIC, fillcolor=(252, 251, 249))
    noise = Image.effect_noise(page.size, 9).convert("RGB")
    scan = Image.blend(crooked, noise, 0.03).filter(ImageFilter.GaussianBlur(0.5))
    out = io.BytesIO()
    scan.save(out, "JPEG", quality=88, dpi=(DPI, DPI))
    return out.getvalue()


def blank_page() -> bytes:
    """Return an empty A4 page at 200 dpi, PNG: what a seal's registered impression stands on."""
    out = io.BytesIO()
    wide, high = (round(side / 25.4 * DPI) for side in _A4_MM)
    Image.new("RGB", (wide, high), "white").save(out, "PNG")
    return out.getvalue()


def _impression(station: str, rng: random.Random) -> Image.Image:
    """Return the ink as a mask: ring, star, the name along the arc, the seal's title below."""
    size = round(_DIAMETER_MM / 25.4 * DPI) * _OVERSAMPLING
    mask = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(mask)
    middle, width = size / 2, round(size * 0.028)
    draw.ellipse((2, 2, size - 3, size - 3), outline=235, width=width)
    _star(draw, middle, size * 0.15)
    face = _face(round(size * 0.125))
    for index, character in enumerate(station):
        angle = math.pi * (-1.13 + 1.26 * (index + 0.5) / len(station))
        _put(mask, face, character, middle, angle, size * 0.385)
    title = _face(round(size * 0.095))
    draw.text((middle, size * 0.76), "户口专用章", font=title, fill=225, anchor="mm")
    ink = mask.resize((size // _OVERSAMPLING,) * 2, Image.Resampling.LANCZOS).rotate(rng.uniform(-8, 8))
    worn = Image.effect_noise(ink.size, 60).point(lambda value: 255 if value > 62 else 170)
    return Image.composite(ink, ink.point(lambda value: value * 3 // 4), worn)


def _star(draw: ImageDraw.ImageDraw, middle: float, radius: float) -> None:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.382
        angle = -math.pi / 2 + corner * math.pi / 5
        points.append((middle + reach * math.cos(angle), middle + reach * math.sin(angle)))
    draw.polygon(points, fill=235)


def _put(
    mask: Image.Image, face: ImageFont.FreeTypeFont, character: str, middle: float, angle: float, radius: float
) -> None:
    side = round(face.size * 1.4)
    tile = Image.new("L", (side, side), 0)
    ImageDraw.Draw(tile).text((side / 2, side / 2), character, font=face, fill=235, anchor="mm")
    turned = tile.rotate(-math.degrees(angle) - 90, resample=Image.Resampling.BICUBIC)
    place = (middle + radius * math.cos(angle) - side / 2, middle + radius * math.sin(angle) - side / 2)
    mask.paste(235, (round(place[0]), round(place[1])), turned)


def _face(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(font_file()), size)
