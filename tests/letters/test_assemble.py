"""Scans joined and taken apart in the limited child: pages in order, streams as they were, hostile bytes refused."""

import io

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.letters.assemble import Pages, assemble_pages
from hub.letters.embed import scan_to_pdf
from hub.letters.limits import default_limits
from hub.letters.scan import require_scan
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.station.scene import a_scan, another_scan

LIMITS = default_limits()


def streams(pdf: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [bytes(next(iter(page.get_images().values())).read_raw_bytes()) for page in opened.pages]


def test_pictures_become_pages_in_order_with_their_own_bytes() -> None:
    joined = assemble_pages([Pages(a_scan()), Pages(another_scan())], limits=LIMITS)
    assert streams(joined) == streams(scan_to_pdf(a_scan(), limits=LIMITS)) + streams(
        scan_to_pdf(another_scan(), limits=LIMITS)
    )
    assert require_scan(joined, limits=LIMITS) == 2
    assert joined == assemble_pages([Pages(a_scan()), Pages(another_scan())], limits=LIMITS)


def test_pages_are_taken_out_of_a_pdf() -> None:
    three = assemble_pages([Pages(a_scan()), Pages(another_scan()), Pages(a_scan())], limits=LIMITS)
    assert streams(assemble_pages([Pages(three, 2, 2)], limits=LIMITS)) == streams(three)[1:2]
    assert streams(assemble_pages([Pages(three, 2)], limits=LIMITS)) == streams(three)[1:]


def test_pages_that_there_are_not_are_refused() -> None:
    for first, last in ((2, 2), (1, 2), (2, 1)):
        with pytest.raises(Refused) as caught:
            assemble_pages([Pages(a_scan(), first, last)], limits=LIMITS)
        assert caught.value.code is Code.SCAN_NO_PAGES


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=300))
def test_whatever_is_no_scan_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    for raw in (noise, b"%PDF-1.7\n" + noise + b"\n%%EOF", a_scan()[:900] + noise):
        with pytest.raises(Refused):
            assemble_pages([Pages(a_scan()), Pages(raw)], limits=LIMITS)
