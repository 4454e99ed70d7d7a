"""Printed verification reports, bilingual: facts, every check with its reason and remedy, timeline, files.

Knows nothing of evidence files: callers map what they have to `PrintedReport`.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from hub.letters.printing.typesetting import typeset
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import beijing
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import Indication, Result

SHORT_DIGEST = 16
_INDICATIONS = {
    Indication.TOTAL_PASSED: "全部通过",
    Indication.INDETERMINATE: "待定",
    Indication.TOTAL_FAILED: "不通过",
}
_RESULTS = {
    Result.PASSED: "通过",
    Result.FAILED: "不通过",
    Result.INDETERMINATE: "待定",
    Result.PENDING: "通过,待补全",
    Result.REDACTED: "已删除,不能核验",
    Result.NOT_APPLICABLE: "不适用",
}


@dataclass(frozen=True, slots=True)
class PrintedFact:
    """One line of the facts: names in both languages and the value."""

    zh: str
    en: str
    value: str


@dataclass(frozen=True, slots=True)
class PrintedCheck:
    """One check; `reason` and `remedy` are bilingual already (see `Check`), `title` says what was asked."""

    code: str
    result: Result
    reason: str = ""
    remedy: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class PrintedEvent:
    """One event: `at` an aware instant or None when it is not known, what happened, who did it."""

    at: datetime | None
    what: str
    who: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PrintedFile:
    """One file: `size` in bytes, `digest` SHA-256."""

    name: str
    role: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class PrintedReport:
    """A report. `reference` (usually the case's number) stands in the footer of every page."""

    title_zh: str
    title_en: str
    reference: str
    indication: Indication
    summary: str = ""
    facts: tuple[PrintedFact, ...] = ()
    checks: tuple[PrintedCheck, ...] = ()
    timeline: tuple[PrintedEvent, ...] = ()
    files: tuple[PrintedFile, ...] = ()
    notes: tuple[str, ...] = ()


def print_report(report: PrintedReport, *, printed_at: datetime, system_fonts: bool = True) -> bytes:
    """Return the report as PDF/A-2b; the same report and time give the same bytes.

    `printed_at` is aware. The short digest in the footer is of the report's own data.
    Raises: Refused (`print.glyph_missing`) naming a character that no font has.
    """
    data = asdict(report) | {
        "indication_zh": _INDICATIONS[report.indication],
        "checks": [asdict(check) | {"result_zh": _RESULTS[check.result]} for check in report.checks],
        "timeline": [asdict(event) | {"at": beijing(event.at) if event.at else "—"} for event in report.timeline],
        "printed_at": beijing(printed_at),
    }
    data["short_digest"] = digest_of(encode_json(data))[:SHORT_DIGEST]
    return typeset("report.typ", data, at=printed_at, system_fonts=system_fonts)
