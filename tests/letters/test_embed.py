"""A scan becomes a PDF without loss: the same streams where the format allows, equal pixels always, the same bytes twice."""

import io
from dataclasses import dataclass

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageOps

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits
from hub.letters.scan import check_scan
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.letters.builders import a_jpeg, a_page, a_pdf, a_png, a_tiff, encoded, interlaced_png

PAGE = a_page()


@dataclass(frozen=True)
class Inside:
    """An image as it stands in a PDF: its stream as stored, and its pixels as qpdf unpacks them."""

    stream: bytes
    image: Image.Image


def images_in(pdf: bytes) -> list[Inside]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        stored = [page.obj.Resources.XObject.I for page in document.pages]
        return [Inside(one.read_raw_bytes(), pikepdf.PdfImage(one).as_pil_image()) for one in stored]


def page_box(pdf: bytes) -> list[float]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [float(side) for side in document.pages[0].mediabox]


def drawn(pdf: bytes, size: tuple[int, int]) -> np.ndarray:
    page = pypdfium2.PdfDocument(pdf)[0]
    picture = page.render(scale=size[0] / page.get_width()).to_pil().convert("RGB")
    return np.asarray(picture.resize(size), dtype=int)


@pytest.mark.parametrize(
    "raw",
    [
        a_jpeg(),
        a_jpeg(progressive=True),
        encoded(PAGE.convert("L"), "JPEG"),
        encoded(PAGE.convert("CMYK"), "JPEG"),
    ],
)
def test_a_jpeg_keeps_its_bytes(raw: bytes, limits: ScanLimits) -> None:
    pdf = scan_to_pdf(raw, limits=limits)
    (image,) = images_in(pdf)
    assert image.stream == raw
    size = Image.open(io.BytesIO(raw)).size
    shown = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"), dtype=int)
    assert np.abs(drawn(pdf, size) - shown).mean() < 6  # two decoders' colours


@pytest.mark.parametrize(
    "image",
    [PAGE, PAGE.convert("L"), PAGE.convert("1"), PAGE.quantize(200), PAGE.quantize(4), PAGE.quantize(2)],
    ids=["rgb", "grey", "bitonal", "palette", "4 colours", "2 colours"],
)
def test_a_png_keeps_its_stream_and_every_pixel(image: Image.Image, limits: ScanLimits) -> None:
    raw = encoded(image, "PNG")
    pdf = scan_to_pdf(raw, limits=limits)
    (inside,) = images_in(pdf)
    assert inside.stream in raw
    assert_equal_pixels(inside, image)


def test_an_interlaced_png_keeps_every_pixel(limits: ScanLimits) -> None:
    raw = interlaced_png()
    (inside,) = images_in(scan_to_pdf(raw, limits=limits))
    assert_equal_pixels(inside, Image.open(io.BytesIO(raw)))


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("RGB", "tiff_lzw"),
        ("RGB", "tiff_adobe_deflate"),
        ("RGB", "jpeg"),
        ("L", "packbits"),
        ("1", "group4"),
        ("P", None),
        ("CMYK", None),
    ],
)
def test_a_tiff_keeps_every_pixel(mode: str, compression: str | None, limits: ScanLimits) -> None:
    image = PAGE.quantize(60) if mode == "P" else PAGE.convert(mode)
    raw = encoded(image, "TIFF", compression=compression)
    (inside,) = images_in(scan_to_pdf(raw, limits=limits))
    assert_equal_pixels(inside, Image.open(io.BytesIO(raw)))


def test_every_page_of_a_tiff_is_there_in_order(limits: ScanLimits) -> None:
    raw = a_tiff(4)
    expected = Image.open(io.BytesIO(raw))
    for number, inside in enumerate(images_in(scan_to_pdf(raw, limits=limits))):
        expected.seek(number)
        assert_equal_pixels(inside, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_shown_upright(orientation: int, limits: ScanLimits) -> None:
    raw = a_jpeg(orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(raw)))
    assert upright is not None
    pdf = scan_to_pdf(raw, limits=limits)
    assert np.abs(drawn(pdf, upright.size) - np.asarray(upright.convert("RGB"), dtype=int)).mean() < 3


def test_the_page_has_the_size_of_the_paper(limits: ScanLimits) -> None:
    pdf = scan_to_pdf(a_jpeg(6), limits=limits)  # 860 x 1200 at 100 dpi, turned
    assert page_box(pdf) == [0, 0, 864, 619.2]


@pytest.mark.parametrize("dpi", [None, (1, 1), (72000, 72000)])
def test_an_odd_resolution_is_laid_out_on_a4(dpi: tuple[int, int] | None, limits: ScanLimits) -> None:
    pdf = scan_to_pdf(encoded(PAGE, "PNG", dpi=dpi), limits=limits)
    width, height = page_box(pdf)[2:]
    assert width <= 596
    assert height <= 842
    assert width / height == pytest.approx(860 / 1200, rel=1e-3)


@pytest.mark.parametrize("raw", [a_jpeg(), a_png(), a_tiff(2)])
def test_the_same_scan_gives_the_same_bytes(raw: bytes, limits: ScanLimits) -> None:
    pdf = scan_to_pdf(raw, limits=limits)
    assert scan_to_pdf(raw, limits=limits) == pdf
    assert check_scan(pdf, limits=limits).ok
    with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
        assert document.check_pdf_syntax() == []


def test_a_pdf_is_returned_as_it_is(limits: ScanLimits) -> None:
    raw = a_pdf()
    assert scan_to_pdf(raw, limits=limits) == raw


def test_batches_change_nothing(limits: ScanLimits) -> None:
    tight = type(limits)(**{**{name: getattr(limits, name) for name in limits.__struct_fields__}, "batch_cpu_s": 0.0})
    assert scan_to_pdf(a_tiff(3), limits=tight) == scan_to_pdf(a_tiff(3), limits=limits)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (a_jpeg()[:-500], Code.SCAN_DAMAGED),
        (encoded(PAGE.convert("RGBA"), "PNG"), Code.SCAN_TRANSPARENT),
        (a_pdf(catalog=b"/AcroForm<</Fields[]>>"), Code.SCAN_FORM),
        (a_tiff(2)[:-4], Code.SCAN_DAMAGED),
        (b"no scan", Code.SCAN_NOT_RECOGNISED),
    ],
)
def test_what_cannot_be_embedded_is_refused(raw: bytes, code: Code, limits: ScanLimits) -> None:
    with pytest.raises(Refused) as caught:
        scan_to_pdf(raw, limits=limits)
    assert caught.value.code is code


def assert_equal_pixels(inside: Inside, expected: Image.Image) -> None:
    mode = "CMYK" if expected.mode == "CMYK" else "RGB"
    assert np.array_equal(np.asarray(inside.image.convert(mode)), np.asarray(expected.convert(mode)))
