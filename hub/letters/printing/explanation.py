"""The letter explaining a mistaken move (错迁说明函, C06): the page that is printed, stamped in ink and scanned. DOMAIN 2.2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.letters.printing.letter import Section, Sheet, chinese_date, print_sheet, sheet_of
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import SHANGHAI, parse_instant

REQUEST = "上述人员的户口系错误迁移。请贵所按“一站式无证迁移”有关规定办理回迁，并将办理结果函复我所。"
HEADER = ("序号", "姓名", "公民身份号码", "与户主关系", "原址", "错迁地址")


@dataclass(frozen=True, slots=True)
class MovedPerson:
    """One person moved by mistake."""

    name: str
    id18: str
    relation: str
    original_address: str
    mistaken_address: str


@dataclass(frozen=True, slots=True)
class ExplanationLetter:
    """What stands on the page."""

    sheet: Sheet
    persons: tuple[MovedPerson, ...]
    move_date: date
    move_serial: str
    handler: str
    discovered_at: datetime
    how_found: str
    cause: str
    right_place: str = ""

    @property
    def title(self) -> str:
        """The title; of several persons the first is named and all are counted."""
        names = self.persons[0].name + (f"等{len(self.persons)}人" if len(self.persons) > 1 else "")
        return f"关于{names}户口错误迁移情况的说明函"


def explanation_from_body(
    body: Mapping[str, Any],
    *,
    case: CaseId,
    addressee: str,
    sender: str,
    written_on: date,
    contact: str,
    telephone: str,
    enclosures: Sequence[str] = (),
) -> ExplanationLetter:
    """Return the letter that a C06 inquiry's `body` (accepted by its case type) makes, with names for people.

    `written_on` is the date in Asia/Shanghai; `sender` and `addressee` are the stations' names on that day.
    """
    return ExplanationLetter(
        sheet=sheet_of(
            body,
            case=case,
            addressee=addressee,
            sender=sender,
            written_on=written_on,
            contact=contact,
            telephone=telephone,
            enclosures=enclosures,
        ),
        persons=tuple(MovedPerson(**person) for person in body["persons"]),
        move_date=date.fromisoformat(body["move_date"]),
        move_serial=body["move_serial"],
        handler=body["handler"],
        discovered_at=parse_instant(body["discovered_at"], field="/body/discovered_at"),
        how_found=body["how_found"],
        cause=f"{body['cause']}。{body.get('cause_text', '')}",
        right_place=body.get("right_place", ""),
    )


def print_explanation(letter: ExplanationLetter, *, printed_at: datetime, system_fonts: bool = True) -> bytes:
    """Return the letter as PDF/A-2b, ready to be stamped; the same letter and time give the same bytes.

    Raises: Refused (`print.glyph_missing`) naming a character that no font has.
    """
    rows = tuple(
        (str(number), one.name, one.id18, one.relation, one.original_address, one.mistaken_address)
        for number, one in enumerate(letter.persons, start=1)
    )
    sections = (
        Section("一、错迁经过", _course(letter)),
        Section("二、错迁人员", header=HEADER, widths=(0, 5, 0, 0, 8, 8), rows=rows),
        Section("三、错迁原因", letter.cause),
        Section("四、请求", REQUEST),
    )
    return print_sheet(
        letter.sheet, title=letter.title, sections=sections, printed_at=printed_at, system_fonts=system_fonts
    )


def _course(letter: ExplanationLetter) -> str:
    found = letter.discovered_at.astimezone(SHANGHAI)
    when = f"{chinese_date(found.date())}{found.hour}时{found.minute:02}分"
    text = (
        f"{chinese_date(letter.move_date)}，我所办理了下列人员的户口迁移（业务流水号：{letter.move_serial}，"
        f"经办人：{letter.handler}）。{when}发现该迁移有误，发现方式：{letter.how_found}。"
    )
    return text + (f"应迁往地：{letter.right_place}。" if letter.right_place else "")
