"""What all letters on paper share: heading, sections, who to ask, enclosures, room for the ink seal, footer. DOMAIN 2.2.

Every page carries its mark (`hub.letters.paper_mark`) in the footer, for people and, as a square code, for the scan's way back.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pypdf

from hub.letters.paper_mark import SHORT_DIGEST, mark_of
from hub.letters.printing.mark import mark_svg
from hub.letters.printing.typesetting import typeset
from hub.protocol.identifiers import CaseId, digest_of
from hub.protocol.strict_json import encode_json


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is round a letter's matter: `body_digest` is the SHA-256 of the envelope body's canonical bytes."""

    case: CaseId
    letter_number: str
    addressee: str
    sender: str
    written_on: date
    contact: str
    telephone: str
    body_digest: str
    enclosures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered part: text, and a table if it has rows. `widths` are shares of the line, 0 as wide as needed."""

    heading: str
    text: str = ""
    header: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sheet_of(
    body: Mapping[str, Any],
    *,
    case: CaseId,
    addressee: str,
    sender: str,
    written_on: date,
    contact: str,
    telephone: str,
    enclosures: Sequence[str] = (),
) -> Sheet:
    """Return the sheet for an inquiry's `body`, whose digest goes into the footer."""
    digest = digest_of(encode_json(dict(body)))
    return Sheet(
        case, body["letter_number"], addressee, sender, written_on, contact, telephone, digest, tuple(enclosures)
    )


def print_sheet(
    sheet: Sheet, *, title: str, sections: tuple[Section, ...], printed_at: datetime, system_fonts: bool
) -> bytes:
    """Return the letter as PDF/A-2b. Raises: Refused (`print.glyph_missing`)."""
    data = asdict(sheet) | {
        "title": title,
        "sections": [asdict(section) for section in sections],
        "short_digest": sheet.body_digest[:SHORT_DIGEST],
        "date": chinese_date(sheet.written_on),
    }
    letter, pages = b"", 1
    # How many pages there are is known when they are set; a code is of one size, so the second setting breaks alike.
    for _ in range(2):
        letter = typeset("letter.typ", data | {"marks": _marks(sheet, pages)}, at=printed_at, system_fonts=system_fonts)
        counted = len(pypdf.PdfReader(io.BytesIO(letter)).pages)
        if counted == pages:
            break
        pages = counted
    return letter


def _marks(sheet: Sheet, pages: int) -> list[str]:
    marks = (
        mark_of(sheet.case, sheet.letter_number, page=page, pages=pages, body_digest=sheet.body_digest)
        for page in range(1, pages + 1)
    )
    return [mark_svg(str(mark)) for mark in marks]


def chinese_date(day: date) -> str:
    """Return a date as letters write it, e.g. `2026年11月24日`."""
    return f"{day.year}年{day.month}月{day.day}日"
