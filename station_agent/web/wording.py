"""The pages' words: `texts/*.toml`, Chinese and English beside each other; a test holds both complete."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from hub.protocol.errors import HanxunError

ZH = "zh"
EN = "en"
LANGUAGES = (ZH, EN)


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text in both languages; may hold `{placeholders}`."""

    zh: str
    en: str


@cache
def all_words() -> Mapping[str, Word]:
    """Return every text by `file.key`. Raises: ValueError, a fault of the program."""
    found: dict[str, Word] = {}
    for entry in sorted((files(__package__) / "texts").iterdir(), key=lambda path: path.name):
        if entry.name.endswith(".toml"):
            texts = msgspec.toml.decode(entry.read_bytes(), type=dict[str, Word])
            area = entry.name.removesuffix(".toml")
            found |= {f"{area}.{key}": word for key, word in texts.items()}
    return found


class Words:
    """Says a text in one language: `words("inbox.empty")`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else ZH

    def __call__(self, key: str, **values: object) -> str:
        """Return the text `key` with its placeholders filled in. Raises: KeyError, a fault of the program."""
        text = self.of(all_words()[key])
        return text.format(**values) if values else text

    def of(self, named: object) -> str:
        """Return the name of anything that has `zh` and `en`."""
        return str(getattr(named, self.language))

    def error(self, error: HanxunError) -> tuple[str, str]:
        """Return what went wrong and what to do about it."""
        text = error.text
        if self.language == ZH:
            return text.zh, text.remedy_zh
        return text.en, text.remedy_en
