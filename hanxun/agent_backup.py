"""`hanxun agent backup | restore`: the agent's data folder into one encrypted file and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.backup_options import (
    PROMPT,
    BackupPassphraseFile,
    DryRun,
    ProgressLine,
    print_summary,
    summary_as_json,
)
from hanxun.options import BACKUP_CREDENTIAL, AgentData, JsonFlag, read_passphrase
from hanxun.output import console, print_json
from hub.backup.folder import verify_backup
from station_agent.backup import backup_agent, restore_agent
from station_agent.store.restores import SkippedRow

app = typer.Typer()


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="备份文件,不能已存在 / the backup's file; must not exist")],
    data: AgentData,
    backup_passphrase_file: BackupPassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """备份派出所端:数据库、附件、密钥、设置,加密并读回核验;可照常运行 / back the agent up, encrypted and read back; it may be serving.

    登记库不在其中,另行备份 / the population register is not in it.
    例 / example:  hanxun agent backup /mnt/usb/a-2026-11-24.hxb --data a
    """
    passphrase = read_passphrase(backup_passphrase_file, prompt=PROMPT, confirm=True, credential=BACKUP_CREDENTIAL)
    summary = backup_agent(data, out, passphrase, now=datetime.now(UTC), progress=ProgressLine())
    if json:
        print_json({"backup": str(out), **summary_as_json(summary)})
    else:
        print_summary(summary)
        console.print(f"已写入并核验 / written and verified: {out}", markup=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 / the backup's file")],
    data: AgentData,
    dry_run: DryRun = False,
    backup_passphrase_file: BackupPassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """从备份恢复到空文件夹;之后编号跳号,联网取回缺少的往来 / restore into an empty folder; numbers leap, what is missing is fetched.

    原来的机器若还能启动,先停用它:两台机器不能同时用同一套密钥 / never let the old machine run beside it.
    例 / example:  hanxun agent restore a-2026-11-24.hxb --data new-a
    """
    passphrase = read_passphrase(backup_passphrase_file, prompt=PROMPT)
    summary = verify_backup(file, passphrase, progress=ProgressLine())
    skipped: tuple[SkippedRow, ...] = ()
    if not dry_run:
        _, skipped = restore_agent(file, passphrase, data, now=datetime.now(UTC), progress=ProgressLine())
    if json:
        left_out = [{"kind": row.kind, "year": row.year, "after": row.after, "until": row.until} for row in skipped]
        told = {**summary_as_json(summary), "skipped": left_out}
        print_json(told if dry_run else {"restored": str(data), **told})
        return
    print_summary(summary)
    if dry_run:
        console.print("备份完好,未作恢复 / the backup is whole; nothing was restored", markup=False)
        return
    for row in skipped:
        name = "函号 letter numbers" if row.kind == "letter" else f"案件号 case numbers {row.kind}"
        console.print(f"跳号 left out: {name} {row.year}: {row.after + 1}–{row.until}", markup=False)
    console.print(f"已恢复 / restored: {data}\n下一步 next: hanxun agent serve --data {data}", markup=False)
