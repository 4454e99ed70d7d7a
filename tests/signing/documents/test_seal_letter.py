"""Sealing: what goes in stays as it was, what comes out verifies alone and in other makers' software."""

import io
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pypdf
import pypdfium2
import pytest
from PIL import Image, ImageChops

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.verdict import Indication, Result
from hub.signing.purposes import CertificateKind, SealPurpose
from hub.signing.seal_box import place_strip
from hub.signing.seal_check import CODES, check_seal
from hub.signing.seals import SealLabel, seal_letter
from hub.signing.trust import Trust
from tests.signing.builders import NOW, STATION, SampleProvince
from tests.signing.documents.builders import LABEL, a_scan, a_scan_pdf, a_sealed_letter, not_passed


def test_the_input_is_an_exact_prefix_and_the_scan_is_in_it(province: SampleProvince) -> None:
    scan, pdf = a_scan(), a_scan_pdf()
    letter = a_sealed_letter(province, pdf=pdf)
    assert letter.startswith(pdf)
    assert scan in letter


def test_a_letter_verifies_alone_from_the_list_it_carries(province: SampleProvince) -> None:
    pdf = a_scan_pdf()
    letter = a_sealed_letter(province, pdf=pdf)
    finding = check_seal(letter, trust=Trust((province.root.certified,)), at=NOW, now=NOW)
    assert finding.verdict.indication is Indication.TOTAL_PASSED, finding.verdict.not_passed
    assert tuple(check.code for check in finding.verdict.checks) == CODES
    assert finding.certified is not None
    assert finding.certified.station == STATION
    assert (finding.signed_at, finding.prefix_digest, finding.prefix_size) == (NOW, digest_of(pdf), len(pdf))


def test_without_any_list_nothing_is_decided(province: SampleProvince) -> None:
    letter = seal_letter(a_scan_pdf(), signer=province.seal(), chain=(), crls=(), at=NOW, label=LABEL)
    verdict = check_seal(letter, trust=Trust((province.root.certified,)), at=NOW, now=NOW).verdict
    assert verdict.indication is Indication.INDETERMINATE
    assert [check.cause for check in verdict.not_passed] == [Code.STATUS_LIST_TOO_OLD]


def test_a_list_older_than_the_limit_decides_nothing(province: SampleProvince) -> None:
    letter = a_sealed_letter(province)
    verdict = check_seal(letter, trust=province.trust, at=NOW, now=NOW + timedelta(days=2)).verdict
    assert verdict.indication is Indication.INDETERMINATE


def test_a_seal_revoked_before_the_time_fails_and_after_it_does_not(province: SampleProvince) -> None:
    seal = province.seal()
    letter = a_sealed_letter(province, seal=seal)
    hour = timedelta(hours=1)
    province.revoke(seal, NOW + 2 * hour, listed_at=NOW + 3 * hour)
    honest = check_seal(letter, trust=province.trust, at=NOW + hour, now=NOW + 4 * hour)
    late = check_seal(letter, trust=province.trust, at=NOW + 3 * hour, now=NOW + 4 * hour)
    assert honest.verdict.passed
    assert not_passed(late) == {"seal.revocation"}
    assert {check.cause for check in late.verdict.not_passed} == {Code.SEAL_KEY_NOT_IN_FORCE}


def test_a_general_seal_is_not_a_household_seal(province: SampleProvince) -> None:
    letter = a_sealed_letter(province, seal=province.seal(SealPurpose.GENERAL))
    assert not_passed(check_seal(letter, trust=province.trust, at=NOW, now=NOW)) == {"seal.policy"}
    other = check_seal(letter, trust=province.trust, at=NOW, now=NOW, purpose=SealPurpose.GENERAL)
    assert other.verdict.passed


def test_another_root_does_not_vouch(province: SampleProvince) -> None:
    letter = a_sealed_letter(province)
    stranger = SampleProvince()
    assert "seal.chain" in not_passed(check_seal(letter, trust=stranger.trust, at=NOW, now=NOW))


def test_only_a_seal_key_seals(province: SampleProvince) -> None:
    for signer in (province.agent(suite="P-256"), province.certify(CertificateKind.EVIDENCE)):
        with pytest.raises(Refused) as caught:
            seal_letter(a_scan_pdf(), signer=signer, chain=(), crls=(), at=NOW, label=LABEL)
        assert caught.value.code is Code.SEAL_KEY


def test_a_sealed_letter_is_not_sealed_again(province: SampleProvince) -> None:
    letter = a_sealed_letter(province)
    with pytest.raises(Refused) as caught:
        a_sealed_letter(province, pdf=letter)
    assert caught.value.code is Code.SEAL_ALREADY_SEALED


def test_what_is_no_pdf_is_refused(province: SampleProvince) -> None:
    for raw in (b"\n", b"%PDF-1.7\n", a_scan(), a_scan_pdf()[:-200], b"PK\3\4" + bytes(100)):
        with pytest.raises(Refused) as caught:
            a_sealed_letter(province, pdf=raw)
        assert caught.value.code is Code.SEAL_INPUT


def test_sealing_works_inside_an_event_loop(province: SampleProvince) -> None:
    import asyncio

    async def story() -> bytes:
        return a_sealed_letter(province)

    assert check_seal(asyncio.run(story()), trust=province.trust, at=NOW, now=NOW).verdict.passed


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (30, 40, 200, 300)])
def test_the_scan_keeps_its_pixels_and_the_box_is_below_it(
    rotate: int, crop: tuple[float, float, float, float] | None, province: SampleProvince
) -> None:
    pdf = _turned(a_scan_pdf(), rotate, crop)
    before, after = _render(pdf), _render(a_sealed_letter(province, pdf=pdf))
    assert after.width == before.width
    assert after.height > before.height
    shown = after.crop((0, 0, before.width, before.height))
    # The last row of pixels may be shared with the strip.
    inside = (0, 0, before.width - 1, before.height - 1)
    assert ImageChops.difference(shown.crop(inside), before.crop(inside)).getbbox() is None
    strip = after.crop((0, before.height + 1, after.width, after.height))
    assert strip.convert("L").getextrema()[0] < 160  # something is drawn there
    assert all(low == high for low, high in _channel_spread(strip))  # and it is grey: no red, no picture of a seal


def test_the_strip_never_overlaps_the_crop_box() -> None:
    for rotate in (0, 90, 180, 270):
        x0, y0, x1, y1 = crop = (10.0, 20.0, 110.0, 220.0)
        strip = place_strip((0.0, 0.0, 200.0, 300.0), crop, rotate)
        a, b, c, d = strip.rect
        assert c <= x0 or a >= x1 or d <= y0 or b >= y1
        assert strip.media[0] <= a
        assert strip.media[3] >= d


def test_a_character_the_font_lacks_is_drawn_as_its_code_point(province: SampleProvince) -> None:
    label = SealLabel("䶮龘派出所", "17号")
    letter = seal_letter(a_scan_pdf(), signer=province.seal(), chain=(), crls=(), at=NOW, label=label)
    fields = pypdf.PdfReader(io.BytesIO(letter)).get_fields()
    assert fields is not None
    assert any("䶮龘派出所" in str(field.get("/TU")) for field in fields.values())


def test_pdfsig_calls_the_letter_valid_and_sees_a_changed_byte(province: SampleProvince, tmp_path: Path) -> None:
    if not shutil.which("pdfsig") or not shutil.which("certutil"):
        pytest.skip("pdfsig (poppler-utils) and certutil (libnss3-tools) are not installed")
    letter = a_sealed_letter(province)
    said = _pdfsig(letter, province, tmp_path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    changed = bytearray(letter)
    changed[3000] ^= 1
    assert "Digest Mismatch" in _pdfsig(bytes(changed), province, tmp_path)


def test_there_is_no_certification(province: SampleProvince) -> None:
    letter = a_sealed_letter(province)
    assert b"/DocMDP" not in letter
    assert len(re.findall(rb"/SubFilter\s*/ETSI\.CAdES\.detached", letter)) == 1


def test_every_check_has_a_result_when_the_file_is_hopeless(province: SampleProvince) -> None:
    verdict = check_seal(b"not a PDF", trust=province.trust, at=NOW, now=NOW).verdict
    assert tuple(check.code for check in verdict.checks) == CODES
    assert verdict.indication is Indication.TOTAL_FAILED
    assert {check.result for check in verdict.checks[2:]} == {Result.INDETERMINATE}


def _turned(pdf: bytes, rotate: int, crop: tuple[float, float, float, float] | None) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    page = writer.pages[0]
    if rotate:
        page.rotate(rotate)
    if crop is not None:
        page.cropbox = pypdf.generic.RectangleObject(crop)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _render(pdf: bytes) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    return document[0].render(scale=2, may_draw_forms=True).to_pil().convert("RGB")


def _channel_spread(picture: Image.Image) -> list[tuple[int, int]]:
    colours = picture.getcolors(maxcolors=1 << 20) or []
    return [(min(colour), max(colour)) for _, colour in colours]


def _pdfsig(letter: bytes, province: SampleProvince, folder: Path) -> str:
    nss, file, root = folder / "nss", folder / "letter.pdf", folder / "root.pem"
    file.write_bytes(letter)
    root.write_bytes(province.root.certified.pem)
    if not nss.exists():
        nss.mkdir()
        subprocess.run(["certutil", "-N", "-d", f"sql:{nss}", "--empty-password"], check=True)
        add = ["certutil", "-A", "-d", f"sql:{nss}", "-n", "root", "-t", "CT,C,C", "-a", "-i", str(root)]
        subprocess.run(add, check=True)
    command = ["pdfsig", "-nocert", "-nssdir", f"sql:{nss}", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
