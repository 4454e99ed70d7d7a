"""What every code means and what to do about it, in Chinese and English: the TOML files beside this module."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from hub.protocol.codes import Code


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Meaning (`zh`, `en`) and remedy (`remedy_zh`, `remedy_en`) of one code; may hold `{placeholders}`."""

    zh: str
    en: str
    remedy_zh: str
    remedy_en: str

    def filled(self, values: Mapping[str, object]) -> "Text":
        """Return the text with its placeholders replaced by `values`; an unknown placeholder stays as it is."""
        known = _Known(values)
        return Text(**{name: getattr(self, name).format_map(known) for name in self.__struct_fields__})


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def text_of(code: Code) -> Text:
    """Return the text of `code`. A code without one is a fault of this program (a test holds both equal)."""
    return all_texts()[code.value]


@cache
def all_texts() -> Mapping[str, Text]:
    """Return every text by code, read once from `hub/protocol/texts/*.toml`."""
    texts: dict[str, Text] = {}
    for entry in sorted(files(__package__).iterdir(), key=lambda path: path.name):
        if not entry.name.endswith(".toml"):
            continue
        for code, text in msgspec.toml.decode(entry.read_bytes(), type=dict[str, Text]).items():
            if code in texts:
                raise ValueError(f"two texts for {code}")
            texts[code] = text
    return texts
