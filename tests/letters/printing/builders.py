"""A report and a letter as callers print them; text as readers find it."""

from datetime import UTC, date, datetime
from typing import Any

import pypdfium2

from hub.letters.printing import (
    ExplanationLetter,
    MovedPerson,
    PrintedCheck,
    PrintedEvent,
    PrintedFact,
    PrintedFile,
    PrintedReport,
    Sheet,
)
from hub.protocol.identifiers import CaseId
from hub.protocol.verdict import Indication, Result

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
CASE = CaseId("C06-341882510000-2026-000017")
DIGEST = "0123456789abcdef" * 4


def a_report(**changes: Any) -> PrintedReport:
    """Return a report with one entry of everything."""
    fields: dict[str, Any] = {
        "title_zh": "证据核验报告",
        "title_en": "Evidence verification report",
        "reference": CASE,
        "indication": Indication.TOTAL_PASSED,
        "facts": (PrintedFact("姓名", "name", "王小明"),),
        "checks": (PrintedCheck("seal.intact", Result.FAILED, "电子签名无效 / invalid", "勿办理回迁 / do not act"),),
        "timeline": (PrintedEvent(AT, "错迁说明函 / inquiry", "李建国", "广德市公安局桃州派出所"),),
        "files": (PrintedFile("letter.pdf", "letter", 123456, DIGEST),),
        "notes": ("本报告可离线复核。",),
    }
    return PrintedReport(**fields | changes)


def a_sheet(**changes: Any) -> Sheet:
    """Return what is round a letter's matter."""
    fields: dict[str, Any] = {
        "case": CASE,
        "letter_number": "皖公广桃户函〔2026〕17号",
        "addressee": "宿松县公安局孚玉派出所",
        "sender": "广德市公安局桃州派出所",
        "written_on": date(2026, 11, 24),
        "contact": "李建国",
        "telephone": "0563-6022110",
        "body_digest": DIGEST,
        "enclosures": ("迁移申请表复印件",),
    }
    return Sheet(**fields | changes)


def a_letter(**changes: Any) -> ExplanationLetter:
    """Return a letter about one person."""
    fields: dict[str, Any] = {
        "sheet": a_sheet(),
        "persons": (a_person(),),
        "move_date": date(2026, 11, 20),
        "move_serial": "QR20261120000123",
        "handler": "李建国",
        "discovered_at": AT,
        "how_found": "下班前盘点",
        "cause": "同名。",
    }
    return ExplanationLetter(**fields | changes)


def a_person(name: str = "王小明") -> MovedPerson:
    """Return one moved person."""
    return MovedPerson(
        name, "341824199003078810", "户主", "安徽省宿松县孚玉镇人民路1号", "安徽省广德市桃州镇万桂山路8号"
    )


def text_of(pdf: bytes) -> str:
    """Return all text of a PDF without white space, which is layout."""
    document = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
