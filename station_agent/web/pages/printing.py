"""打印所选: the ticked cases of the inbox or of what was sent, in one view without navigation, with one note; their letters too."""

from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import parse_case
from hub.protocol.instants import format_instant
from station_agent.store.case_lists import lines_of
from station_agent.store.desk import note_seen
from station_agent.web.desk import Desk
from station_agent.web.documents import Document, documents_of
from station_agent.web.facts import facts_of_all
from station_agent.web.pages.lists import Row, rows_of
from station_agent.web.rules import may_see
from station_agent.web.visit import Answer, Html, Redirect, Visit

MOST_AT_ONCE = 50
MOST_LETTERS = 20
"""Each has to be drawn: more of them are printed a part at a time."""

LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class PrintedLetter:
    """A case's sealed letter as its pages; `problem` says why there are none."""

    case: str
    type: str
    path: str
    pages: tuple[int, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PrintPage:
    """What is printed: the rows, one note for all of them, and, with `letters`, the pages of each case's letter. `left_out` letters
    were too many for one time."""

    which: str
    rows: tuple[Row, ...]
    note: str
    at: str
    with_letters: bool
    letters: tuple[PrintedLetter, ...]
    left_out: int


def print_several(desk: Desk, visit: Visit) -> Answer:
    """The ticked cases, of those that this officer may see. Raises: Refused (`desk.not_found`)."""
    which = "sent" if visit.form.get("which") == "sent" else "inbox"
    names = [name.removeprefix("case.") for name in visit.form if name.startswith("case.")][:MOST_AT_ONCE]
    if not names:
        return Redirect(f"/{which}", "list.none_chosen")
    with desk.agent.store.read() as tx:
        found = lines_of(tx, [parse_case(name) for name in names], number=visit.person.number)
        lines = sorted(found, key=lambda line: names.index(line.row.case))
        if len(lines) != len(names) or not all(may_see(desk.agent.catalogue, visit.person, each.row) for each in lines):
            raise Refused(Code.DESK_NOT_FOUND)
        rows = rows_of(tx, desk, visit, lines)
        facts = facts_of_all(tx, [line.row for line in lines])
        files = [documents_of(tx, each) for each in facts]
    with_letters = visit.form.get("letters") == "on"
    wanted = list(zip(rows, files, strict=True))[:MOST_LETTERS] if with_letters else []
    page = PrintPage(
        which=which,
        rows=rows,
        note=visit.form.get("note", "").strip()[:LONGEST_NOTE],
        at=format_instant(visit.now),
        with_letters=with_letters,
        letters=tuple(_letter(desk, visit, row, documents) for row, documents in wanted),
        left_out=len(rows) - len(wanted) if with_letters else 0,
    )
    if with_letters:
        # A letter on paper is a letter that was read.
        with desk.agent.store.write() as tx:
            for row, _ in wanted:
                note_seen(tx, visit.person.number, parse_case(row.case), now=visit.now)
    return Html("print.html", page)


def _letter(desk: Desk, visit: Visit, row: Row, documents: tuple[Document, ...]) -> PrintedLetter:
    letter = next((each for each in documents if each.role in (Role.LETTER.value, Role.SCAN.value)), None)
    if letter is None:
        return PrintedLetter(row.case, row.type, "", (), visit.words("print.no_letter"))
    path = f"/cases/{row.case}/files/{letter.digest}"
    try:
        count = desk.pictures.count(letter.digest, lambda: desk.agent.store.blobs.get(letter.digest))
    except HanxunError as error:
        return PrintedLetter(row.case, row.type, path, (), " ".join(visit.words.error(error)))
    return PrintedLetter(row.case, row.type, path, tuple(range(1, count + 1)))
