"""Reading for real, where the extra `ocr` is installed: a few letters here, all of them by `python -m benchmarks.reading`."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from benchmarks.reading import answers
from hub.letters.limits import ScanLimits, default_reading_limits
from hub.letters.reading import read
from hub.letters.reading.read import can_read, read_letter
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from tests.letters.builders import a_pdf, encoded
from tests.letters.printing.builders import a_letter, a_person
from tests.letters.rescans import a_printed_page, rescanned

needs_engine = pytest.mark.skipif(not can_read(), reason="the extra ocr is not installed")
READING = default_reading_limits()


@needs_engine
@pytest.mark.parametrize("name", ["o06", "o13"])
def test_every_field_of_a_labelled_letter_is_read_exactly(name: str, shared_scans: Path, limits: ScanLimits) -> None:
    truth = json.loads((shared_scans / "ocr" / f"{name}.json").read_text("utf-8"))
    found = read_letter((shared_scans / "ocr" / f"{name}.jpg").read_bytes(), limits=limits, reading=READING)
    assert [kind for kind, good in answers(found, truth) if not good] == []


@needs_engine
def test_our_own_paper_is_read_from_a_poor_scan(limits: ScanLimits) -> None:
    other = replace(a_person("欧阳文博"), id18="11010519491231002X", relation="配偶")
    page = rescanned(a_printed_page(a_letter(persons=(a_person(), other)), dpi=200), 3)
    found = read_letter(encoded(page, "JPEG", dpi=(200, 200)), limits=limits, reading=READING)
    assert [(person.id18, person.name) for person in found.persons] == [
        ("341824199003078810", "王小明"),
        ("11010519491231002X", "欧阳文博"),
    ]
    assert (found.sender, found.letter_number) == ("广德市公安局桃州派出所", "皖公广桃户函〔2026〕17号")


@needs_engine
def test_reading_has_a_limit_of_its_own_and_its_end_is_one_clear_error(limits: ScanLimits) -> None:
    raw = encoded(a_printed_page(), "JPEG", dpi=(150, 150))
    with pytest.raises(Refused) as refused:
        read_letter(raw, limits=limits, reading=msgspec.structs.replace(READING, child_wall_s=1, child_cpu_s=1))
    assert refused.value.code is Code.SCAN_UNSAFE


@needs_engine
def test_what_is_refused_as_a_scan_is_not_read(limits: ScanLimits) -> None:
    with pytest.raises(Refused) as refused:
        read_letter(a_pdf(catalog=b"/OpenAction<</S/Launch/F(cmd.exe)>>"), limits=limits, reading=READING)
    assert refused.value.code is Code.SCAN_ACTIVE


def test_without_the_extra_it_is_said_so(limits: ScanLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "find_spec", lambda name: None)
    with pytest.raises(Unavailable) as unavailable:
        read_letter(b"", limits=limits, reading=READING)
    assert unavailable.value.code is Code.READING_NOT_INSTALLED
