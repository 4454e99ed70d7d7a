"""How the verbs `check` tell what they found: a line of JSON, or words with what to do; exit 1 when something is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from hanxun.output import console, print_json
from hub.protocol.finding import Finding, FindingGrade

_MARKS = {FindingGrade.FAULT: "✗", FindingGrade.NOTE: "·"}


def tell(findings: Sequence[Finding], *, json: bool, more: Mapping[str, Any]) -> None:
    """Print every finding (`more` goes into the JSON) and exit: 0 when nothing but notes was found, else 1."""
    ok = all(finding.grade is FindingGrade.NOTE for finding in findings)
    if json:
        print_json({"ok": ok, "findings": [_as_json(finding) for finding in findings], **more})
    else:
        for finding in findings:
            detail = f" ({finding.detail})" if finding.detail else ""
            text = finding.text
            console.print(f"{_MARKS[finding.grade]} {finding.code.value} {finding.subject}{detail}", markup=False)
            console.print(f"    {text.zh} / {text.en}", markup=False)
            console.print(f"    → {text.remedy_zh} / {text.remedy_en}", markup=False)
        console.print("一致 / consistent" if ok else "不一致 / inconsistent", markup=False)
    raise typer.Exit(0 if ok else 1)


def _as_json(finding: Finding) -> dict[str, Any]:
    text = finding.text
    return {
        "code": finding.code.value,
        "grade": finding.grade.value,
        "subject": finding.subject,
        "detail": finding.detail,
        "meaning": f"{text.zh} / {text.en}",
        "remedy": f"{text.remedy_zh} / {text.remedy_en}",
    }
