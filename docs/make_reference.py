"""Writes the parts of the reference that the code already knows: error codes and commands. A test holds them up to date.

Usage: .venv/bin/python docs/make_reference.py
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import typer

from hanxun.main import VERBS
from hub.protocol.codes import Code
from hub.protocol.texts import text_of

REFERENCE = Path(__file__).parent / "reference"


def error_codes() -> str:
    """Return the page of error codes, as Markdown."""
    lines = [
        "# 错误代码 / Error codes",
        "",
        "代码稳定不变;E/W 开头的是窗口常用代码(电话里念得出来),带点的供程序识别。花括号内由程序填入。",
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
        "退出码 exit codes: 0 完成 done · 1 拒绝或无效 refused or not valid · 2 用法错误 wrong use。每个命令都有 `--help`,多数有 `--json`。",
    ]
    for verb, summary in VERBS.items():
        command: Any = typer.main.get_command(importlib.import_module(f"hanxun.{verb}").app)
        lines += ["", f"## hanxun {verb}", "", summary]
        subcommands = getattr(command, "commands", None) or {"": command}
        for name, subcommand in subcommands.items():
            if subcommand.hidden:
                continue
            lines += ["", f"### `{' '.join(filter(None, ('hanxun', verb, name)))}`", "", _help(subcommand), ""]
            lines += ["| | |", "|---|---|"]
            lines += [f"| {_spelling(parameter)} | {_about(parameter)} |" for parameter in subcommand.params]
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {REFERENCE / "error-codes.md": error_codes(), REFERENCE / "commands.md": commands()}


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
