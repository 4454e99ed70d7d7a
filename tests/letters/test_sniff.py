"""What a file is, by content only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.letters.sniff import is_also_pdf, sniff
from hub.protocol import media_types
from tests.letters.builders import a_jpeg, a_pdf, a_png, a_tiff


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (a_pdf(), media_types.PDF),
        (a_jpeg(), media_types.JPEG),
        (a_png(), media_types.PNG),
        (a_tiff(), media_types.TIFF),
        (b"MM\x00*\x00\x00\x00\x08", media_types.TIFF),
    ],
)
def test_a_scan_is_known_by_its_first_bytes(raw: bytes, media_type: str) -> None:
    assert sniff(raw) == media_type


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"%",
        b"PK\x03\x04",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"%!PS-Adobe-3.0",
        b"<svg/>",
        b" %PDF-1.7",
        b"II+\x00",
    ],
)
def test_anything_else_is_not_a_scan(raw: bytes) -> None:
    assert sniff(raw) is None


def test_a_picture_with_a_pdf_header_inside_is_two_files() -> None:
    assert is_also_pdf(b"\xff\xd8\xff\xfe\x00\x20%PDF-1.7")
    assert not is_also_pdf(a_pdf())
    assert not is_also_pdf(a_jpeg())


@given(st.binary(max_size=64))
def test_any_bytes_have_an_answer(raw: bytes) -> None:
    assert sniff(raw) in media_types.SCANS | {None}
