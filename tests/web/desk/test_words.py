"""The words of the hub's desk: every text in both languages, every text that a page asks for, and no other."""

import re
from pathlib import Path

from hub.pages import templates
from hub.pages.wording import words_of
from hub.web.desk import server

DESK = Path(server.__file__).parent
PAGES = Path(templates.__file__).parent
PLACEHOLDERS = re.compile(r"\{(\w+)\}")
AREAS = sorted({key.partition(".")[0] for key in words_of(server.PACKAGE)})
ASKED = re.compile(rf"""["']((?:{"|".join(AREAS)})\.[a-z_A-Z0-9-]+)["']""")
BUILT = re.compile(rf"""["']((?:{"|".join(AREAS)})\.(?:[a-z]+_)?)["'{{] ?~?""")


def sources() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for folder in (DESK, PAGES)
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".html")
    )


def test_every_text_is_there_in_both_languages_with_the_same_placeholders() -> None:
    for key, word in words_of(server.PACKAGE).items():
        assert word.zh.strip(), key
        assert word.en.strip(), key
        assert sorted(PLACEHOLDERS.findall(word.zh)) == sorted(PLACEHOLDERS.findall(word.en)), key


def test_english_texts_hold_no_chinese() -> None:
    words = words_of(server.PACKAGE).items()
    chinese = [key for key, word in words if re.search(r"[一-鿿]", word.en) and key != "frame.language_other"]
    assert chinese == []


def test_every_text_that_a_page_asks_for_exists_and_none_is_left_over() -> None:
    known, text = set(words_of(server.PACKAGE)), sources()
    asked = {key for key in ASKED.findall(text) if not key.endswith((".html", ".py", "_"))}
    assert asked - known - {"desk.salt", "desk.host", "search.filed", "cases.html"} == set()
    built = tuple(BUILT.findall(text))
    assert [key for key in known if key not in asked and not key.startswith(built)] == []


def test_every_form_that_keeps_a_draft_says_whether_it_is_kept() -> None:
    for path in (DESK / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert text.count('include "_autosave.html"') == text.count("save-state"), path.name


def test_no_template_holds_script_or_style() -> None:
    environment = templates.environment(server.PACKAGE)
    for name in environment.list_templates():
        environment.get_template(name)
    for path in sorted((DESK / "templates").iterdir()):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|style=|<script(?! src)|\son\w+=|javascript:", text), path.name
        assert "|safe" not in text, path.name
