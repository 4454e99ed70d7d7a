"""What administrators' verbs share: who signs, seeing the act before signing it, one signature or two, what came of it.

Administrators' keys lie in the hub's data folder (`keys/officers/`), each under that person's own password.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
import typer

from hanxun.options import read_passphrase
from hanxun.output import console, print_json, say
from hub.exchange.administration import Filed, Office, approve, make_act, open_office, propose_act
from hub.exchange.hub import purposes_of, read_settings
from hub.keyring.pairs import load_pair
from hub.keyring.place import KeyPlace
from hub.protocol.administration import KIND_WORDS, AdministrationKind, AdministrativeAct
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import beijing, parse_instant
from hub.signing.certificates import read_certificate
from hub.signing.keys import Signer
from hub.store.layout import DataFolder

By = Annotated[str | None, typer.Option("--by", help="提出的管理员警号 / the administrator who acts")]
ByPasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", help="该管理员口令文件;不给则提示输入 / that person's password, else asked", exists=True
    ),
]
And = Annotated[
    str | None, typer.Option("--and", help="同时批准的另一名管理员 / the other administrator, here as well")
]
AndPasswordFile = Annotated[
    Path | None, typer.Option("--and-password-file", help="另一名管理员口令文件 / that person's password", exists=True)
]
Yes = Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask before signing")]
_HIDDEN = frozenset({"certificate", "certificates", "statement", "content"})
_LABELS = {
    "reason": "原因 reason",
    "name": "名称 name",
    "parent": "上级单位 parent",
    "from_day": "自何日起 from which day",
    "envelopes": "函件 envelopes",
    "files": "附件 files",
    "letters": "其中盖章函 letters among them",
    "bytes": "字节 bytes",
    "stations": "双方 stations",
    "state": "案件状态 state",
    "open": "未办结也删除 although open",
}


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs: `by` proposes; `other`, if given, approves in the same breath. `data` is the hub's folder."""

    data: Path
    passphrase_file: Path | None
    by: str | None
    password_file: Path | None
    other: str | None = None
    other_password_file: Path | None = None
    yes: bool = False


def administer(
    signing: Signing,
    kind: AdministrationKind,
    subject: str,
    details: msgspec.Struct,
    *,
    before: Callable[[sa.Connection], None] | None = None,
) -> Filed:
    """Show the act, have it signed by one administrator or two, and file it.

    Raises: BadParameter without `--by`; Refused and NotVerified as `propose` and `approve`.
    """
    with open_office(signing.data, hub_passphrase(signing.passphrase_file)) as office:
        signer = proposer(signing)
        now = datetime.now(UTC)
        act = make_act(kind, subject, details, origin=office.rules.origin, certified=signer.certified, now=now)
        show_act(act)
        confirm(signing.yes)
        filed = propose_act(office, act, signer=signer, now=datetime.now(UTC), before=before)
        return completed(office, filed, signing)


def completed(office: Office, filed: Filed, signing: Signing) -> Filed:
    """Let the other administrator approve what waits, when one was given."""
    if filed.number is None or signing.other is None:
        return filed
    other = unlock_administrator(signing.data, signing.other, signing.other_password_file)
    return approve(office, filed.number, signer=other, now=datetime.now(UTC))


def proposer(signing: Signing) -> Signer:
    """Return the signer of `--by`. Raises: BadParameter when it was not given."""
    if signing.by is None:
        raise typer.BadParameter("--by 警号 / police number", param_hint="--by")
    return unlock_administrator(signing.data, signing.by, signing.password_file)


def hub_passphrase(file: Path | None) -> bytes:
    """Return the hub's passphrase, from `file` or asked for."""
    return read_passphrase(file, prompt="中心口令 / the hub's passphrase")


def administrator_place(data: Path, number: str) -> KeyPlace:
    """Return where an administrator's key lies in the hub's folder. Raises: Refused (`station.officer_unknown`)."""
    if re.fullmatch(r"[0-9A-Za-z-]{1,32}", number) is None:
        raise Refused(Code.OFFICER_UNKNOWN, detail=number[:32])
    stem = DataFolder(data).officers / number
    return KeyPlace(*(stem.with_name(f"{number}.{kind}.pem") for kind in ("key", "cert", "csr")))


def unlock_administrator(data: Path, number: str, password_file: Path | None) -> Signer:
    """Return an administrator's signer, unlocked by that person's password. Raises: Refused (`station.*`, `key.*`)."""
    place = administrator_place(data, number)
    if not place.certificate.is_file():
        raise Refused(Code.OFFICER_UNKNOWN, detail=number)
    password = read_passphrase(password_file, prompt=f"{number} 的口令 / password")
    return load_pair(place, password, purposes=purposes_of(read_settings(DataFolder(data))))


def show_act(act: AdministrativeAct) -> None:
    """Show on stderr what is about to be signed."""
    say(f"将签署 / to be signed: {KIND_WORDS[act.act]}")
    for name, value in lines_of(act):
        say(f"  {name}: {value}")


def lines_of(act: AdministrativeAct) -> list[tuple[str, str]]:
    """Return what an act says, line by line; certificates by name and fingerprint."""
    lines = [("对象 subject", act.subject), *lines_of_details(act.details)]
    pems = [act.details.get("certificate"), *act.details.get("certificates", ())]
    for pem in filter(None, pems):
        certified = read_certificate(str(pem).encode())
        lines.append(
            ("证书 certificate", f"{certified.name} {certified.station or ''} {digest_of(certified.der)[:16]}")
        )
    lines.append(("提出人 by", f"{act.by.number} {act.by.name}"))
    if act.expires is not None:
        lines.append(("未批则失效于 lapses", beijing(parse_instant(act.expires))))
    return lines


def lines_of_details(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the details that a person can read, line by line."""
    shown = {key: value for key, value in details.items() if key not in _HIDDEN and value is not None}
    return [(_LABELS.get(key, key), _plain(value)) for key, value in shown.items()]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def confirm_for_ever(yes: bool) -> None:
    """Ask before what cannot be undone; without a person at the terminal only `yes` will do.

    Raises: Abort, Refused (`erase.not_confirmed`).
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(Code.ERASE_NOT_CONFIRMED, field="--yes")
    typer.confirm("删除后不可恢复,签署? / it cannot be undone: sign?", abort=True, err=True)


def confirm(yes: bool) -> None:
    """Ask before signing, where there is somebody to answer. Raises: Abort."""
    if not yes and sys.stdin.isatty():
        typer.confirm("签署? / sign?", abort=True, err=True)


def tell(filed: Filed, *, json: bool, **more: Any) -> None:
    """Print what came of an act."""
    if json:
        print_json({"effective": filed.effective, "proposal": filed.number, "act": filed.digest, **more})
    elif filed.effective:
        console.print(f"已生效 / in effect: {KIND_WORDS[filed.act.act]} {filed.act.subject}", markup=False)
    else:
        console.print(
            f"第 {filed.number} 号待批,由另一名管理员 / waits for another administrator: "
            f"hanxun hub approve {filed.number} --by …",
            markup=False,
        )
