"""Opening JPEG, PNG and TIFF with Pillow, within limits: the header first, the pixels only when they are allowed."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image

from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, refuse
from hub.protocol import media_types
from hub.protocol.codes import Code

PILLOW_FORMATS = {media_types.JPEG: "JPEG", media_types.PNG: "PNG", media_types.TIFF: "TIFF"}
_PILLOW_ERRORS = (OSError, ValueError, TypeError, KeyError, IndexError, SyntaxError, ArithmeticError, RuntimeError)
_ORIENTATION_TAG = 274
_BITS_PER_SAMPLE_TAG = 258
_MODES = frozenset({"1", "L", "P", "RGB", "CMYK", "YCbCr"})
_ALPHA_MODES = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})


class NotAccepted(Exception):
    """A file that the child understood and does not take; carries what to say about it."""

    def __init__(self, observation: Observation) -> None:
        super().__init__(observation.code.value)
        self.observation = observation


@dataclass(frozen=True, slots=True)
class Picture:
    """One page of a picture file. `orientation` is EXIF's, 0 when it is none of 1 to 8; `dpi` None when not stated.

    A TIFF's orientation is applied on decoding, so it is always 1 here.
    """

    image: Image.Image
    orientation: int
    dpi: tuple[float, float] | None


def open_picture(raw: bytes, media_type: str, *, limits: ScanLimits, page: int = 0) -> Picture:
    """Open page `page` (from 0) of a picture; its header is read, its pixels are not. Raises: NotAccepted."""
    # Pillow's own ceiling warns only; ours is checked before any pixel is decoded.
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    try:
        image = Image.open(io.BytesIO(raw), formats=[PILLOW_FORMATS[media_type]])
        image.seek(page)
    except _PILLOW_ERRORS as error:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, page + 1, what=type(error).__name__)) from error
    if image.format != PILLOW_FORMATS[media_type]:
        raise NotAccepted(refuse(Code.SCAN_SEVERAL_PICTURES))
    _require_size(image, limits, page)
    _require_mode(image, page)
    orientation = 1 if media_type == media_types.TIFF else _orientation(image)
    return Picture(image, orientation, _resolution(image))


def load_pixels(picture: Picture, *, page: int = 0) -> None:
    """Decode the pixels, all of them. Raises: NotAccepted when the data are cut short or wrong."""
    try:
        picture.image.load()
    except _PILLOW_ERRORS as error:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, page + 1, what=type(error).__name__)) from error


def require_pixels(width: int, height: int, *, limits: ScanLimits, page: int | None) -> None:
    """Raise NotAccepted when a picture of this size is larger than one page may be."""
    if width * height > limits.page_pixels:
        limit = limits.page_pixels // 1_000_000
        raise NotAccepted(refuse(Code.SCAN_TOO_MANY_PIXELS, page, width=width, height=height, limit=limit))


def _require_size(image: Image.Image, limits: ScanLimits, page: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, page + 1, what="size"))
    require_pixels(width, height, limits=limits, page=page + 1)


def _require_mode(image: Image.Image, page: int) -> None:
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        raise NotAccepted(refuse(Code.SCAN_TRANSPARENT, page + 1))
    depth = _bits(image)
    if depth > 8:
        raise NotAccepted(refuse(Code.SCAN_BIT_DEPTH, page + 1, n=depth))
    if image.mode not in _MODES:
        raise NotAccepted(refuse(Code.SCAN_COLOUR_MODEL, page + 1, what=image.mode))


def _bits(image: Image.Image) -> int:
    if image.mode.startswith("I;16"):
        return 16
    if image.mode in ("I", "F"):
        return 32
    tags = getattr(image, "tag_v2", None)
    bits = tags.get(_BITS_PER_SAMPLE_TAG) if tags is not None else None
    return max((int(bit) for bit in bits), default=8) if isinstance(bits, tuple) else 8


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _PILLOW_ERRORS:
        return 0
    return value if isinstance(value, int) and 1 <= value <= 8 else 0


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None
