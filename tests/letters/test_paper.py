"""Our letter paper on its way back: the footer is read from poor scans, and pages are matched with what was approved."""

import io

import numpy as np
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hub.letters.limits import ScanLimits
from hub.letters.paper_check import check_paper, sheets_in_order
from hub.letters.paper_mark import PaperMark, mark_of, parse_mark
from hub.letters.printing import print_explanation
from hub.letters.report import PageMark
from hub.letters.scan import check_scan
from hub.protocol.codes import Code
from hub.protocol.identifiers import CaseId, Digest
from tests.letters.builders import encoded
from tests.letters.printing.builders import AT, CASE, DIGEST, a_letter, a_person
from tests.letters.rescans import a_printed_page, rescanned

DIGEST_OF_BODY = Digest(DIGEST)
LONG = a_letter(persons=tuple(a_person() for _ in range(25)))


def test_every_page_carries_case_letter_page_and_short_hash(limits: ScanLimits) -> None:
    pdf = print_explanation(LONG, printed_at=AT, system_fonts=False)
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 2
    marks = check_scan(pdf, limits=limits).marks
    assert [parse_mark(mark.text) for mark in marks] == [
        PaperMark(CASE, "2026-17", page, 2, DIGEST[:16]) for page in (1, 2)
    ]
    assert print_explanation(LONG, printed_at=AT, system_fonts=False) == pdf


@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_the_footer_is_read_from_a_poor_scan(dpi: int, limits: ScanLimits) -> None:
    read = 0
    for seed in range(2):
        raw = encoded(rescanned(a_printed_page(dpi=dpi), seed), "JPEG", dpi=(dpi, dpi))
        read += [mark.text for mark in check_scan(raw, limits=limits).marks] == [_text(1, 1)]
    assert read == 2


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_put_in_turned_is_read_and_its_turn_is_told(turn: int, limits: ScanLimits) -> None:
    page = rescanned(a_printed_page(), 7).rotate(-turn, expand=True)
    (mark,) = check_scan(encoded(page, "JPEG", dpi=(150, 150)), limits=limits).marks
    assert (mark.text, mark.turn) == (_text(1, 1), turn)
    found = check_paper((mark,), pages=1, case=CASE, body_digest=DIGEST_OF_BODY)
    assert [(one.code, one.values) for one in found] == [(Code.PAPER_TURNED, {"degrees": turn})]


def test_a_code_of_somebody_elses_is_no_footer(limits: ScanLimits) -> None:
    pixels = np.asarray(a_printed_page()).copy()
    pixels[1500:, :] = 255
    assert check_scan(encoded(Image.fromarray(pixels), "PNG", dpi=(150, 150)), limits=limits).marks == ()


def _text(page: int, pages: int, *, case: CaseId = CASE, digest: str = DIGEST) -> str:
    return str(mark_of(case, "皖公广桃户函〔2026〕17号", page=page, pages=pages, body_digest=digest))


def said(*texts: str | None, pages: int | None = None) -> list[tuple[str, str, int | None]]:
    marks = [PageMark(page=number, text=text, turn=0) for number, text in enumerate(texts, start=1) if text]
    found = check_paper(marks, pages=pages or len(texts), case=CASE, body_digest=DIGEST_OF_BODY)
    return [(one.grade.value, one.code.value, one.page) for one in found]


OTHER = CaseId("C06-341882510000-2026-000018")


def test_the_approved_pages_in_order_need_no_word() -> None:
    assert said(_text(1, 2), _text(2, 2)) == []


def test_own_paper_is_allowed_with_a_note() -> None:
    assert said(None, None) == [("note", "paper.no_mark", None)]


def test_a_sheet_of_another_case_refuses_the_scan() -> None:
    assert ("refuse", "paper.other_case", 2) in said(_text(1, 2), _text(2, 2, case=OTHER))


def test_a_sheet_printed_from_something_else_than_was_approved_refuses_the_scan() -> None:
    assert ("refuse", "paper.other_draft", 1) in said(_text(1, 1, digest="f" * 64))


def test_a_missing_page_refuses_the_scan() -> None:
    assert said(_text(1, 3), _text(3, 3)) == [("refuse", "paper.page_missing", None)]


def test_a_page_whose_footer_is_not_read_may_be_the_missing_one() -> None:
    assert said(_text(1, 2), None) == [("warn", "paper.page_foreign", 2), ("warn", "paper.page_missing", None)]


def test_a_page_that_is_not_of_the_letter_is_named() -> None:
    assert said(_text(1, 1), None) == [("warn", "paper.page_foreign", 2)]


def test_a_double_page_is_named() -> None:
    assert said(_text(1, 2), _text(2, 2), _text(2, 2)) == [("warn", "paper.page_twice", 3)]


def test_the_order_is_told_and_can_be_shown() -> None:
    texts = (_text(2, 3), _text(3, 3), _text(1, 3))
    assert said(*texts) == [("warn", "paper.order", None)]
    marks = [PageMark(page=number, text=text, turn=0) for number, text in enumerate(texts, start=1)]
    assert sheets_in_order(marks, pages=4) == (2, 3, 1, None)


@given(st.text(max_size=90) | st.from_regex(r"HX1:[A-Z0-9:/-]{0,70}", fullmatch=True))
def test_any_text_is_a_mark_or_none(text: str) -> None:
    mark = parse_mark(text)
    assert mark is None or str(mark) == text


@given(st.integers(1, 999), st.integers(1, 999), st.integers(1, 999_999))
def test_a_mark_is_read_as_it_was_written(page: int, pages: int, number: int) -> None:
    mark = mark_of(CASE, f"皖公测户函〔2026〕{number}号", page=page, pages=pages, body_digest=DIGEST)
    assert parse_mark(str(mark)) == mark
