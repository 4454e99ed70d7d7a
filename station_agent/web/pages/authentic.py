"""O17: 验真: any evidence file, sealed letter or receipt, dropped here: the verdict with every check, in plain words."""

from dataclasses import dataclass

from hub.pages.wording import Words
from hub.protocol.errors import HanxunError
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Check, Indication, Result
from station_agent.authenticity.ask import judge_file
from station_agent.web import receiving
from station_agent.web.desk import Desk, JudgedFile
from station_agent.web.visit import Answer, Html, Redirect, Short, Visit

PLACE = "check"
_RESULTS = {Indication.TOTAL_PASSED: "passed", Indication.TOTAL_FAILED: "failed", Indication.INDETERMINATE: "open"}
_CHECK_RESULTS = {
    Result.PASSED: "passed",
    Result.FAILED: "failed",
    Result.INDETERMINATE: "open",
    Result.PENDING: "pending",
    Result.NOT_APPLICABLE: "none",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One check in words: what was asked, how it came out, why, what to do next."""

    code: str
    name: str
    result: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class AuthenticPage:
    """The verdict on the file checked last, if any: `result` passed, failed or open; `lines` with what did not pass first."""

    what: str = ""
    result: str = ""
    name: str = ""
    size: int = 0
    digest: str = ""
    case: str = ""
    signer: str = ""
    stated_at: str = ""
    checked_at: str = ""
    lines: tuple[Line, ...] = ()
    error: str = ""
    remedy: str = ""


def show_authentic(desk: Desk, visit: Visit) -> Answer:
    """The page, with the verdict on the file that this officer brought last."""
    return Html("authentic.html", _page(desk.verdicts.get(visit.person.number), visit.words))


def begin_upload(desk: Desk, visit: Visit) -> Answer:
    """A file dropped anywhere on the page."""
    desk.judgings.take(visit.person.number, now=visit.now)
    return Short({"offset": receiving.begin(desk, visit, PLACE)})


def take_piece(desk: Desk, visit: Visit) -> Answer:
    """One piece; with the last one the file is judged, and not kept."""
    offset = receiving.take_piece(desk, visit, PLACE)
    whole = desk.uploads.whole(visit.person.number, PLACE)
    if whole is not None:
        desk.uploads.drop(visit.person.number, PLACE)
        _judge(desk, visit, whole[1], whole[0].name)
    return Short({"offset": offset})


def check_whole(desk: Desk, visit: Visit) -> Answer:
    """The file in one form, for a browser without script."""
    files = receiving.posted_files(visit)
    if not files:
        return Redirect("/authentic")
    try:
        desk.judgings.take(visit.person.number, now=visit.now)
        _judge(desk, visit, files[0].raw, files[0].name)
    except HanxunError as error:
        text, remedy = visit.words.error(error)
        return Html("authentic.html", AuthenticPage(error=text, remedy=remedy), 422)
    return Redirect("/authentic")


def _judge(desk: Desk, visit: Visit, raw: bytes, name: str) -> None:
    judged = judge_file(desk.agent, raw, now=visit.now)
    kept = JudgedFile(judged, name[:120], len(raw), digest_of(raw), format_instant(visit.now))
    desk.verdicts.keep(visit.person.number, kept)


def _page(kept: JudgedFile | None, words: Words) -> AuthenticPage:
    if kept is None:
        return AuthenticPage()
    judged = kept.judged
    lines = [_line(check, words) for check in judged.verdict.checks]
    return AuthenticPage(
        what=judged.what.value,
        result=_RESULTS[judged.verdict.indication],
        name=kept.name,
        size=kept.size,
        digest=kept.digest,
        case=judged.case,
        signer=judged.signer,
        stated_at=judged.at,
        checked_at=kept.at,
        lines=tuple(sorted(lines, key=lambda line: _ORDER.index(line.result))),
    )


def _line(check: Check, words: Words) -> Line:
    known = f"check.{check.code.replace('.', '_')}"
    name = words(known) if words.has(known) else check.code
    result = _CHECK_RESULTS[check.result]
    if check.cause is None:
        return Line(check.code, name, result, "", "")
    reason, remedy = words.code(check.cause, check.values)
    return Line(check.code, name, result, reason, remedy)


_ORDER = ("failed", "open", "pending", "passed", "none")
