"""Every code has one text in both languages, and every text belongs to a code."""

import pytest

from hub.protocol.codes import Code
from hub.protocol.texts import all_texts, text_of


def test_codes_and_texts_are_equal() -> None:
    assert set(all_texts()) == {code.value for code in Code}


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.value)
def test_a_text_says_meaning_and_remedy_in_both_languages(code: Code) -> None:
    text = text_of(code)
    for part in (text.zh, text.remedy_zh):
        assert any("\u4e00" <= character <= "\u9fff" for character in part), part
    for part in (text.en, text.remedy_en):
        # A few Chinese characters may stand in an example (a letter number), never a sentence.
        assert sum("\u4e00" <= character <= "\u9fff" for character in part) < 8, part
        assert sum(character.isascii() and character.isalpha() for character in part) > 5, part


def test_values_fill_placeholders_and_missing_ones_stay_visible() -> None:
    text = text_of(Code.SCAN_TOO_LARGE)
    assert "200 MB" in text.filled({"n": 200}).zh
    assert "{n} MB" in text.filled({}).zh
