"""The pages' words: every text in both languages, every text that a page asks for, and no other."""

import re
from pathlib import Path

import pytest

from hub.pages import templates
from hub.pages.wording import Words
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from station_agent.web import wording
from station_agent.web.actions import KINDS

WEB = Path(wording.__file__).parent
PAGES = Path(templates.__file__).parent
PLACEHOLDERS = re.compile(r"\{(\w+)\}")
AREAS = "|".join(sorted({key.partition(".")[0] for key in wording.all_words()}))
ASKED = re.compile(rf"""["']((?:{AREAS})\.[a-z_G0-9]+)["']""")
BUILT = re.compile(rf"""["']((?:{AREAS})\.(?:[a-z]+_)?)["'] ~""")


def sources() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for folder in (WEB, PAGES)
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".html")
    )


def test_every_text_is_there_in_both_languages_with_the_same_placeholders() -> None:
    for key, word in wording.all_words().items():
        assert word.zh.strip(), key
        assert word.en.strip(), key
        assert sorted(PLACEHOLDERS.findall(word.zh)) == sorted(PLACEHOLDERS.findall(word.en)), key


def test_english_texts_hold_no_chinese() -> None:
    shown = {"frame.language_other"}
    chinese = [key for key, word in wording.all_words().items() if re.search(r"[一-鿿]", word.en) and key not in shown]
    assert chinese == []


def test_every_text_that_a_page_asks_for_exists() -> None:
    known = set(wording.all_words())
    asked = {key for key in ASKED.findall(sources()) if not key.endswith(("_", ".html", ".css", ".js"))} - {
        "desk.salt",
        "desk.host",
    }
    assert asked - known == set()


def test_no_text_is_left_over() -> None:
    text = sources()
    asked, built = (
        set(ASKED.findall(text)),
        (
            *BUILT.findall(text),
            "case.act_",
            "people.answer_",
            "verify.name_",
            "message.role_",
            "message.done_",
            "letter.step_",
            "letter.tick_",
            "letter.seal_",
            "check.",  # by the checks' codes
            "diagnostics.",  # by the keys of what is looked at
            "frame.",  # by the places
            "tray.done_",
            "impression.part_",
            "impression.kind_",
        ),
    )
    unused = [key for key in wording.all_words() if key not in asked and not key.startswith(built)]
    assert unused == []


@pytest.mark.parametrize("kind", sorted(KINDS.values()))
def test_every_message_says_that_it_is_done(kind: str) -> None:
    assert f"message.done_{kind}" in wording.all_words()


def test_an_error_is_told_in_the_visitors_language() -> None:
    error = Refused(Code.DESK_RATE, values={"seconds": 7})
    assert Words("zh", wording.PACKAGE).error(error) == ("尝试过于频繁", "请等 7 秒再试")
    assert Words("en", wording.PACKAGE).error(error) == ("Too many attempts", "Wait 7 seconds")


def test_an_unknown_language_is_chinese() -> None:
    assert Words("fr", wording.PACKAGE).language == "zh"


def test_every_template_compiles_and_escapes() -> None:
    environment = templates.environment(wording.PACKAGE)
    for name in environment.list_templates():
        environment.get_template(name)
    assert environment.from_string("{{ x }}").render(x="<script>") == "&lt;script&gt;"


def test_every_form_that_keeps_a_draft_says_whether_it_is_kept() -> None:
    for path in (WEB / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert text.count('include "_autosave.html"') == text.count("save-state"), path.name


def test_no_template_holds_script_or_style() -> None:
    for path in sorted([*(WEB / "templates").iterdir(), *(PAGES / "templates").iterdir()]):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|style=|<script(?! src)|\son\w+=|javascript:", text), path.name
        assert "|safe" not in text.replace("page.picture|safe", ""), path.name
