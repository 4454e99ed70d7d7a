"""`hanxun hub trail-keys`: which keys of the trail count, drafted here, signed by the root elsewhere, installed here."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.files import require_absent, write_file
from hanxun.options import HubData, JsonFlag, PassphraseFile, read_passphrase
from hanxun.output import console, print_json
from hub.exchange.stamping import make_trial_time_stamps
from hub.exchange.trail_keys import draft_trail_keys, install_trail_keys
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.trail_keys import TimeStampAuthority
from hub.signing.certificates import read_certificate
from hub.signing.time_stamps import is_time_stamp_authority
from hub.trail.keys import read_statement

app = typer.Typer()


@app.command("trail-keys")
def trail_keys(
    data: HubData,
    out: Annotated[Path | None, typer.Option(help="起草声明,写到此文件 / draft the statement into this file")] = None,
    quorum: Annotated[
        int, typer.Option(min=0, help="至少几个派出所见证才算数;0 不要求 / how many stations must cosign; 0: none")
    ] = 0,
    trial_time_stamps: Annotated[
        bool,
        typer.Option(
            "--trial-time-stamps",
            help="列入中心自己的试用时间戳,不算独立 / name the hub's own trial time-stamps; not independent",
        ),
    ] = False,
    time_stamps_by: Annotated[
        list[Path] | None,
        typer.Option(help="列入时间戳机构的证书,可多次给出 / certificates of time-stamp authorities", exists=True),
    ] = None,
    install: Annotated[
        Path | None,
        typer.Option(help="装上根密钥签署的声明 / install the statement that the root has signed", exists=True),
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """日志密钥声明:先 --out 起草(列出各所的见证密钥),由 hanxun ca sign-keys 签名,再 --install 装上;各所自动取用。

    Draft, have the root sign, install; stations fetch it by themselves. Without it evidence stays INDETERMINATE.
    例 / example:  hanxun hub trail-keys --data hub-data --quorum 2 --out 密钥声明.json
                   hanxun hub trail-keys --data hub-data --install 密钥声明.jws
    """
    if (out is None) == (install is None):
        raise typer.BadParameter("--out | --install", param_hint="--out")
    now = datetime.now(UTC)
    if out is not None:
        require_absent(out)
        authorities = [_authority(path) for path in time_stamps_by or ()]
        if trial_time_stamps:
            passphrase = read_passphrase(passphrase_file, prompt="中心口令 / the hub's passphrase")
            authorities.append(make_trial_time_stamps(data, passphrase, now=now))
        raw = draft_trail_keys(data, quorum=quorum, authorities=authorities, now=now)
        write_file(out, raw)
        file, stated = out, read_statement(raw)
        words = f"{out}: 下一步 next: hanxun ca sign-keys {out} --dir … --out …"
    else:
        assert install is not None  # one of the two was given
        passphrase = read_passphrase(passphrase_file, prompt="中心口令 / the hub's passphrase")
        file, stated = install, install_trail_keys(data, passphrase, install.read_bytes(), now=now).stated
        words = f"已装上 / installed: 第 {stated.number} 号 number {stated.number}"
    witnesses = stated.policy.count("\nwitness ")
    if json:
        print_json({"file": str(file), "number": stated.number, "witnesses": witnesses, "policy": stated.policy})
        return
    console.print(f"见证人 witnesses: {witnesses}", markup=False)
    console.print(words, markup=False)


def _authority(path: Path) -> TimeStampAuthority:
    certified = read_certificate(path.read_bytes())
    if not is_time_stamp_authority(certified):
        raise Refused(Code.TIME_STAMP_INVALID, field="--time-stamps-by", detail=path.name)
    return TimeStampAuthority(name=certified.name or path.stem, certificate=certified.pem.decode(), trial=False)
