"""Good scans are accepted with the right findings; each kind of bad one is refused with its own code."""

import io
import zlib

import pikepdf
import pytest
from PIL import Image

from hub.letters.limits import ScanLimits
from hub.letters.report import Grade, PdfPolicy, ScanReport
from hub.letters.scan import check_scan, require_scan
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.letters.builders import (
    a_jpeg,
    a_page,
    a_pdf,
    a_png,
    a_tiff,
    chunk,
    encoded,
    interlaced_png,
    two_signature_fields,
)


def refusals(report: ScanReport) -> list[str]:
    return [finding.code for finding in report.findings if finding.grade is Grade.REFUSE]


def codes(report: ScanReport) -> set[str]:
    return {finding.code for finding in report.findings}


@pytest.mark.parametrize(
    ("raw", "pages"),
    [
        (a_jpeg(), 1),
        (a_jpeg(progressive=True), 1),
        (a_png(), 1),
        (a_tiff(3), 3),
        (a_pdf(), 1),
        (a_pdf(count=3), 3),
        (a_pdf() + b"\r\n\x00 ", 1),
        (a_jpeg() + b"\n", 1),
    ],
)
def test_an_ordinary_scan_is_accepted_without_a_word(raw: bytes, pages: int, limits: ScanLimits) -> None:
    report = check_scan(raw, limits=limits)
    assert (report.ok, report.pages, report.findings) == (True, pages, ())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", Code.SCAN_NOT_RECOGNISED),
        (b"GIF89a", Code.SCAN_NOT_RECOGNISED),
        (a_jpeg()[:-500], Code.SCAN_DAMAGED),
        (a_jpeg()[:-2], Code.SCAN_DAMAGED),
        (a_jpeg() + b"PK\x03\x04", Code.SCAN_TRAILING),
        (a_jpeg() + a_jpeg(), Code.SCAN_SEVERAL_PICTURES),
        (b"\xff\xd8\xff\xfe\x00\x0a%PDF-1.7" + a_jpeg()[2:], Code.SCAN_TWO_FORMATS),
        (a_png()[:-200], Code.SCAN_DAMAGED),
        (a_png() + b"<html>", Code.SCAN_TRAILING),
        (encoded(a_page().convert("RGBA"), "PNG"), Code.SCAN_TRANSPARENT),
        (encoded(a_page().convert("LA"), "PNG"), Code.SCAN_TRANSPARENT),
        (encoded(a_page().convert("RGBA"), "TIFF"), Code.SCAN_TRANSPARENT),
        (encoded(Image.new("I;16", (99, 99)), "PNG"), Code.SCAN_BIT_DEPTH),
        (encoded(Image.new("I;16", (99, 99)), "TIFF"), Code.SCAN_BIT_DEPTH),
        (encoded(Image.new("F", (99, 99)), "TIFF"), Code.SCAN_BIT_DEPTH),
        (
            encoded(a_page(), "PNG", save_all=True, append_images=[a_page(860, 1200).rotate(180)]),
            Code.SCAN_SEVERAL_PICTURES,
        ),
        (a_pdf()[:-100], Code.SCAN_DAMAGED),
        (a_pdf() + b"PK\x03\x04", Code.SCAN_TRAILING),
        (a_pdf(count=301), Code.SCAN_TOO_MANY_PAGES),
        (a_pdf(count=0), Code.SCAN_NO_PAGES),
        (a_pdf(media_box=b"[0 0 99999 99999]"), Code.SCAN_PAGE_SIZE),
        (a_pdf(media_box=b"[0 0 9e9 9e9]"), Code.SCAN_PAGE_SIZE),
        (a_pdf(page=b"/UserUnit 7500"), Code.SCAN_PAGE_SIZE),
        (a_pdf(catalog=b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), Code.SCAN_ACTIVE),
        (a_pdf(catalog=b"/OpenAction<</S/#4aavaScript/#4aS(app.alert(1))>>"), Code.SCAN_ACTIVE),
        (
            a_pdf(catalog=b"/Names<</JavaScript<</Names[(x)5 0 R]>>>>", objects=(b"<</S/JavaScript/JS(1)>>",)),
            Code.SCAN_ACTIVE,
        ),
        (a_pdf(catalog=b"/OpenAction<</S/Launch/F(cmd.exe)>>"), Code.SCAN_ACTIVE),
        (a_pdf(catalog=b"/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next<</S/Named/N/Print>>>>"), Code.SCAN_ACTIVE),
        (a_pdf(page=b"/AA<</O<</S/Named/N/Print>>>>"), Code.SCAN_ACTIVE),
        (a_pdf(page=b"/Annots[<</Subtype/Link/A<</S/GoToR/F(\\\\\\\\host\\\\share)>>>>]"), Code.SCAN_ACTIVE),
        (a_pdf(page=b"/Annots[<</Subtype/Link/A<</S/SubmitForm/F(http://x)>>>>]"), Code.SCAN_ACTIVE),
        (a_pdf(page=b"/Annots[<</Subtype/RichMedia>>]"), Code.SCAN_ACTIVE),
        (a_pdf(catalog=b"/Names<</EmbeddedFiles<</Names[(x)<</EF<<>>>>]>>>>"), Code.SCAN_EMBEDDED_FILE),
        (a_pdf(page=b"/Annots[<</Subtype/FileAttachment>>]"), Code.SCAN_EMBEDDED_FILE),
        (a_pdf(catalog=b"/AcroForm<</Fields[]>>"), Code.SCAN_FORM),
        (a_pdf(contents_entries=b"/F(other.txt)"), Code.SCAN_EXTERNAL),
    ],
)
def test_each_fault_has_its_code(raw: bytes, code: Code, limits: ScanLimits) -> None:
    report = check_scan(raw, limits=limits)
    assert not report.ok
    assert refusals(report) == [code.value]
    with pytest.raises(Refused) as caught:
        require_scan(raw, limits=limits)
    assert caught.value.code is code


def test_a_tiff_cut_short_is_refused_when_its_pages_are_looked_at(limits: ScanLimits) -> None:
    report = check_scan(a_tiff()[:-300], limits=limits)
    assert [(finding.code, finding.page) for finding in report.findings] == [("scan.damaged", 1)]


def test_a_script_in_an_object_stream_is_found(limits: ScanLimits) -> None:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        pdf.Root.OpenAction = pdf.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))
        pdf.save(written, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in written.getvalue()
    assert refusals(check_scan(written.getvalue(), limits=limits)) == [Code.SCAN_ACTIVE.value]


def test_a_plain_go_to_on_opening_is_no_action(limits: ScanLimits) -> None:
    for action in (b"[3 0 R/Fit]", b"<</S/GoTo/D[3 0 R/Fit]>>"):
        assert check_scan(a_pdf(catalog=b"/OpenAction" + action), limits=limits).ok


@pytest.mark.parametrize("password", ["", "secret"])
def test_an_encrypted_pdf_is_refused(password: str, limits: ScanLimits) -> None:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        pdf.save(written, encryption=pikepdf.Encryption(user=password, owner="owner"))
    assert refusals(check_scan(written.getvalue(), limits=limits)) == [Code.SCAN_ENCRYPTED.value]


def test_a_content_bomb_is_refused_before_it_is_drawn(limits: ScanLimits) -> None:
    bomb = zlib.compress(bytes(100_000_000), 9)
    for entries, contents in ((b"/Filter/FlateDecode", bomb), (b"/Filter[/Fl/Fl]", zlib.compress(bomb, 9))):
        report = check_scan(a_pdf(contents=contents, contents_entries=entries), limits=limits)
        assert refusals(report) == [Code.SCAN_INFLATES.value]


def test_a_predictor_row_of_gigabytes_is_refused(limits: ScanLimits) -> None:
    raw = a_pdf(
        contents=zlib.compress(b"q Q"),
        contents_entries=b"/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 2000000000>>",
    )
    assert refusals(check_scan(raw, limits=limits)) == [Code.SCAN_INFLATES.value]


def test_a_picture_beyond_the_pixel_limit_is_refused_by_its_header(limits: ScanLimits) -> None:
    header = (40_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00")) + chunk(b"IEND", b"")
    assert refusals(check_scan(raw, limits=limits)) == [Code.SCAN_TOO_MANY_PIXELS.value]


def test_a_file_beyond_the_byte_limit_is_not_even_opened(limits: ScanLimits) -> None:
    report = check_scan(b"%PDF-" + bytes(limits.file_bytes), limits=limits)
    assert refusals(report) == [Code.SCAN_TOO_LARGE.value]
    assert "200 MB" in report.findings[0].message


def test_a_tiff_that_points_to_itself_is_refused(limits: ScanLimits) -> None:
    raw = b"II*\x00\x08\x00\x00\x00" + b"\x01\x00" + bytes(12) + b"\x08\x00\x00\x00"
    assert refusals(check_scan(raw, limits=limits)) == [Code.SCAN_DAMAGED.value]


def test_a_link_and_layers_are_warned_of(limits: ScanLimits) -> None:
    link = check_scan(a_pdf(page=b"/Annots[<</Subtype/Link/A<</S/URI/URI(http://x)>>>>]"), limits=limits)
    layers = check_scan(a_pdf(catalog=b"/OCProperties<</OCGs[]/D<<>>>>"), limits=limits)
    assert (link.ok, codes(link)) == (True, {Code.SCAN_LINK.value})
    assert (layers.ok, codes(layers)) == (True, {Code.SCAN_LAYERS.value})


def test_signature_fields_are_a_form_in_a_raw_scan_and_a_seal_in_a_sealed_letter(limits: ScanLimits) -> None:
    entry, objects = two_signature_fields()
    raw = a_pdf(catalog=entry, objects=objects)
    assert refusals(check_scan(raw, limits=limits)) == [Code.SCAN_FORM.value]
    assert check_scan(raw, limits=limits, policy=PdfPolicy.SEALED_LETTER).ok


@pytest.mark.parametrize(
    ("entry", "objects"),
    [
        (b"/AcroForm<</Fields[5 0 R]>>", (b"<</FT/Tx/T(name)>>",)),
        (b"/AcroForm<</Fields[5 0 R]/XFA(x)>>", (b"<</FT/Sig/T(one)>>",)),
        (b"/AcroForm<</Fields[5 0 R]>>", (b"<</FT/Sig/T(one)/Kids[<</T(two)/FT/Btn>>]>>",)),
        (b"/AcroForm<</Fields[5 0 R]>>", (b"<</T(one)/Kids[5 0 R]>>",)),
    ],
)
def test_any_other_field_is_a_form_in_a_sealed_letter_too(
    entry: bytes, objects: tuple[bytes, ...], limits: ScanLimits
) -> None:
    report = check_scan(a_pdf(catalog=entry, objects=objects), limits=limits, policy=PdfPolicy.SEALED_LETTER)
    assert refusals(report) == [Code.SCAN_FORM.value]


def test_a_sealed_letter_may_not_act_either(limits: ScanLimits) -> None:
    entry, objects = two_signature_fields()
    raw = a_pdf(catalog=entry + b"/OpenAction<</S/JavaScript/JS(1)>>", objects=objects)
    assert refusals(check_scan(raw, limits=limits, policy=PdfPolicy.SEALED_LETTER)) == [Code.SCAN_ACTIVE.value]


def test_a_table_start_that_is_a_few_bytes_off_is_read_with_a_warning(limits: ScanLimits) -> None:
    raw = a_pdf()
    start = raw.rfind(b"xref", 0, raw.rfind(b"startxref"))
    off = raw.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + 3))
    far = raw.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + 300))
    report = check_scan(off, limits=limits)
    assert (report.ok, codes(report)) == (True, {Code.SCAN_REPAIRED.value})
    assert refusals(check_scan(far, limits=limits)) == [Code.SCAN_DAMAGED.value]


def test_blank_and_dark_pages_are_warned_of(limits: ScanLimits) -> None:
    blank = check_scan(encoded(Image.new("RGB", (860, 1200), (240, 240, 235)), "PNG"), limits=limits)
    dark = check_scan(encoded(a_page().point(lambda value: value // 6), "PNG"), limits=limits)
    for report in (blank, dark):
        assert report.ok
        assert [(finding.code, finding.grade, finding.page) for finding in report.findings] == [("E204", Grade.WARN, 1)]


def test_a_shaded_blank_page_is_blank(limits: ScanLimits) -> None:
    shade = Image.linear_gradient("L").resize((860, 1200)).point(lambda value: 160 + value // 4).convert("RGB")
    assert codes(check_scan(encoded(shade, "PNG"), limits=limits)) == {"E204"}


def test_a_grey_scan_is_said_to_be_black_and_white(limits: ScanLimits) -> None:
    for image in (a_page().convert("L"), a_page().convert("1")):
        report = check_scan(encoded(image, "TIFF"), limits=limits)
        assert [(finding.code, finding.grade) for finding in report.findings] == [("scan.black_and_white", Grade.WARN)]


@pytest.mark.parametrize(
    ("orientation", "code"),
    [
        (1, None),
        (3, "scan.rotated"),
        (6, "scan.rotated"),
        (2, "scan.mirrored"),
        (7, "scan.mirrored"),
        (9, "scan.orientation_unknown"),
    ],
)
def test_an_orientation_mark_is_spoken_of(orientation: int, code: str | None, limits: ScanLimits) -> None:
    report = check_scan(a_jpeg(orientation), limits=limits)
    assert report.ok
    assert codes(report) == ({code} if code else set())


def test_a_missing_or_odd_resolution_is_noted(limits: ScanLimits) -> None:
    assert codes(check_scan(a_png(dpi=(1, 1)), limits=limits)) == {"scan.odd_resolution"}
    assert codes(check_scan(encoded(a_page(), "PNG", dpi=None), limits=limits)) == {"scan.no_resolution"}


def test_a_palette_of_few_colours_is_noted(limits: ScanLimits) -> None:
    assert "scan.few_colours" in codes(check_scan(encoded(a_page().quantize(8), "PNG"), limits=limits))


def test_an_interlaced_png_is_accepted(limits: ScanLimits) -> None:
    assert check_scan(interlaced_png(), limits=limits).ok


def test_pages_are_looked_at_in_batches_and_progress_is_told(limits: ScanLimits) -> None:
    told: list[tuple[int, int]] = []
    tight = type(limits)(**{**{name: getattr(limits, name) for name in limits.__struct_fields__}, "batch_cpu_s": 0.0})
    report = check_scan(a_tiff(3), limits=tight, progress=lambda done, total: told.append((done, total)))
    assert report.ok
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_finding_speaks_both_languages_and_names_the_file(limits: ScanLimits) -> None:
    finding = check_scan(b"text", limits=limits, name="函件.txt").findings[0]
    assert "附件 函件.txt 不是" in finding.message
    assert "Attachment 函件.txt is not" in finding.message
    assert "重新扫描" in finding.remedy
    assert "Scan again" in finding.remedy
