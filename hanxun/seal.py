"""`hanxun seal`: seals from their making to their end (M3). At a station: the key, its suspension by the head, the register of
uses. At the hub: registering, activating, suspending, resuming, losing, cancelling; what widens power takes two administrators."""

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from sqlalchemy import Connection

from hanxun.administrators import And, AndPasswordFile, By, ByPasswordFile, Signing, Yes, administer, tell
from hanxun.desk_options import opened, unlocked
from hanxun.options import (
    AgentData,
    AnyData,
    HubData,
    JsonFlag,
    PassphraseFile,
    TokenOption,
    at_hub,
    parse_at,
    read_passphrase,
    verb_group,
)
from hanxun.output import console, print_json
from hub.exchange.seals import list_seals, read_specimens
from hub.keyring.renew import NewKey, make_key
from hub.letters.compare.sight import require_stamp
from hub.protocol.administration import AdministrationKind, LostDetails, ReasonDetails, SealDetails, SpecimenDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import beijing, format_instant, parse_instant
from hub.protocol.seal_status import SEAL_STATE_ZH, SealState
from hub.protocol.specimens import MAX_SPECIMEN_BYTES
from hub.signing.authority import Subject
from hub.signing.certificates import read_certificate
from hub.signing.fingerprints import key_digest, short
from hub.signing.purposes import SealPurpose
from hub.signing.tokens import fresh_label, parse_token_uri
from hub.store.specimens import keep_specimen
from station_agent.folder import AgentFolder
from station_agent.personnel import suspend_own_seal
from station_agent.seal_uses import seal_uses
from station_agent.settings import load_settings

app = verb_group("印章 / seals.")
Purpose = Annotated[SealPurpose, typer.Option(help="用途:household 户口专用章,general 其他 / the seal's purpose")]
Seal = Annotated[
    str, typer.Argument(help="印章:证书文件、单位代码或证书指纹 / the seal: certificate file, station code or x5t")
]
Reason = Annotated[str, typer.Option(help="原因 / why")]
Specimens = Annotated[
    list[Path] | None,
    typer.Option(help="印模扫描件,可重复,可不给 / scan of the impression, repeatable", exists=True, dir_okay=False),
]


@app.command()
def register(
    data: AnyData,
    purpose: Purpose = SealPurpose.HOUSEHOLD,
    certificate: Annotated[
        Path | None,
        typer.Option(help="在中心登记:印章证书 / at the hub: the seal's certificate", exists=True, dir_okay=False),
    ] = None,
    specimen: Specimens = None,
    token: TokenOption = None,
    by: By = None,
    password_file: ByPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """派出所端:生成印章密钥和请求;中心:登记印章(待启用) / at a station: make the seal's key; at the hub: register the seal.

    例 / example:  hanxun seal register --data hub-data --certificate household.cert.pem --by 900001
    """
    if not at_hub(data):
        _make_key(data, purpose, token, password_file, json=json)
        return
    if certificate is None:
        raise typer.BadParameter("--certificate", param_hint="--certificate")
    certified = read_certificate(certificate.read_bytes())
    files = _read_specimens(specimen or [])
    digests = tuple(dict.fromkeys(digest for digest, _, _ in files))
    signing = Signing(data, passphrase_file, by, password_file, yes=yes)
    first = digests[0] if digests else None
    details = SealDetails(certificate=certified.pem.decode(), specimen=first, further_specimens=digests[1:])
    kind, keep = AdministrationKind.REGISTER_SEAL, _keeping(files)
    filed = administer(signing, kind, certified.x5t, details, before=keep)
    tell(filed, json=json, seal=certified.x5t, station=certified.station)


@app.command()
def add_specimen(
    seal: Seal,
    data: HubData,
    specimen: Annotated[Path, typer.Option(help="印模扫描件 / scan of the impression", exists=True, dir_okay=False)],
    reason: Reason = "增登印模 / a further impression",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """给已登记的印章增登一枚印模(如磨损后),两名管理员签名 / add an impression to a registered seal; two administrators.

    例 / example:  hanxun seal add-specimen 349911500000 --data hub-data --specimen 新印模.png --by 900001
    """
    files = _read_specimens([specimen])
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    details = SpecimenDetails(specimen=files[0][0], reason=reason)
    kind, keep = AdministrationKind.ADD_SPECIMEN, _keeping(files)
    tell(administer(signing, kind, _resolve(data, seal), details, before=keep), json=json, specimen=files[0][0])


@app.command()
def activate(
    seal: Seal,
    data: HubData,
    reason: Reason = "启用 / activated",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """启用已登记的印章,两名管理员签名 / activate a registered seal; two administrators.

    例 / example:  hanxun seal activate 349911500000 --data hub-data --by 900001
    """
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    _change(seal, AdministrationKind.ACTIVATE_SEAL, reason, signing, json=json)


@app.command()
def suspend(
    data: AnyData,
    seal: Annotated[
        str | None, typer.Argument(help="在中心:证书文件、单位代码或证书指纹 / at the hub: which seal")
    ] = None,
    purpose: Purpose = SealPurpose.HOUSEHOLD,
    reason: Reason = "未写明 / not stated",
    by: By = None,
    password_file: ByPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """停用印章,一人签名,立即生效:在派出所端由所长,在中心由一名管理员 / suspend a seal at once: one person, the head or an administrator.

    例 / example:  hanxun seal suspend --data agent-data --by 011002 --reason 印章去向不明
    """
    if by is None:
        raise typer.BadParameter("--by 警号 / police number", param_hint="--by")
    if at_hub(data):
        if seal is None:
            raise typer.BadParameter("SEAL", param_hint="SEAL")
        signing = Signing(data, passphrase_file, by, password_file, yes=yes)
        _change(seal, AdministrationKind.SUSPEND_SEAL, reason, signing, json=json)
        return
    with opened(data, passphrase_file) as agent:
        head = unlocked(agent, by, password_file)
        x5t = suspend_own_seal(agent, head, purpose, reason=reason, now=datetime.now(UTC))
    if json:
        print_json({"effective": True, "seal": x5t})
    else:
        console.print(
            "本所已停用,随下次联系报中心;恢复由省厅办理 / suspended here, the hub is told; the province resumes it",
            markup=False,
        )


@app.command()
def resume(
    seal: Seal,
    data: HubData,
    reason: Reason = "恢复 / resumed",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """恢复停用的印章,两名管理员签名 / resume a suspended seal; two administrators.

    例 / example:  hanxun seal resume 349911500000 --data hub-data --by 900001
    """
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    _change(seal, AdministrationKind.RESUME_SEAL, reason, signing, json=json)


@app.command()
def lost(
    seal: Seal,
    data: HubData,
    since: Annotated[str, typer.Option(help="最早可能失控的时刻 / since when it may be in other hands, RFC 3339")],
    reason: Reason = "遗失 / lost",
    by: By = None,
    password_file: ByPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """印章遗失,一名管理员签名,立即生效;此后签的函一律待定 / a seal is lost: one administrator, at once; what it signed since is in doubt.

    例 / example:  hanxun seal lost 349911500000 --data hub-data --since 2026-11-24T01:30:00Z --by 900001
    """
    instant = parse_at(since)
    assert instant is not None
    details = LostDetails(compromised_since=format_instant(instant), reason=reason)
    signing = Signing(data, passphrase_file, by, password_file, yes=yes)
    filed = administer(signing, AdministrationKind.LOSE_SEAL, _resolve(data, seal), details)
    tell(filed, json=json)


@app.command()
def cancel(
    seal: Seal,
    data: HubData,
    reason: Reason = "注销 / cancelled",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """注销印章,两名管理员签名,不可恢复 / cancel a seal for good; two administrators.

    例 / example:  hanxun seal cancel 349911500000 --data hub-data --by 900001 --reason 换发新章
    """
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    _change(seal, AdministrationKind.CANCEL_SEAL, reason, signing, json=json)


@app.command("list")
def list_all(data: HubData, json: JsonFlag = False) -> None:
    """列出中心登记的印章、状态和经过 / list the registered seals, their states and what befell them.

    例 / example:  hanxun seal list --data hub-data
    """
    seals = list_seals(data, now=datetime.now(UTC))
    if json:
        print_json({"seals": [msgspec.to_builtins(asdict(seal)) for seal in seals]})
        return
    if not seals:
        console.print("还没有登记印章 / no seals yet: hanxun seal register", markup=False)
    for seal in seals:
        console.print(f"{seal.station}  {seal.state_zh}  {seal.name}  {seal.not_after[:10]}  {seal.x5t}", markup=False)
        for event in seal.events:
            since = f",自 {beijing(parse_instant(event.compromised_since))} 起存疑" if event.compromised_since else ""
            console.print(f"    {beijing(parse_instant(event.at))}  {SEAL_STATE_ZH[event.state]}{since}", markup=False)


@app.command()
def specimen(
    seal: Seal,
    data: HubData,
    out: Annotated[Path, typer.Option(help="印模写到哪里 / where the impression goes")],
    number: Annotated[int, typer.Option(help="第几枚,按登记先后 / which one, in order of registration", min=1)] = 1,
    json: JsonFlag = False,
) -> None:
    """取出登记的印模 / take out the registered impression.

    例 / example:  hanxun seal specimen 349911500000 --data hub-data --out 印模.png
    """
    x5t = _resolve(data, seal)
    kept = read_specimens(data, x5t)
    if number > len(kept):
        raise Refused(Code.FILE_MISSING, field="--number", detail=f"{x5t}: {len(kept)}")
    raw = kept[number - 1]
    out.write_bytes(raw)
    if json:
        print_json({"file": str(out), "digest": digest_of(raw)})
    else:
        console.print(str(out), markup=False)


@app.command()
def uses(data: AgentData, passphrase_file: PassphraseFile = None, json: JsonFlag = False) -> None:
    """打印用印登记簿:每次用印的函号、人员(掩码)、保管人、时间 / print the register of seal use.

    例 / example:  hanxun seal uses --data agent-data
    """
    with opened(data, passphrase_file) as agent:
        lines = seal_uses(agent)
    if json:
        print_json({"uses": [asdict(line) for line in lines]})
        return
    console.print("用印登记簿 / register of seal use", markup=False)
    for line in lines:
        persons = "、".join(line.persons)
        at = beijing(parse_instant(line.at))
        console.print(
            f"{line.number}  {line.letter_number}  {line.case}  {line.copies} 份  {persons}  {line.custodian}  {at}",
            markup=False,
        )


def _make_key(data: Path, purpose: SealPurpose, token: str | None, password_file: Path | None, *, json: bool) -> None:
    settings, place = load_settings(data), AgentFolder(data).seal(purpose).place
    password = read_passphrase(password_file, prompt="印章口令 / the seal's password", confirm=True)
    title = "户口专用章" if purpose is SealPurpose.HOUSEHOLD else "印章"
    new = NewKey("P-256", None if token is None else fresh_label(parse_token_uri(token), f"seal-{purpose.value}"))
    request = make_key(place, password, Subject(f"{settings.name}{title}", station=settings.station), new)
    fingerprint = short(key_digest(request.public_key))
    if json:
        print_json({"request": str(place.request), "certificate": str(place.certificate), "fingerprint": fingerprint})
    else:
        console.print(f"证书请求 / request: {place.request}\n  指纹 fingerprint: {fingerprint}", markup=False)
        console.print(f"签发后放到 / the certificate goes to: {place.certificate}", markup=False)
        console.print("然后由中心登记、启用 / then the hub registers and activates it", markup=False)


def _read_specimens(paths: list[Path]) -> list[tuple[Digest, str, bytes]]:
    """Return digest, name and bytes of files that each show a stamp. Raises: Refused (`request.too_large`, `compare.no_stamp`)."""
    files = []
    for path in paths:
        raw = path.read_bytes()
        if len(raw) > MAX_SPECIMEN_BYTES:
            raise Refused(Code.REQUEST_TOO_LARGE, field="--specimen", values={"limit": MAX_SPECIMEN_BYTES})
        require_stamp(raw)
        files.append((digest_of(raw), path.name, raw))
    return files


def _keeping(files: list[tuple[Digest, str, bytes]]) -> Callable[[Connection], None]:
    def keep(tx: Connection) -> None:
        for digest, name, raw in files:
            keep_specimen(tx, digest=digest, name=name, raw=raw)

    return keep


def _change(seal: str, kind: AdministrationKind, reason: str, signing: Signing, *, json: bool) -> None:
    filed = administer(signing, kind, _resolve(signing.data, seal), ReasonDetails(reason=reason))
    tell(filed, json=json)


def _resolve(data: Path, text: str) -> str:
    """Return the x5t that a file, a station's code or an x5t means. Raises: Refused (`seal.unknown`)."""
    if Path(text).is_file():
        return read_certificate(Path(text).read_bytes()).x5t
    known = list_seals(data, now=datetime.now(UTC))
    if re.fullmatch(r"[0-9]{6,12}", text):
        live = [seal for seal in known if seal.station == text and seal.state is not SealState.CANCELLED]
        if len(live) != 1:
            raise Refused(Code.SEAL_UNKNOWN, detail=f"{text}: {len(live)}")
        return live[0].x5t
    found = [seal.x5t for seal in known if seal.x5t.startswith(text) and len(text) >= 8]
    if len(found) != 1:
        raise Refused(Code.SEAL_UNKNOWN, detail=text[:43])
    return found[0]
