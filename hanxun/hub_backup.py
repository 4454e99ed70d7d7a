"""`hanxun hub backup | restore`: the hub's data folder into one encrypted file and back; declaring a restore."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.administrators import And, AndPasswordFile, By, ByPasswordFile, Signing, completed, proposer
from hanxun.backup_options import (
    PROMPT,
    BackupPassphraseFile,
    DryRun,
    ProgressLine,
    print_summary,
    summary_as_json,
)
from hanxun.options import BACKUP_CREDENTIAL, HubData, JsonFlag, PassphraseFile, read_passphrase
from hanxun.output import console, print_json
from hub.backup.folder import verify_backup
from hub.exchange.administration import open_office, propose_restore
from hub.exchange.backup import backup_hub, restore_hub
from hub.exchange.restore import declare_restore
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

app = typer.Typer()


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="备份文件,不能已存在 / the backup's file; must not exist")],
    data: HubData,
    backup_passphrase_file: BackupPassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """备份中心:数据库、附件、密钥、设置,加密并读回核验;中心可照常运行 / back the hub up, encrypted and read back; it may be serving.

    例 / example:  hanxun hub backup /mnt/usb/hub-2026-11-24.hxb --data hub-data
    """
    passphrase = read_passphrase(backup_passphrase_file, prompt=PROMPT, confirm=True, credential=BACKUP_CREDENTIAL)
    summary = backup_hub(data, out, passphrase, now=datetime.now(UTC), progress=ProgressLine())
    if json:
        print_json({"backup": str(out), **summary_as_json(summary)})
    else:
        print_summary(summary)
        console.print(f"已写入并核验 / written and verified: {out}", markup=False)


@app.command()
def restore(
    data: HubData,
    file: Annotated[Path | None, typer.Argument(help="备份文件 / the backup's file")] = None,
    declare: Annotated[
        str | None,
        typer.Option(
            help="恢复的是旧备份时:声明原因,各派出所端据此补发 / an older backup: declare it with the reason, stations then send again"
        ),
    ] = None,
    dry_run: DryRun = False,
    backup_passphrase_file: BackupPassphraseFile = None,
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """从备份恢复到空文件夹;--declare 声明恢复了旧备份 / restore into an empty folder; `--declare` states that it is an older backup.

    备份之后中心受理过信件的,必须 --declare,否则各派出所端会停止收发;由两名管理员签名(--by、--and) / needed if the hub took
    letters since the backup; two administrators sign it.
    例 / example:  hanxun hub restore hub-2026-11-24.hxb --data new-hub-data --declare "11月25日磁盘损坏"
    """
    if file is None and declare is None:
        raise Refused(Code.RESTORE_NOTHING)
    told: dict[str, object] = {}
    declaring = declare is not None and not dry_run
    # Both are asked for before the long work.
    passphrase = read_passphrase(passphrase_file, prompt="中心口令 / the hub's passphrase") if declaring else b""
    if file is not None:
        backup_passphrase = read_passphrase(backup_passphrase_file, prompt=PROMPT)
        summary = verify_backup(file, backup_passphrase, progress=ProgressLine())
        if not dry_run:
            restore_hub(file, backup_passphrase, data, progress=ProgressLine())
            told["restored"] = str(data)
        told |= summary_as_json(summary)
        if not json:
            print_summary(summary)
    if declare is not None and declaring:
        told |= _declare(
            Signing(data, passphrase_file, by, password_file, and_, and_password_file), passphrase, declare
        )
        if not json:
            console.print(" ".join(f"{name} {value}" for name, value in told.items()), markup=False)
    if json:
        print_json(told)
    elif dry_run:
        console.print("备份完好,未作恢复 / the backup is whole; nothing was restored", markup=False)
    elif file is not None:
        console.print(f"已恢复 / restored: {data}\n下一步 next: hanxun hub check --data {data}", markup=False)


def _declare(signing: Signing, passphrase: bytes, reason: str) -> dict[str, object]:
    """Have the restore declared: by administrators, or by the passphrase alone where there are none."""
    if signing.by is None:
        statement = declare_restore(signing.data, passphrase, reason=reason, now=datetime.now(UTC))
        return {"declared": {"number": statement.number, "size": statement.size, "reason": statement.reason}}
    with open_office(signing.data, passphrase) as office:
        filed = propose_restore(office, reason=reason, signer=proposer(signing), now=datetime.now(UTC))
        filed = completed(office, filed, signing)
    if filed.effective:
        return {"declared": {"reason": reason}}
    return {"proposal": filed.number}
