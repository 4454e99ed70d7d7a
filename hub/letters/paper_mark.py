"""What the footer of our letter paper says to machines: case, letter number, page, short hash of what was approved.

Upper-case letters, digits and `:./-` only, so that the square code (QR, alphanumeric mode) stays small. Anybody can print
one: it says which sheet this claims to be, and the hash ties it to a draft; it proves nothing.
"""

import re
from dataclasses import dataclass

from hub.protocol.identifiers import CaseId, Digest

SHORT_DIGEST = 16
FORM = re.compile(
    r"HX1:(?P<case>[0-9A-Z]{1,12}(?:-[0-9A-Z]{1,12}){1,4}):(?P<letter>[0-9]{4}-[0-9]{1,6})"
    r":(?P<page>[1-9][0-9]{0,2})/(?P<pages>[1-9][0-9]{0,2}):(?P<digest>[0-9A-F]{16})",
    re.ASCII,
)
_LETTER_NUMBER = re.compile(r"〔(?P<year>[0-9]{4})〕(?P<n>[0-9]{1,6})号", re.ASCII)


@dataclass(frozen=True, slots=True)
class PaperMark:
    """One sheet: `letter` is year and number (`2026-17`), `page` counts from 1, `digest` the first 16 hexadecimal digits."""

    case: CaseId
    letter: str
    page: int
    pages: int
    digest: str

    def __str__(self) -> str:
        return f"HX1:{self.case}:{self.letter}:{self.page}/{self.pages}:{self.digest.upper()}"


def parse_mark(text: str) -> PaperMark | None:
    """Return the sheet that `text` names, or None for any other text."""
    found = FORM.fullmatch(text)
    if found is None:
        return None
    page, pages = int(found["page"]), int(found["pages"])
    return PaperMark(CaseId(found["case"]), found["letter"], page, pages, found["digest"].lower())


def mark_of(case: CaseId, letter_number: str, *, page: int, pages: int, body_digest: Digest | str) -> PaperMark:
    """Return the mark for a page of the letter with that number, whose body has that digest."""
    number = _LETTER_NUMBER.search(letter_number)
    letter = f"{number['year']}-{int(number['n'])}" if number else "0000-0"
    return PaperMark(case, letter, page, pages, body_digest[:SHORT_DIGEST])
