"""The letter about a wrong register item that the opener's own station caused (差错说明函, C04), to be stamped and scanned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.letters.printing.letter import Section, Sheet, print_sheet

REQUEST = "上述差错由我所造成。请贵所核实后按有关规定更正，并将办理结果函复我所，不让群众往返。"
HEADER = ("序号", "项目", "现登记", "更正为")


@dataclass(frozen=True, slots=True)
class WrongItem:
    """One item: what the register says and what it should say."""

    item: str
    current: str
    proposed: str


@dataclass(frozen=True, slots=True)
class CorrectionLetter:
    """What stands on the page."""

    sheet: Sheet
    name: str
    id18: str
    items: tuple[WrongItem, ...]
    text: str = ""

    @property
    def title(self) -> str:
        """The title."""
        return f"关于{self.name}户口登记项目差错情况的说明函"


def correction_from_body(body: Mapping[str, Any], *, sheet: Sheet) -> CorrectionLetter:
    """Return the letter that a C04 inquiry's `body` (accepted by its case type, `caused_by_opener` true) makes."""
    items = tuple(WrongItem(entry["item"], entry["current"], entry["proposed"]) for entry in body["items"])
    return CorrectionLetter(sheet, body["person"]["name"], body["person"]["id18"], items, body.get("text", ""))


def print_correction(letter: CorrectionLetter, *, printed_at: datetime, system_fonts: bool = True) -> bytes:
    """Return the letter as PDF/A-2b, ready to be stamped. Raises: Refused (`print.glyph_missing`)."""
    rows = tuple(
        (str(number), one.item, one.current or "（空）", one.proposed)
        for number, one in enumerate(letter.items, start=1)
    )
    sections = (
        Section("一、人员", f"{letter.name}，公民身份号码：{letter.id18}。"),
        Section("二、差错项目", letter.text, header=HEADER, widths=(0, 3, 5, 5), rows=rows),
        Section("三、请求", REQUEST),
    )
    return print_sheet(
        letter.sheet, title=letter.title, sections=sections, printed_at=printed_at, system_fonts=system_fonts
    )
