"""A7: the log as it stands, newest first, with the check of the whole chain in view. Auditors' own look-ups are in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from hub.pages.shown import exact
from hub.pages.tables import Cell
from hub.pages.wording import Words
from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.instants import format_instant
from hub.protocol.texts import text_of
from hub.store.desk import LookUp, note_lookup
from hub.store.log_pages import LogLine, log_lines
from hub.store.trail_log import head_of
from hub.trail.record import LeafEvent
from hub.trail.verify import FirstBad
from hub.web.desk.chain_check import CheckState
from hub.web.desk.ground import Ground
from hub.web.desk.pages.acts import subject_name
from hub.web.desk.shown import saved_table
from hub.web.desk.statements import Stated, stated
from hub.web.desk.visit import Answer, Html, Redirect, Visit

ROWS = 50
MOST_EXPORTED = 10_000
_KNOWN = frozenset(LeafEvent)
_ABOUT_CASES = (
    AdministrationKind.REVEAL_CASE,
    AdministrationKind.EXPORT_EVIDENCE,
    AdministrationKind.ERASE_CASE,
    AdministrationKind.URGE_CASE,
    AdministrationKind.EXTEND_LIMIT,
)


@dataclass(frozen=True, slots=True)
class LeafShown:
    """One leaf in words."""

    number: int
    at: str
    what: str
    who: str
    about: str
    case: str | None
    reason: str
    digest: str


@dataclass(frozen=True, slots=True)
class CheckShown:
    """The check as the page shows it; `percent` of the leaves are looked at, `first_bad` and `trouble` in words;
    `detail` is for whoever looks into it."""

    running: bool
    percent: int
    done: int
    size: int
    ended_at: str | None
    holds: bool | None
    first_bad: str
    detail: str
    trouble: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """The log: `size` leaves under the signed head; `before` names the next page."""

    size: int
    lines: tuple[LeafShown, ...]
    before: int
    more: bool
    newest: bool
    check: CheckShown


def show_log(ground: Ground, visit: Visit) -> Answer:
    """A7."""
    text = visit.query.get("before", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0

    def look(tx: sa.Connection) -> tuple[int, Sequence[LogLine]]:
        size = head_of(tx).size
        return size, log_lines(tx, before=wanted or size, limit=ROWS + 1)

    size, found = ground.read(look)
    lines = tuple(_shown(ground, visit, line) for line in found[:ROWS])
    page = LogPage(
        size=size,
        lines=lines,
        before=lines[-1].number if lines else 0,
        more=len(found) > ROWS,
        newest=not wanted,
        check=check_shown(visit.words, ground.chain.state),
    )
    return Html("log.html", page)


def start_check(ground: Ground, _visit: Visit) -> Answer:
    """Begin to look at every leaf and every stored byte."""
    ground.chain.start(ground.folder.root, clock=lambda: datetime.now(UTC))
    return Redirect("/log")


def check_state(ground: Ground, visit: Visit) -> Answer:
    """How far it is."""
    return Html("_chain_check.html", check_shown(visit.words, ground.chain.state))


def export(ground: Ground, visit: Visit) -> Answer:
    """The newest part of the log for saving."""
    with ground.lock, ground.engine.begin() as tx:
        by = (visit.person.number, visit.person.certified.name)
        note_lookup(tx, LookUp.LIST, by=by, now=visit.now, reason=visit.words("log.title"))
    found = ground.read(lambda tx: log_lines(tx, before=head_of(tx).size, limit=MOST_EXPORTED))
    rows: list[list[Cell]] = []
    for line in found:
        leaf = _shown(ground, visit, line)
        rows.append(
            [leaf.number, exact(leaf.at), leaf.what, leaf.who, leaf.case or leaf.about, leaf.reason, leaf.digest]
        )
    keys = ("number", "at", "what", "who", "about", "reason", "digest")
    return saved_table(visit.params["form"], "log", [visit.words(f"log.head_{key}") for key in keys], rows)


def check_shown(words: Words, state: CheckState) -> CheckShown:
    """Return the check for showing."""
    report = state.report
    bad = report.first_bad if report is not None else None
    return CheckShown(
        running=state.running,
        percent=round(state.done * 100 / state.size) if state.size else 0,
        done=state.done,
        size=state.size,
        ended_at=None if state.ended_at is None else format_instant(state.ended_at),
        holds=None if report is None else report.ok,
        first_bad="" if bad is None else words("log.first_bad", n=bad.index, what=_part(words, bad)),
        detail="" if bad is None else bad.reason,
        trouble=_trouble(words, state.trouble),
    )


def _part(words: Words, bad: FirstBad) -> str:
    key = f"log.part_{bad.what.replace(' ', '-')}"
    return words(key) if words.has(key) else bad.what


def _trouble(words: Words, code: str | None) -> str:
    if code is None:
        return ""
    text = text_of(Code(code))
    return f"{text.zh}。{text.remedy_zh}" if words.language == "zh" else f"{text.en}. {text.remedy_en}"


def _case_of(said: Stated | None) -> str | None:
    return said.subject if said is not None and said.kind in _ABOUT_CASES else None


def _shown(ground: Ground, visit: Visit, line: LogLine) -> LeafShown:
    record, words = line.record, visit.words
    said = stated(words, line.statement) if line.statement is not None else None
    what = words(f"log.event_{record.event}") if record.event in _KNOWN else record.event
    return LeafShown(
        number=line.number,
        at=record.time,
        what=what if said is None else said.what,
        who="" if said is None else said.who,
        about=""
        if said is None
        else said.subject
        if said.kind is None
        else subject_name(ground, said.kind, said.subject),
        case=line.case or _case_of(said),
        reason="" if said is None else said.reason,
        digest=record.digest,
    )
