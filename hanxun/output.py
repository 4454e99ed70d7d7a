"""How verbs speak: JSON for machines on stdout, words for people; errors on stderr with code, meaning and remedy."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from hub.protocol.errors import HanxunError
from hub.protocol.verdict import Check, NotVerified, Result, Verdict
from hub.protocol.witness import Witnessed

MARKS = {
    Result.PASSED: "✓ 通过",
    Result.FAILED: "✗ 不通过",
    Result.INDETERMINATE: "? 待定",
    Result.PENDING: "… 待补",
    Result.REDACTED: "▒ 已删除",
    Result.NOT_APPLICABLE: "- 不适用",
}
console = Console(highlight=False, soft_wrap=True)
narrator = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_line(text: str) -> None:
    """Print a line of a result for a person on stdout."""
    console.print(text, markup=False)


def say(text: str) -> None:
    """Tell a person something on stderr, so that stdout stays for results."""
    narrator.print(text, markup=False)


def checks_as_json(verdict: Verdict) -> list[dict[str, str]]:
    """Return the checks in the shape that `--json` promises: code, result, reason, remedy."""
    return [
        {"code": check.code, "result": check.result.value, "reason": check.reason, "remedy": check.remedy}
        for check in verdict.checks
    ]


def print_checks(checks: tuple[Check, ...]) -> None:
    """Print every check for a person, with reason and remedy where it did not pass."""
    for check in checks:
        console.print(f"  {MARKS[check.result]}  {check.code}  {check.reason}".rstrip(), markup=False)
        if check.remedy:
            console.print(f"      → {check.remedy}", markup=False)


def witnessed_in_words(standing: Witnessed) -> str:
    """Return how far the trail is cosigned, for a person."""
    names = "、".join(standing.by) or "—"
    return (
        f"日志 {standing.size} 条;第 {standing.cosigned} 条以前由 {standing.of} 个派出所中的 {len(standing.by)} 个见证:{names}"
        f"(需要 {standing.needed})\ntrail of {standing.size} leaves, cosigned up to {standing.cosigned} by {len(standing.by)} of "
        f"{standing.of} stations: {names} (needed: {standing.needed})"
    )


def print_error(error: HanxunError, *, as_json: bool) -> None:
    """Print one clear error on stderr: code, meaning, field, remedy; as a problem object with `as_json`."""
    text = error.text
    if as_json:
        problem: dict[str, Any] = {
            "code": error.code.value,
            "title": f"{text.zh} / {text.en}",
            "field": error.field,
            "detail": error.detail,
            "remedy": f"{text.remedy_zh} / {text.remedy_en}",
        }
        if isinstance(error, NotVerified):
            problem["checks"] = checks_as_json(error.verdict)
        print(json.dumps(problem, ensure_ascii=False), file=sys.stderr, flush=True)
        return
    say(f"错误 {error.code.value}: {text.zh}\nerror: {text.en}")
    if error.field:
        say(f"  位置 where: {error.field}")
    if error.detail:
        say(f"  详情 detail: {error.detail}")
    say(f"  处理 remedy: {text.remedy_zh}\n               {text.remedy_en}")
    if isinstance(error, NotVerified):
        for check in error.verdict.not_passed:
            say(f"  {MARKS[check.result]} {check.code}: {check.reason}")
