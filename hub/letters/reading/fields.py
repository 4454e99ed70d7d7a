"""What a printed letter says, field by field, from the lines that were read: numbers, names, units, date. Pure.

Numbers as they stand (a wrong check digit is for others to judge); a name is what stands before a number, in its line or in the
box to its left, as in the table of our own paper.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.letters.reading.lines import Line

_ID = re.compile(r"(?<![0-9])[0-9]{17}[0-9X](?![0-9])", re.ASCII)
_LABELS = re.compile(r"公民身份号码|公民身份证号码?|身份证号码?|姓名|序号|[：:，,、；;。.()（）\s]")
_NAME = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af·]{2,20}")
_DATE = re.compile(r"(20[0-9]{2})年([0-9]{1,2})月([0-9]{1,2})日", re.ASCII)
_LETTER = re.compile(r"皖公([\u4e00-\u9fff]{1,6})户函[〔\[(【]?(20[0-9]{2})[〕\])】]?([1-9][0-9]{0,5})号", re.ASCII)
_UNIT = re.compile(r"[\u4e00-\u9fff]{2,}(?:派出所|公安局|分局|大队|中心)")
_RELATIONS = frozenset(["本人", "户主", "配偶", "夫", "妻", "子", "女", "父亲", "母亲", "父", "母", "儿子", "女儿"])
_SAME_ROW = 0.6  # of a line's height
_NUMBER_LABEL = "公民身份号码"


@dataclass(frozen=True, slots=True)
class PersonRead:
    """A citizen number and the name that stands with it, empty where none could be told."""

    id18: str
    name: str
    page: int


@dataclass(frozen=True, slots=True)
class LetterRead:
    """The fields of a letter; empty where nothing of the kind was read. `date` as YYYY-MM-DD."""

    persons: tuple[PersonRead, ...]
    sender: str
    addressee: str
    date: str
    letter_number: str


def read_fields(lines: Sequence[Line]) -> LetterRead:
    """Return the fields in `lines`, which stand in the order of pages and from the top down."""
    texts = [_plain(line.text) for line in lines]
    return LetterRead(
        persons=tuple(_persons(lines, texts)),
        sender=_sender(texts),
        addressee=_addressee(texts),
        date=_date(texts),
        letter_number=_letter_number(texts),
    )


def _plain(text: str) -> str:
    """Return `text` in half-width characters without white space; the sign for X in numbers is X."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"(?<=[0-9]{17})[xX×✕]", "X", plain, flags=re.ASCII)


def _persons(lines: Sequence[Line], texts: Sequence[str]) -> Iterator[PersonRead]:
    seen: set[str] = set()
    for index, text in enumerate(texts):
        ends = 0
        for found in _ID.finditer(text):
            if found.group() not in seen:
                seen.add(found.group())
                before = text[ends : found.start()]
                name = _name_in(before) or _name_beside(lines, texts, index, before)
                yield PersonRead(found.group(), name, lines[index].page)
            ends = found.end()
    for index in range(len(texts) - 1):
        # A number that two boxes share: only where neither holds one of its own.
        joined = texts[index] + texts[index + 1]
        for found in _ID.finditer(joined):
            if found.start() < len(texts[index]) < found.end() and found.group() not in seen:
                seen.add(found.group())
                yield PersonRead(found.group(), _name_in(joined[: found.start()]), lines[index].page)


def _name_in(before: str) -> str:
    """Return the name at the end of what stands before a number, labels taken away."""
    parts = [part for part in _LABELS.sub(" ", before).split() if _NAME.fullmatch(part)]
    return parts[-1] if parts else ""


def _name_beside(lines: Sequence[Line], texts: Sequence[str], index: int, before: str) -> str:
    """Return the name in the box to the left in the same row; `before` is what stands before the number in its own box."""
    line = lines[index]
    row = []
    for other, text in zip(lines, texts, strict=True):
        gap, down = line.box[0] - other.box[2], abs(other.ends - line.begins)
        if other.page == line.page and gap >= -line.height and down < _SAME_ROW * max(line.height, other.height):
            row.append((gap, _cut(text, before) if gap < 0 else text))
    for _, text in sorted(row):
        name = _name_in(text)
        if name and name not in _RELATIONS:
            return name
    return ""


def _cut(text: str, before: str) -> str:
    """Return `text` without the beginning of the label in the next box, where both boxes hold it."""
    for length in range(len(_NUMBER_LABEL), 0, -1):
        if before.startswith(_NUMBER_LABEL) and text.endswith(_NUMBER_LABEL[:length]):
            return text[:-length]
    return text


def _addressee(texts: Sequence[str]) -> str:
    for text in texts:
        if text.endswith(":") and (found := _UNIT.fullmatch(text[:-1])):
            return found.group()
    return ""


def _sender(texts: Sequence[str]) -> str:
    """Return the unit at the letter's end, over the date."""
    for text in reversed(texts):
        if _UNIT.fullmatch(text):
            return text
    return ""


def _date(texts: Sequence[str]) -> str:
    """Return the date at the letter's end: the last line that is nothing but a date, else the last date."""
    for whole in (True, False):
        for text in reversed(texts):
            found = _DATE.fullmatch(text) if whole else _DATE.search(text)
            if found:
                return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"
    return ""


def _letter_number(texts: Sequence[str]) -> str:
    for text in texts:
        if found := _LETTER.search(text):
            return f"皖公{found[1]}户函〔{found[2]}〕{found[3]}号"
    return ""
