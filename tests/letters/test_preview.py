"""A page for the screen: upright, at the resolution asked for, bounded."""

import io

import msgspec
import numpy as np
import pytest
from PIL import Image

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits
from hub.letters.preview import render_page
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.letters.builders import a_jpeg, a_page, a_pdf, a_tiff, two_signature_fields


def opened(png: bytes) -> Image.Image:
    assert png.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(png))


def test_a_page_is_drawn_at_the_resolution_asked_for(limits: ScanLimits) -> None:
    assert opened(render_page(a_pdf(), 1, 72, limits=limits)).size == (595, 842)
    assert opened(render_page(a_jpeg(), 1, 50, limits=limits)).size == (430, 600)


def test_a_rotated_scan_is_shown_upright(limits: ScanLimits) -> None:
    assert opened(render_page(a_jpeg(6), 1, 100, limits=limits)).size == (1200, 860)


def test_the_picture_and_its_pdf_look_the_same(limits: ScanLimits) -> None:
    pdf = scan_to_pdf(a_jpeg(), limits=limits)
    shown = np.asarray(opened(render_page(pdf, 1, 100, limits=limits)).resize((860, 1200)), dtype=int)
    assert np.abs(shown - np.asarray(a_page(), dtype=int)).mean() < 3


def test_a_sealed_letter_can_be_shown(limits: ScanLimits) -> None:
    entry, objects = two_signature_fields()
    assert opened(render_page(a_pdf(catalog=entry, objects=objects), 1, 72, limits=limits)).size == (595, 842)


def test_a_huge_page_is_drawn_within_the_ceiling(limits: ScanLimits) -> None:
    small = msgspec.structs.replace(limits, render_pixels=10_000)
    for raw in (a_pdf(media_box=b"[0 0 14000 14000]"), a_jpeg()):
        image = opened(render_page(raw, 1, 1200, limits=small))
        assert image.width * image.height <= 10_300


@pytest.mark.parametrize("page", [0, 3])
def test_a_page_that_is_not_there_is_refused(page: int, limits: ScanLimits) -> None:
    with pytest.raises(Refused) as caught:
        render_page(a_tiff(2), page, 72, limits=limits)
    assert caught.value.code is Code.SCAN_PAGE_MISSING
