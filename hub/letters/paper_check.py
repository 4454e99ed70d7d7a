"""The scan's pages against the paper that was approved: whose sheet each is, missing, foreign, doubled, out of order.

By the footer's marks alone. They show honest mistakes; whoever prints a false footer is met by the people who compare.
"""

from collections.abc import Iterator, Sequence

from hub.letters.paper_mark import SHORT_DIGEST, PaperMark, parse_mark
from hub.letters.report import Observation, PageMark, note, refuse, warn
from hub.protocol.codes import Code
from hub.protocol.identifiers import CaseId, Digest


def check_paper(marks: Sequence[PageMark], *, pages: int, case: CaseId, body_digest: Digest) -> tuple[Observation, ...]:
    """Return what is to be said of a scan with `pages` pages that should be the letter of `case` with that body.

    A scan without any mark is somebody's own template: allowed, with a note. A sheet of another case or draft, and a
    sheet that is not there, refuse it.
    """
    sheets = {mark.page: sheet for mark in marks if (sheet := parse_mark(mark.text))}
    if not sheets:
        return (note(Code.PAPER_NO_MARK),)
    found = list(_foreign(sheets, case, body_digest))
    own = {page: sheet for page, sheet in sheets.items() if _is_own(sheet, case, body_digest)}
    found += _unmarked(sheets, pages)
    found += _incomplete(own, unmarked=pages - len(sheets))
    found += _turned(marks)
    return tuple(found)


def sheets_in_order(marks: Sequence[PageMark], *, pages: int) -> tuple[int | None, ...]:
    """Return, for each page of the scan, which page of the letter it is; None where no mark was read."""
    sheets = {mark.page: sheet.page for mark in marks if (sheet := parse_mark(mark.text))}
    return tuple(sheets.get(page) for page in range(1, pages + 1))


def _is_own(sheet: PaperMark, case: CaseId, body_digest: Digest) -> bool:
    return sheet.case == case and sheet.digest == body_digest[:SHORT_DIGEST]


def _foreign(sheets: dict[int, PaperMark], case: CaseId, body_digest: Digest) -> Iterator[Observation]:
    for page, sheet in sorted(sheets.items()):
        if sheet.case != case:
            yield refuse(Code.PAPER_OTHER_CASE, page, case=sheet.case)
        elif not _is_own(sheet, case, body_digest):
            yield refuse(Code.PAPER_OTHER_DRAFT, page)


def _unmarked(sheets: dict[int, PaperMark], pages: int) -> Iterator[Observation]:
    for page in range(1, pages + 1):
        if page not in sheets:
            yield warn(Code.PAPER_PAGE_FOREIGN, page)


def _incomplete(own: dict[int, PaperMark], *, unmarked: int) -> Iterator[Observation]:
    if not own:
        return
    total = max(sheet.pages for sheet in own.values())
    first: dict[int, int] = {}
    for page, sheet in sorted(own.items()):
        if sheet.page in first:
            yield warn(Code.PAPER_PAGE_TWICE, page, sheet=sheet.page, first=first[sheet.page])
        first.setdefault(sheet.page, page)
    missing = [number for number in range(1, total + 1) if number not in first]
    for number in missing:
        # A page whose footer could not be read may be the one: then an officer has to say so, by comparing.
        graded = refuse if len(missing) > unmarked else warn
        yield graded(Code.PAPER_PAGE_MISSING, missing=number, pages=total)
    order = [sheet.page for _, sheet in sorted(own.items())]
    if order != sorted(order):
        yield warn(Code.PAPER_ORDER, order=", ".join(map(str, order))[:120])


def _turned(marks: Sequence[PageMark]) -> Iterator[Observation]:
    for mark in marks:
        if mark.turn and parse_mark(mark.text):
            yield note(Code.PAPER_TURNED, mark.page, degrees=mark.turn)
