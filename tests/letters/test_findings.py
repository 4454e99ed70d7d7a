"""What an officer is told at upload: crooked, twice, copied, coarse, needlessly large; each with page, reason and remedy."""

import io
from dataclasses import replace

import pikepdf
import pytest
from PIL import Image

from hanxun.demo.paper import stamp_and_scan
from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits
from hub.letters.report import Finding, Grade, ScanReport
from hub.letters.scan import check_scan
from tests.letters.builders import encoded
from tests.letters.printing.builders import a_letter, a_person
from tests.letters.rescans import a_printed_page, crooked, rescanned

DPI = {"dpi": (150, 150)}


def a_scan_of(*pages: Image.Image) -> bytes:
    return encoded(pages[0], "TIFF", save_all=True, append_images=list(pages[1:]), compression="jpeg", **DPI)


def found(report: ScanReport, code: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


@pytest.mark.parametrize("turn", [-12.0, -3.0, 2.6, 6.8])
def test_a_crooked_page_is_said_to_be_so_with_its_angle(turn: float, limits: ScanLimits) -> None:
    report = check_scan(encoded(crooked(a_printed_page(), turn), "JPEG", **DPI), limits=limits)
    (finding,) = found(report, "scan.skewed")
    stated = float(finding.message.partition("约 ")[2].partition("°")[0])
    assert (finding.page, finding.grade) == (1, Grade.WARN if abs(turn) > 6 else Grade.NOTE)
    assert abs(stated - abs(turn)) <= 0.3


@pytest.mark.parametrize("turn", [-1.2, 0.0, 1.5])
def test_a_page_that_lies_as_usual_is_not_spoken_of(turn: float, limits: ScanLimits) -> None:
    report = check_scan(encoded(crooked(a_printed_page(), turn), "JPEG", **DPI), limits=limits)
    assert found(report, "scan.skewed") == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sheet_scanned_twice_is_found_although_no_byte_is_equal(seed: int, limits: ScanLimits) -> None:
    page = a_printed_page()
    report = check_scan(a_scan_of(rescanned(page, seed), rescanned(page, seed + 100)), limits=limits)
    (finding,) = found(report, "scan.duplicate_page")
    assert (finding.page, finding.grade) == (2, Grade.WARN)
    assert "第 2 页与第 1 页" in finding.message


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_form_for_another_person_is_another_page(seed: int, limits: ScanLimits) -> None:
    letter = a_letter()
    other = replace(letter, persons=(replace(a_person(), name="李晓红", id18="11010519491231002X"),))
    pages = (rescanned(a_printed_page(letter), seed), rescanned(a_printed_page(other), seed + 100))
    assert found(check_scan(a_scan_of(*pages), limits=limits), "scan.duplicate_page") == []


def test_two_blank_pages_are_blank_and_not_a_sheet_scanned_twice(limits: ScanLimits) -> None:
    report = check_scan(a_scan_of(*[Image.new("RGB", (1240, 1754), "white")] * 2), limits=limits)
    assert [(finding.code, finding.page) for finding in report.findings] == [("E204", 1), ("E204", 2)]


def test_an_impression_on_a_copy_is_said_to_be_black_and_white(limits: ScanLimits) -> None:
    page = io.BytesIO()
    a_printed_page(dpi=200).save(page, "PNG")
    original = stamp_and_scan(page.getvalue(), station="广德市公安局桃州派出所", seed=5)
    assert found(check_scan(original, limits=limits), "scan.stamp_copied") == []
    report = check_scan(encoded(Image.open(io.BytesIO(original)).convert("L"), "JPEG", dpi=(200, 200)), limits=limits)
    assert [(stamp.page, stamp.monochrome) for stamp in report.stamps] == [(1, True)]
    assert {finding.code for finding in report.findings} >= {"scan.stamp_copied", "scan.black_and_white"}
    assert all(finding.grade is Grade.WARN for finding in report.findings)


def test_a_coarse_picture_is_found_inside_a_pdf_too(limits: ScanLimits) -> None:
    coarse = a_printed_page().resize((496, 702))
    report = check_scan(scan_to_pdf(encoded(coarse, "JPEG", dpi=(60, 60)), limits=limits), limits=limits)
    (finding,) = found(report, "scan.low_resolution")
    assert "496×702" in finding.message


def test_a_needlessly_fine_scan_is_noted(limits: ScanLimits) -> None:
    fine = a_printed_page().resize((4960, 7016))
    (finding,) = found(check_scan(encoded(fine, "JPEG", dpi=(600, 600)), limits=limits), "scan.high_resolution")
    assert finding.grade is Grade.NOTE


def test_a_pdf_drawn_by_a_program_has_no_resolution_to_speak_of(limits: ScanLimits) -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.pages[0].Contents = pdf.make_stream(b"1 0 0 rg 100 100 200 90 re f")
    written = io.BytesIO()
    pdf.save(written)
    assert check_scan(written.getvalue(), limits=limits).findings == ()
