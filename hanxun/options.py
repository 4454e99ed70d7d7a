"""Options that several verbs share, and how their files become trust, passphrases and times."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import parse_instant
from hub.signing.certificates import read_certificate
from hub.signing.crl import Crl, read_crl
from hub.signing.purposes import DEFAULT_PURPOSES, Purposes
from hub.signing.trust import Trust
from hub.store.layout import DataFolder

JsonFlag = Annotated[bool, typer.Option("--json", help="每行一个 JSON 对象 / one JSON object a line, for machines")]
Roots = Annotated[
    list[Path],
    typer.Option(
        "--root", help="信任的根证书 PEM,可多次给出 / trusted root, may be repeated", exists=True, dir_okay=False
    ),
]
Crls = Annotated[
    list[Path] | None,
    typer.Option("--crl", help="吊销列表 PEM 或 DER,可多次给出 / revocation list, may be repeated", exists=True),
]
At = Annotated[str | None, typer.Option("--at", help="判定时刻 RFC 3339,默认现在 / judging time, default now")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", help="本人口令文件;不给则提示输入 / file with the person's password, else asked", exists=True
    ),
]
HubData = Annotated[Path, typer.Option("--data", help="中心的数据文件夹 / the hub's data folder")]
AgentData = Annotated[Path, typer.Option("--data", help="派出所端的数据文件夹 / the agent's data folder")]
AnyData = Annotated[
    Path, typer.Option("--data", help="派出所端或中心的数据文件夹 / data folder of an agent, or of the hub")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="口令文件;不给则提示输入 / file with the passphrase, else asked", exists=True
    ),
]


TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="密钥生成在令牌里,口令即 PIN / make the key in a token; the passphrase is its PIN: "
        "pkcs11:token=…;object=…?module-path=…",
    ),
]
SERVICE_CREDENTIAL = "hanxun.passphrase"
"""Name of the systemd credential that unlocks a service's own keys: the hub's, or an agent's."""
BACKUP_CREDENTIAL = "hanxun.backup"
"""Name of the systemd credential under which a timer's backups are encrypted."""


def at_hub(data: Path) -> bool:
    """Say whether `data` is a hub's folder, for verbs that work at a station and at the hub."""
    return DataFolder(data).database.is_file()


def verb_group(help: str) -> typer.Typer:
    """Return a group of verbs; `help` is Chinese, then English."""
    group = typer.Typer(
        no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=help
    )
    group.callback()(_keep_names)
    return group


def _keep_names() -> None:
    # A callback, so that a group with one verb keeps that verb's name.
    return None


def read_passphrase(
    file: Path | None,
    *,
    prompt: str = "口令 / passphrase",
    confirm: bool = False,
    credential: str | None = None,
) -> bytes:
    """Return the passphrase (or a token's PIN): from `file`, else from the systemd `credential`, else asked at a terminal.

    A credential is a file of that name in `$CREDENTIALS_DIRECTORY`, which systemd sets for one service alone.
    Raises: Refused (`passphrase.missing`). Source: systemd.exec(5), Credentials.
    """
    file = file or _credential(credential)
    if file is not None:
        text = file.read_text(encoding="utf-8").strip("\r\n")
    elif sys.stdin.isatty():
        text = str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm))
    else:
        raise Refused(Code.PASSPHRASE_MISSING, field="--passphrase-file")
    if not text:
        raise Refused(Code.PASSPHRASE_MISSING, field="--passphrase-file")
    return text.encode()


def _credential(name: str | None) -> Path | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if name is None or not folder:
        return None
    path = Path(folder) / name
    return path if path.is_file() else None


def parse_at(text: str | None) -> datetime | None:
    """Return the instant of `--at`; a bare date means its first instant in UTC."""
    if text is None:
        return None
    return parse_instant(f"{text}T00:00:00Z" if len(text) == 10 else text, field="--at")


def load_crls(files: Sequence[Path] | None) -> tuple[Crl, ...]:
    """Return the revocation lists in `files`. Raises: Refused for a file that holds none."""
    return tuple(read_crl(path.read_bytes()) for path in files or ())


def load_trust(roots: Sequence[Path], crls: Sequence[Path] | None, *, purposes: Purposes = DEFAULT_PURPOSES) -> Trust:
    """Return the trust that `--root` and `--crl` name. Raises: Refused for a file that is no certificate or list.

    A list counts until its own nextUpdate: the stricter age belongs to the gate, which acts on the register.
    """
    return Trust(
        roots=tuple(read_certificate(path.read_bytes(), purposes=purposes) for path in roots),
        crls=load_crls(crls),
        purposes=purposes,
        crl_max_age=timedelta(days=36500),
    )
