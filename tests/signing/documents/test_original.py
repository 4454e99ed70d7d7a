"""A letter that begins with the scan's bytes and shows something else is no sealed scan, though its seal is genuine."""

import io
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

from hub.protocol.identifiers import digest_of
from hub.signing.cades import cms_signer
from hub.signing.seal_box import add_strip
from hub.signing.seal_check import check_seal
from hub.signing.seal_original import declare_original
from tests.signing.builders import NOW, SampleProvince
from tests.signing.documents.builders import a_scan_pdf, not_passed

Change = Callable[[IncrementalPdfFileWriter], None]
PROVINCE = SampleProvince()
SEAL = PROVINCE.seal()
SCAN = a_scan_pdf()


def sealed(change: Change, *, earlier: bool = False, box: tuple[int, int, int, int] | None = None) -> bytes:
    """A letter by a dishonest sealer, who states SCAN as its original and also makes `change`."""
    start = SCAN
    if earlier:
        writer = IncrementalPdfFileWriter(io.BytesIO(SCAN))
        change(writer)
        out = io.BytesIO()
        writer.write(out)
        start = out.getvalue()
    writer = IncrementalPdfFileWriter(io.BytesIO(start))
    strip = add_strip(writer)
    if not earlier:
        change(writer)
    metadata = PdfSignatureMetadata(
        field_name="Seal",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=declare_original(digest_of(SCAN), len(SCAN)),
    )
    field = SigFieldSpec("Seal", on_page=0, box=box or strip.rect)  # type: ignore[arg-type]
    letter: bytes = PdfSigner(metadata, cms_signer(SEAL, ()), new_field_spec=field).sign_pdf(writer).getvalue()
    assert letter.startswith(SCAN)
    return letter


def nothing(writer: IncrementalPdfFileWriter) -> None:
    pass


def overlay(writer: IncrementalPdfFileWriter) -> None:
    writer.add_stream_to_page(0, writer.add_object(generic.StreamObject(stream_data=b"q 1 g 50 50 99 99 re f Q")))


def image(writer: IncrementalPdfFileWriter) -> None:
    picture = writer.root["/Pages"]["/Kids"][0]["/Resources"]["/XObject"]
    name = next(iter(picture))
    stream = picture[name]
    stream._data = None
    stream._encoded_data = stream.encoded_data[::-1]
    writer.update_container(stream)


def annotation(writer: IncrementalPdfFileWriter) -> None:
    rect = generic.ArrayObject(map(generic.NumberObject, (50, 50, 200, 200)))
    square = {pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/Square"), pdf_name("/Rect"): rect}
    page_ref = writer.root["/Pages"]["/Kids"].raw_get(0)
    writer.register_annotation(page_ref, writer.add_object(generic.DictionaryObject(square)))


def smaller_page(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/CropBox"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 250, 250)))
    writer.update_container(page)


def open_action(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OpenAction"] = generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")})
    writer.update_root()


def test_the_dishonest_sealers_tool_makes_good_letters_when_it_changes_nothing() -> None:
    finding = check_seal(sealed(nothing), trust=PROVINCE.trust, at=NOW, now=NOW)
    assert finding.verdict.passed, finding.verdict.not_passed
    assert finding.prefix_digest == digest_of(SCAN)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("change", [overlay, image, annotation, smaller_page, open_action])
def test_a_change_beside_the_seal_is_found(change: Change, earlier: bool) -> None:
    finding = check_seal(sealed(change, earlier=earlier), trust=PROVINCE.trust, at=NOW, now=NOW)
    assert not_passed(finding) == {"seal.form"}
    assert finding.prefix_digest is None


def test_a_box_over_the_scan_is_found() -> None:
    finding = check_seal(sealed(nothing, box=(20, 20, 120, 120)), trust=PROVINCE.trust, at=NOW, now=NOW)
    assert not_passed(finding) == {"seal.form"}
