"""Chinese punctuation (GB/T 15834) in the texts that pages show.

The program's texts are typed with the keyboard's comma, colon and brackets, which is what a terminal and a log show best. On a page
they stand among Chinese characters, where those look like mistakes.
"""

import re
from functools import cache

from msgspec.structs import replace

from hub.protocol.texts import Text

_WIDE = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！"}
_HAN = "一-鿿〇"
# After a Chinese character, a closing quote or bracket, or the place of a value; or between anything and a Chinese character. Never
# after a space, nor within a number or a time.
_MARK = re.compile(rf"(?<=[{_HAN}”」》）)\]}}])[,;:?!](?=\S|$)|(?<=[0-9A-Za-z.%])[,;:?!](?=[{_HAN}“])")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_CHINESE = re.compile(rf"[{_HAN}]|^\{{\w+\}}$")


@cache
def typeset(text: str) -> str:
    """Return one of the program's Chinese texts with the punctuation of a Chinese page; `{placeholders}` stay. Only for texts
    of the program, of which there are so many and no more: what people wrote is shown as they wrote it."""
    return _BRACKETS.sub(_wide_brackets, _MARK.sub(lambda found: _WIDE[found[0]], text))


def typeset_code(text: Text) -> Text:
    """Return the text of a code, before its values are filled in, as a Chinese page shows it."""
    return replace(text, zh=typeset(text.zh), remedy_zh=typeset(text.remedy_zh))


def _wide_brackets(found: re.Match[str]) -> str:
    """Brackets around Chinese or a value are Chinese, too; those around an address or a command stay."""
    return f"（{found[1]}）" if _CHINESE.search(found[1]) else found[0]
