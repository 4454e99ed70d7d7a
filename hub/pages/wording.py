"""The pages' words: `texts/*.toml` of the shared pages and of one desk, Chinese and English beside each other."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from hub.pages.typeset import typeset, typeset_code
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError
from hub.protocol.texts import text_of

ZH = "zh"
EN = "en"
LANGUAGES = (ZH, EN)
SHARED = __package__


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text in both languages; may hold `{placeholders}`."""

    zh: str
    en: str


@cache
def words_of(package: str) -> Mapping[str, Word]:
    """Return every text of the shared pages and of the desk in `package`, by `file.key`.

    Raises: ValueError, a fault of the program: also when both say the same key.
    """
    found: dict[str, Word] = {}
    for each in (SHARED, package):
        for entry in sorted((files(each) / "texts").iterdir(), key=lambda path: path.name):
            if not entry.name.endswith(".toml"):
                continue
            area = entry.name.removesuffix(".toml")
            for key, word in msgspec.toml.decode(entry.read_bytes(), type=dict[str, Word]).items():
                if f"{area}.{key}" in found:
                    raise ValueError(f"{area}.{key} is said twice")
                found[f"{area}.{key}"] = word
    return found


class Words:
    """Says a text of one desk in one language: `words("inbox.empty")`."""

    def __init__(self, language: str, package: str) -> None:
        self.language = language if language in LANGUAGES else ZH
        self._words = words_of(package)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text `key` with its placeholders filled in. Raises: KeyError, a fault of the program."""
        word = self._words[key]
        text = typeset(word.zh) if self.language == ZH else word.en
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether there is a text `key`: what comes from elsewhere (a check's code) may have none."""
        return key in self._words

    def of(self, named: object) -> str:
        """Return the name of anything that has `zh` and `en`, as it stands by itself: English ones begin with a capital."""
        name = str(getattr(named, self.language))
        return typeset(name) if self.language == ZH else name[:1].upper() + name[1:]

    def error(self, error: HanxunError) -> tuple[str, str]:
        """Return what went wrong and what to do about it."""
        return self.code(error.code, error.values)

    def code(self, code: Code, values: Mapping[str, object] | None = None) -> tuple[str, str]:
        """Return what a code means, with its values, and what to do about it."""
        said = {name: self._said(name, value) for name, value in (values or {}).items()}
        text = typeset_code(text_of(code)).filled(said)
        if self.language == ZH:
            return text.zh, text.remedy_zh
        return text.en, text.remedy_en

    def _said(self, name: str, value: object) -> object:
        """A value of an error's text as people say it: roles by their names."""
        if name != "roles":
            return value
        names = [self(key) if self.has(key := f"frame.role_{role}") else role for role in str(value).split(", ")]
        return ("、" if self.language == ZH else ", ").join(names)
