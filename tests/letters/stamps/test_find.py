"""Seals are found where they are, on pages no judge was trained on; red things that are no seals are not."""

import io
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits
from hub.letters.scan import check_scan
from hub.letters.stamps.find import find_stamps
from hub.letters.stamps.judge import FEATURES, shipped_judges
from tests.letters.builders import encoded
from tests.letters.generate_pages import NEGATIVE, POSITIVE, generate
from tests.letters.lettering import fonts_found
from tests.letters.measure import Page, Tally, labelled_pages, overlap

pytestmark = pytest.mark.skipif(not fonts_found(), reason="fonts-noto-cjk is not installed: no pages can be drawn")
FIRST = 500_000 * 2 * len(POSITIVE) * len(NEGATIVE)  # far from the seeds of the training


def test_seals_and_other_red_things_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    # One page of every kind, most of the negative ones chosen to be hard; which are wrong is on stderr.
    seeds = [FIRST + 2 * number for number in range(len(POSITIVE))]
    seeds += [FIRST + 2 * number + 1 for number in range(len(NEGATIVE))]
    tally = Tally()
    for seed in seeds:
        made = generate(seed)
        tally.add(Page(f"{seed} {made.kind}", made.page, made.boxes), misses=True)
    assert tally.matched >= 0.9 * tally.labels, capsys.readouterr().err
    assert tally.found - tally.matched <= 0.12 * len(seeds), capsys.readouterr().err


def test_a_seal_on_a_black_and_white_copy_is_said_to_be_monochrome() -> None:
    # Several pages: how each looks, and so whether its seal is found, differs with the fonts of the machine.
    found_there = []
    for made in (generate(FIRST + 2 * number) for number in (1, 3, 6, 7)):
        grey = np.asarray(Image.fromarray(made.page).convert("L").convert("RGB"))
        found = find_stamps(grey)
        assert all(stamp.monochrome for stamp in found), made.kind
        found_there.append(any(overlap(stamp.bbox, made.boxes[0]) >= 0.5 for stamp in found))
    assert sum(found_there) >= 3, found_there


@pytest.mark.parametrize(
    ("orientation", "stored_by"), [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)]
)
def test_the_box_is_that_of_the_upright_page(orientation: int, stored_by: Image.Transpose, limits: ScanLimits) -> None:
    made = generate(FIRST)
    exif = Image.Exif()
    exif[274] = orientation
    raw = encoded(Image.fromarray(made.page).transpose(stored_by), "JPEG", quality=90, exif=exif)
    (stamp,) = check_scan(raw, limits=limits).stamps
    assert stamp.page == 1
    assert overlap(stamp.bbox, made.boxes[0]) >= 0.5


def test_stamps_are_told_of_a_refused_file_that_decodes(limits: ScanLimits) -> None:
    made = generate(FIRST)
    with pikepdf.open(io.BytesIO(scan_to_pdf(encoded(Image.fromarray(made.page), "JPEG"), limits=limits))) as pdf:
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array())
        written = io.BytesIO()
        pdf.save(written)
    report = check_scan(written.getvalue(), limits=limits)
    assert (report.ok, len(report.stamps)) == (False, 1)


def test_the_judge_has_a_weight_for_every_feature() -> None:
    for weights in (shipped_judges().red, shipped_judges().dark):
        assert len(weights.mean) == len(weights.scale) == len(FEATURES)
        assert {len(unit) for unit in weights.hidden} == {len(FEATURES) + 1}
        assert len(weights.output) == len(weights.hidden) + 1


@given(arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90), st.just(3))))
@settings(max_examples=40, deadline=None)
def test_any_pixels_have_an_answer(page: np.ndarray) -> None:
    for stamp in find_stamps(page):
        assert all(0 <= side <= 1 for side in stamp.bbox)


def test_labelled_pages_are_told_apart(shared_scans: Path) -> None:
    # Every fourth page, too few to tell 0.97 from 0.95; `benchmarks/stamps.py` measures all of them.
    tally = Tally()
    for index, page in enumerate(labelled_pages(shared_scans)):
        if index % 4 == 0:
            tally.add(page, misses=True)
    assert tally.matched >= 0.95 * tally.labels
    assert tally.matched >= 0.95 * tally.found
