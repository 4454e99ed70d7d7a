"""The reader of fonts' character maps, against fontTools."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTCollection, TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.letters.printing.glyphs import Coverage, read_coverage

OWN = Path(__file__).parents[3] / "hub/letters/printing/fonts/HanxunSansSC-Regular.otf"
SYSTEM = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SAMPLE = [
    *range(0x20, 0x3100),
    *range(0x3400, 0x3500),
    *range(0x4DB0, 0x5000),
    *range(0x9F00, 0xA000),
    *range(0xFF00, 0x10000),
]
SAMPLE += [*range(0x20000, 0x20400), *range(0x2C300, 0x2C400), 0x10FFFF]


def test_our_font_covers_what_an_independent_reader_finds() -> None:
    expected = set(TTFont(OWN).getBestCmap())
    coverage = read_coverage(OWN)
    assert {code for code in SAMPLE if coverage.has(chr(code))} == expected & set(SAMPLE)
    assert coverage.has("王")


@pytest.mark.parametrize("index", [0, 2])
def test_a_face_of_a_collection_covers_what_an_independent_reader_finds(index: int) -> None:
    if not SYSTEM.exists():
        pytest.skip("Noto Sans CJK is not installed")
    expected = set(TTCollection(SYSTEM, lazy=True).fonts[index].getBestCmap())
    coverage = read_coverage(SYSTEM, index)
    assert {code for code in SAMPLE if coverage.has(chr(code))} == expected & set(SAMPLE)


def test_a_file_that_is_no_font_covers_nothing(tmp_path: Path) -> None:
    assert not read_coverage(tmp_path / "absent").has("王")
    for raw in (b"", b"ttcf", b"OTTO\0\1", OWN.read_bytes()[:100]):
        (tmp_path / "broken").write_bytes(raw)
        assert not read_coverage(tmp_path / "broken").has("王")


@settings(max_examples=100)
@given(st.binary(max_size=60), st.characters())
def test_any_bytes_as_a_table_answer_yes_or_no(raw: bytes, character: str) -> None:
    assert Coverage(raw).has(character) in (True, False)
    assert Coverage(b"\0\4" + raw).has(character) in (True, False)
    assert Coverage(b"\0\14" + raw).has(character) in (True, False)
