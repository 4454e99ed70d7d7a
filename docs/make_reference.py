"""Writes the parts of the reference that code and data already know: commands, error codes, case types. A test holds them to it.

Usage: .venv/bin/python docs/make_reference.py
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hanxun.main import VERBS
from hanxun.verbs import verbs_of
from hub.cases.catalogue import AttachmentRule, CaseType, ClockRule, FieldRule, MessageRule, When, default_catalogue
from hub.protocol.codes import Code
from hub.protocol.texts import text_of

REFERENCE = Path(__file__).parent / "reference"
_BASIS = {"N": "通知 notice", "R": "其他规定 other rule", "P": "产品默认 product default"}
_UNITS = {
    "wall_minute": "分钟 minutes",
    "working_minute": "工作分钟 working minutes",
    "working_hour": "工作小时 working hours",
    "working_day": "工作日 working days",
    "calendar_day": "自然日（0 即当日） calendar days (0: the same day)",
    "site_closing": "次闭门 closings of the window",
}
_CASE_TYPES_HEAD = """\
# 案件类型 / Case types

字段、时限、闸口以 `config/case_types/*.toml` 为准；本页由它们生成。“条件”一栏说明何时必填。
Made from `config/case_types/*.toml`; the last column says when a field is needed.

类型 types：text 单行文字、lines 多行、code 代码、choice 选项、integer 整数、flag 是否、date 日期、instant 时刻（RFC 3339 UTC）、
citizen_id 公民身份号码、digest SHA-256 摘要、record 一组字段、list 若干组字段。"""


def error_codes() -> str:
    """Return the page of error codes, as Markdown."""
    lines = [
        "# 错误代码 / Error codes",
        "",
        "代码稳定不变；E、W 开头的是窗口常用代码（电话里念得出来），带点的供程序识别。花括号内由程序填入。",
        "Codes are never renamed. Codes with E or W are those officers read out; dotted ones are for machines.",
        "",
        "| 代码 code | 含义 meaning | 处理 remedy |",
        "|---|---|---|",
    ]
    for code in sorted(Code, key=lambda item: item.value):
        text = text_of(code)
        lines.append(f"| `{code.value}` | {text.zh}<br>{text.en} | {text.remedy_zh}<br>{text.remedy_en} |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Return the page of commands, as Markdown."""
    lines = [
        "# 命令 / Commands",
        "",
        "退出码 exit codes: 0 完成 done · 1 拒绝或无效 refused or not valid · 2 用法错误 wrong use。每个命令都有 `--help`，多数有 `--json`。",
    ]
    for verb, summary in VERBS.items():
        lines += ["", f"## hanxun {verb}", "", summary]
        for name, subcommand in verbs_of(verb).items():
            if subcommand.hidden:
                continue
            lines += ["", f"### `{' '.join(filter(None, ('hanxun', verb, name)))}`", "", _help(subcommand), ""]
            lines += ["| | |", "|---|---|"]
            lines += [f"| {_spelling(parameter)} | {_about(parameter)} |" for parameter in subcommand.params]
    return "\n".join(lines) + "\n"


def case_types() -> str:
    """Return the page of case types, as Markdown: each type's own messages, then those that all of them have."""
    types = list(default_catalogue().types.values())
    first, *others = types
    shared = {
        kind: message
        for kind, message in first.messages.items()
        if any(other.messages.get(kind) == message for other in others)
    }
    lines = [_CASE_TYPES_HEAD]
    for case_type in types:
        lines += _case_type(case_type)
        for kind, message in case_type.messages.items():
            if shared.get(kind) != message:
                lines += _message(kind, message)
    lines += ["", "## 各类型共有的往来 / Messages that the types share"]
    for kind, message in shared.items():
        lines += _message(kind, message)
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {
        REFERENCE / "error-codes.md": error_codes(),
        REFERENCE / "commands.md": commands(),
        REFERENCE / "case-types.md": case_types(),
    }


def _case_type(case_type: CaseType) -> list[str]:
    with_letter = (
        f"；有函时另加 with a letter: {_ticked(case_type.gate_with_letter)}" if case_type.gate_with_letter else ""
    )
    lines = [
        "",
        f"## {case_type.code} {case_type.zh} / {case_type.en}",
        "",
        f"- 依据 legal basis：{'、'.join(case_type.legal_basis)}；保存 retention：{case_type.retention}",
        f"- 闸口 gate: {_ticked(case_type.gate)}{with_letter}",
        f"- 经闸口才能答复的结果 outcomes that need the gate：{'、'.join(case_type.outcomes_through_gate)}",
    ]
    if case_type.letter is not None:
        letter = case_type.letter
        lines.append(f"- 函 letter：{letter.kind}，印章用途 seal's purpose `{letter.seal}`{_condition(letter.when)}")
    lines += ["", "| 时限 time limit | | | 依据 basis |", "|---|---|---|---|", *map(_clock, case_type.clocks)]
    return lines


def _clock(clock: ClockRule) -> str:
    about = f"{clock.zh} / {clock.en}"
    return f"| `{clock.step}` | {about} | {clock.limit} {_UNITS[clock.kind.value]} | {_BASIS[clock.basis]} |"


def _message(kind: str, message: MessageRule) -> list[str]:
    lines = ["", f"### {kind} {message.zh} / {message.en}"]
    if message.fields:
        lines += ["", "| 字段 field | | 类型 type | 条件 when |", "|---|---|---|---|", *_fields(message.fields)]
    if message.attachments:
        lines += [
            "",
            f"附件 attachments：{'、'.join(_attachment(role, rule) for role, rule in message.attachments.items())}。",
        ]
    return lines


def _fields(fields: Mapping[str, FieldRule], prefix: str = "") -> list[str]:
    lines = []
    for name, rule in fields.items():
        kind = f"{rule.type}：{'、'.join(rule.one_of)}" if rule.one_of else str(rule.type)
        needed = "可省 optional" if rule.optional else "必填 needed"
        lines.append(f"| `{prefix}{name}` | {rule.zh} / {rule.en} | {kind} | {needed}{_condition(rule.when)} |")
        lines += _fields(rule.fields, f"{prefix}{name}.")
    return lines


def _attachment(role: str, rule: AttachmentRule) -> str:
    return f"`{role}` {rule.zh}（{rule.min}–{rule.max}{_condition(rule.when)}）"


def _condition(when: When | None) -> str:
    if when is None:
        return ""
    values = "、".join("true" if value is True else str(value) for value in when.is_)
    return f"，仅当 only when `{when.field}` = {values}"


def _ticked(names: tuple[str, ...]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _help(command: Any) -> str:
    return "\n".join(line.strip() for line in (command.help or "").strip().splitlines())


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return f"`{', '.join(parameter.opts)}`"


def _about(parameter: Any) -> str:
    about = (getattr(parameter, "help", None) or "").replace("|", "\\|").replace("\n", " ")
    return about + (" (必填 required)" if parameter.required else "")


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
