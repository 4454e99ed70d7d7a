"""`hanxun ca backup | restore`: the authority's folder into one encrypted file and back. Its loss would end all revoking."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.authority_backup import back_up_authority, restore_authority
from hanxun.backup_options import (
    PROMPT,
    BackupPassphraseFile,
    DryRun,
    ProgressLine,
    print_summary,
    summary_as_json,
)
from hanxun.options import JsonFlag, read_passphrase
from hanxun.output import console, print_json
from hub.backup.folder import verify_backup

app = typer.Typer()
Folder = Annotated[
    Path, typer.Option("--dir", help="证书机构的文件夹,请离线保存 / the authority's folder, kept offline")
]


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="备份文件,不能已存在 / the backup's file; must not exist")],
    dir: Folder,
    backup_passphrase_file: BackupPassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """备份证书机构:根密钥(仍由它自己的口令加密)、证书、吊销列表;加密并读回核验 / back the authority up, encrypted, read back.

    每次签发或吊销之后做,放两处 / after every certificate and every revocation; keep it in two places.
    例 / example:  hanxun ca backup /mnt/usb/ca-2026-11-25.hxb --dir ca
    """
    passphrase = read_passphrase(backup_passphrase_file, prompt=PROMPT, confirm=True)
    summary = back_up_authority(dir, out, passphrase, now=datetime.now(UTC), progress=ProgressLine())
    if json:
        print_json({"backup": str(out), **summary_as_json(summary)})
    else:
        print_summary(summary)
        console.print(f"已写入并核验 / written and verified: {out}", markup=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 / the backup's file")],
    dir: Folder,
    crl: Annotated[
        Path | None,
        typer.Option(
            help="中心现用的吊销列表;备份之后吊销过证书的必须给出 / the list now in force at the hub, "
            "needed if anything was revoked since the backup",
            exists=True,
        ),
    ] = None,
    dry_run: DryRun = False,
    backup_passphrase_file: BackupPassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """从备份恢复到空文件夹 / restore into an empty folder; with the hub's list no revocation since is forgotten.

    例 / example:  hanxun ca restore ca-2026-11-25.hxb --dir ca --crl hub-data/trust/crl.der
    """
    passphrase = read_passphrase(backup_passphrase_file, prompt=PROMPT)
    if dry_run:
        summary = verify_backup(file, passphrase, progress=ProgressLine())
    else:
        newer = None if crl is None else crl.read_bytes()
        summary = restore_authority(file, dir, passphrase, newer_crl=newer, progress=ProgressLine())
    if json:
        print_json({"restored": None if dry_run else str(dir), **summary_as_json(summary)})
        return
    print_summary(summary)
    console.print(
        "备份完好,未作恢复 / the backup is whole; nothing was restored" if dry_run else f"已恢复 / restored: {dir}",
        markup=False,
    )
