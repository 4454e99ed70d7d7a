"""What the verbs `backup` and `restore` of hub and agent share: options, progress on stderr, the summary in words."""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hanxun.output import console, say
from hub.backup.archive import Summary
from hub.protocol.instants import beijing, parse_instant

BackupPassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--backup-passphrase-file",
        help="备份口令文件;不给则提示输入 / file with the backup's passphrase, else asked",
        exists=True,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="只核验并说明备份,不恢复 / verify and describe the backup, restore nothing")
]
PROMPT = "备份口令 / the backup's passphrase"
_KINDS = {"hub": "中心 hub", "agent": "派出所端 agent", "ca": "证书机构 authority"}
_STEPS = {
    "write": "写入 writing",
    "verify": "核验 verifying",
    "restore": "恢复 restoring",
    "check": "核查 checking",
    "trail": "核验日志 verifying the trail",
}


class ProgressLine:
    """Progress on stderr: one line that is written over at a terminal, every tenth elsewhere."""

    def __init__(self) -> None:
        self._told: tuple[str, int] | None = None

    def __call__(self, step: str, done: int, whole: int) -> None:
        """See `hub.backup.folder.Progress`."""
        terminal = sys.stderr.isatty()
        percent = 100 if whole <= done else done * 100 // whole
        now = (step, percent if terminal else percent // 10)
        if now != self._told:
            self._told = now
            end = "\r" if terminal and percent < 100 else "\n"
            print(f"{_STEPS[step]} {percent:3d}%  {done:,} / {whole:,}", end=end, file=sys.stderr, flush=True)


def summary_as_json(summary: Summary) -> dict[str, Any]:
    """Return the summary for `--json`."""
    found: dict[str, Any] = msgspec.to_builtins(summary)
    return found


def print_summary(summary: Summary) -> None:
    """Tell a person what a backup is of."""
    at = beijing(parse_instant(summary.at))
    console.print(f"备份 / backup: {_KINDS[summary.kind]} {summary.name}", markup=False)
    revision = f",数据库 revision {summary.revision}" if summary.revision else ""
    console.print(f"  时间 made: {at},程序 program {summary.program}{revision}", markup=False)
    console.print(f"  {summary.files} 个文件 files, {summary.bytes:,} 字节 bytes", markup=False)
    if summary.kind == "ca":
        return
    console.print(f"  信封 envelopes: {summary.envelopes},轨迹日志 trail: {summary.leaves} 条 entries", markup=False)
    if summary.head:
        say("  最新检查点 head of the trail:\n    " + summary.head.strip().replace("\n", "\n    "))
