"""A page as people see it: upright, RGB, never larger than asked. Pictures by Pillow, PDF pages by PDFium alone."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pypdfium2  # type: ignore[import-untyped]  # ships no types
from PIL import Image

from hub.letters.decoding.pictures import NotAccepted, load_pixels, open_picture
from hub.letters.limits import ScanLimits
from hub.letters.report import refuse
from hub.protocol import media_types
from hub.protocol.codes import Code

_POINTS_PER_INCH = 72
_DEFAULT_DPI = 96.0
_COVERING = 0.5  # share of the page
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Size:
    """How large a view may be: at most `width` pixels across where the page is larger, never above `pixels` in all."""

    width: int
    pixels: int

    def scale_for(self, width: float, height: float) -> float:
        """Return the factor from a page of this size to the view."""
        return min(self.width / width, math.sqrt(self.pixels / (width * height)))


@dataclass(frozen=True, slots=True)
class View:
    """An upright RGB page. `stored_*` tell what the file holds: size in pixels, mode (None for a PDF page), dpi.

    Of a PDF page they are those of the picture that covers it, None where there is none.
    """

    image: Image.Image
    stored_size: tuple[int, int] | None
    stored_mode: str | None
    dpi: tuple[float, float] | None


class Pages(Protocol):
    """The pages of one file, opened once."""

    @property
    def count(self) -> int:
        """How many pages the file has."""

    def view(self, page: int, size: Size) -> View:
        """Return page `page` (from 0). Raises: NotAccepted."""

    def size_at(self, page: int, dpi: int) -> Size:
        """Return how large page `page` is at `dpi`, within the limits. Raises: NotAccepted."""


@contextlib.contextmanager
def open_pages(raw: bytes, media_type: str, *, count: int, limits: ScanLimits) -> Iterator[Pages]:
    """Open `raw`, whose outline counted `count` pages. Raises: NotAccepted, also when PDFium counts otherwise."""
    if media_type != media_types.PDF:
        yield _PicturePages(raw, media_type, count, limits)
        return
    try:
        document = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, what="PDFium")) from error
    try:
        if len(document) != count:
            raise NotAccepted(refuse(Code.SCAN_DAMAGED, what="page count"))
        yield _PdfPages(document, count, limits)
    finally:
        document.close()


@dataclass(frozen=True, slots=True)
class _PicturePages:
    raw: bytes
    media_type: str
    count: int
    limits: ScanLimits

    def view(self, page: int, size: Size) -> View:
        picture = open_picture(self.raw, self.media_type, limits=self.limits, page=page)
        image = picture.image
        stored_size, stored_mode = image.size, image.mode
        turned = picture.orientation >= 5
        upright = stored_size[::-1] if turned else stored_size
        scale = min(size.scale_for(*upright), 1.0)
        if scale < 0.5:
            # The JPEG decoder shrinks by 2, 4 or 8 on its own, at a fraction of the time; never below the view.
            image.draft(None, (math.ceil(stored_size[0] * scale), math.ceil(stored_size[1] * scale)))
        load_pixels(picture, page=page)
        if image.mode not in ("RGB", "L", "CMYK"):  # palettes and bits cannot be averaged as they are
            image = image.convert("L" if image.mode == "1" else "RGB")
        if scale < 1.0:
            wanted = (max(1, round(stored_size[0] * scale)), max(1, round(stored_size[1] * scale)))
            image = image.resize(wanted, Image.Resampling.BOX)
        if picture.orientation in _TRANSPOSE:
            image = image.transpose(_TRANSPOSE[picture.orientation])
        return View(image.convert("RGB"), stored_size, stored_mode, picture.dpi)

    def size_at(self, page: int, dpi: int) -> Size:
        picture = open_picture(self.raw, self.media_type, limits=self.limits, page=page)
        width, height = picture.image.size
        across = width if picture.orientation < 5 else height
        stated = picture.dpi[0] if picture.dpi else _DEFAULT_DPI
        return Size(max(1, round(across * dpi / stated)), self.limits.render_pixels)


@dataclass(frozen=True, slots=True)
class _PdfPages:
    document: pypdfium2.PdfDocument
    count: int
    limits: ScanLimits

    def view(self, page: int, size: Size) -> View:
        try:
            loaded = self.document[page]
            scale = size.scale_for(*self._sides(loaded))
            bitmap = loaded.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
            image = bitmap.to_pil().convert("RGB")
        except (pypdfium2.PdfiumError, ValueError, ArithmeticError) as error:
            raise NotAccepted(refuse(Code.SCAN_DAMAGED, page + 1, what="PDFium")) from error
        stored = _covering_picture(loaded)
        return View(image, stored.pixels if stored else None, None, stored.dpi if stored else None)

    def size_at(self, page: int, dpi: int) -> Size:
        width, _ = self._sides(self.document[page])
        return Size(max(1, round(width * dpi / _POINTS_PER_INCH)), self.limits.render_pixels)

    def _sides(self, loaded: pypdfium2.PdfPage) -> tuple[float, float]:
        # PDFium ignores UserUnit and replaces boxes it cannot read; what it does take is bounded here.
        ceiling = float(self.limits.page_side_points)
        width, height = loaded.get_width(), loaded.get_height()
        return min(max(width, 1.0), ceiling), min(max(height, 1.0), ceiling)


@dataclass(frozen=True, slots=True)
class _Stored:
    pixels: tuple[int, int]
    dpi: tuple[float, float]


def _covering_picture(loaded: pypdfium2.PdfPage) -> _Stored | None:
    """Return the size and resolution of the picture that covers most of a PDF page, as scanners write pages."""
    area = loaded.get_width() * loaded.get_height()
    try:
        for item in loaded.get_objects(filter=(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE,), max_depth=2):
            left, bottom, right, top = item.get_bounds()
            width, height = right - left, top - bottom
            pixels = item.get_px_size()
            if width * height > _COVERING * area and min(pixels) > 0:
                turned = (width > height) != (pixels[0] > pixels[1])
                across, down = pixels[::-1] if turned else pixels
                return _Stored((across, down), (across * 72 / width, down * 72 / height))
    except (pypdfium2.PdfiumError, ValueError, ArithmeticError):
        return None
    return None
