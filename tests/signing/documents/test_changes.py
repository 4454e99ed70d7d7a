"""Any change to a sealed letter is called out: every byte of its CMS, samples elsewhere, later updates, random bytes."""

import io
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from hub.protocol.verdict import Indication
from hub.signing.cms_form import check_integrity, parse_cms
from hub.signing.seal_check import check_seal
from hub.signing.seal_reading import read_seals
from tests.signing.builders import NOW, SampleProvince
from tests.signing.documents.builders import a_sealed_letter, not_passed

PROVINCE = SampleProvince()
LETTER = a_sealed_letter(PROVINCE)
CONTENTS = re.search(rb"/Contents (<[0-9a-fA-F]{1000,}>)", LETTER)
assert CONTENTS is not None
START, END = CONTENTS.span(1)


def passes(letter: bytes) -> bool:
    return check_seal(letter, trust=PROVINCE.trust, at=NOW, now=NOW).verdict.passed


def changed(offset: int, value: int) -> bytes:
    return LETTER[:offset] + bytes((value,)) + LETTER[offset + 1 :]


def test_the_letter_passes_unchanged() -> None:
    assert passes(LETTER)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(LETTER) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(offset: int, difference: int) -> None:
    assert not passes(changed(offset, LETTER[offset] ^ difference))


@settings(max_examples=50, deadline=None)
@given(st.integers(START, END - 1), st.sampled_from(b"0123456789abcdefABCDEF <>\n"))
def test_a_changed_digit_of_the_signature_is_noticed(offset: int, value: int) -> None:
    if LETTER[offset] != value:
        assert not passes(changed(offset, value))


def test_a_changed_byte_of_the_cms_is_noticed_at_every_place() -> None:
    facts = read_seals(LETTER).seals[0]
    assert facts.cms is not None
    assert facts.embedded is not None
    content = facts.embedded.compute_digest()
    size = int.from_bytes(bytes.fromhex(LETTER[START + 1 : START + 9].decode())[2:4], "big") + 4
    der = bytes.fromhex(LETTER[START + 1 : START + 1 + 2 * size].decode())
    for offset in range(0, size, 2):
        other = bytearray(der)
        other[offset] ^= 0x20 if offset % 4 else 0x01
        try:
            parsed = parse_cms(bytes(other))
            good = all(check_integrity(parsed, content)) and parsed.algorithm_ok
        except Exception:  # noqa: BLE001 - any refusal will do; what counts is that nothing passes
            continue
        assert not good or parsed.signer_der != facts.cms.signer_der, offset


def test_upper_case_digits_are_another_file() -> None:
    assert not passes(LETTER[:START] + LETTER[START:END].upper().replace(b"A", b"a", 1) + LETTER[END:])


def test_bytes_after_the_seal_are_noticed() -> None:
    for tail in (b"\n", b" ", b"% comment\n", b"\0", b"%%EOF\n", LETTER):
        assert not passes(LETTER + tail), tail[:10]


def test_a_shorter_file_is_noticed() -> None:
    for cut in (1, 2, 7, 500, 5000, len(LETTER) - 10):
        assert not passes(LETTER[:-cut]), cut


def test_a_later_update_is_noticed_whatever_it_does() -> None:
    for update in (_metadata, _overlay, _media_box, _validation_data):
        writer = IncrementalPdfFileWriter(io.BytesIO(LETTER))
        update(writer)
        out = io.BytesIO()
        writer.write(out)
        assert out.getvalue().startswith(LETTER)
        finding = check_seal(out.getvalue(), trust=PROVINCE.trust, at=NOW, now=NOW)
        assert "seal.coverage" in not_passed(finding), update.__name__


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_verdict(raw: bytes) -> None:
    assert check_seal(raw, trust=PROVINCE.trust, at=NOW, now=NOW).verdict.indication is Indication.TOTAL_FAILED


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(LETTER)), st.integers(0, 300), st.binary(max_size=60))
def test_any_part_replaced_gives_a_verdict(start: int, length: int, new: bytes) -> None:
    letter = LETTER[:start] + new + LETTER[start + length :]
    verdict = check_seal(letter, trust=PROVINCE.trust, at=NOW, now=NOW).verdict
    assert verdict.passed == (letter == LETTER)


def _metadata(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(generic.DictionaryObject({generic.pdf_name("/Title"): generic.TextStringObject("other")}))


def _overlay(writer: IncrementalPdfFileWriter) -> None:
    writer.add_stream_to_page(0, writer.add_object(generic.StreamObject(stream_data=b"q 1 g 50 50 99 99 re f Q")))


def _media_box(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/MediaBox"] = generic.ArrayObject([generic.NumberObject(number) for number in (0, 0, 99, 99)])
    writer.update_container(page)


def _validation_data(writer: IncrementalPdfFileWriter) -> None:
    other = SampleProvince()
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[_asn1(other.root.certified.der)])


def _asn1(der: bytes) -> object:
    from asn1crypto import x509

    return x509.Certificate.load(der)
