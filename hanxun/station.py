"""`hanxun station`: the stations that a hub knows. Suspending takes one administrator; adding, resuming, renaming and moving take two."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hanxun.administrators import And, AndPasswordFile, By, ByPasswordFile, Signing, Yes, administer, tell
from hanxun.options import HubData, JsonFlag, PassphraseFile, verb_group
from hanxun.output import console, print_json
from hub.exchange.registry import list_stations, list_versions
from hub.protocol.administration import (
    AdministrationKind,
    CertificateDetails,
    MoveDetails,
    ReasonDetails,
    RenameDetails,
    StationDetails,
)
from hub.protocol.identifiers import parse_station
from hub.protocol.instants import SHANGHAI
from hub.signing.certificates import read_certificate

app = verb_group("中心登记的派出所 / stations known to the hub.")
FromDay = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="自何日起(北京时间),默认今天 / from which day (Beijing); left out: today"),
]
Why = Annotated[str, typer.Option("--reason", help="原因,如批准文号 / why, such as the decree's number")]
StationCode = Annotated[str, typer.Argument(help="单位代码 / station code, 6 to 12 digits")]


@app.command()
def add(
    code: StationCode,
    data: HubData,
    name: Annotated[str, typer.Option(help="单位名称 / the station's name")],
    kind: Annotated[str, typer.Option(help="类别:派出所、户办大厅、县局、市局、省厅 / kind of site")] = "派出所",
    parent: Annotated[str | None, typer.Option(help="上级单位代码 / the parent organisation's code")] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="该所的机器证书,可多次给出 / certificates to register", exists=True)
    ] = None,
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """登记一个派出所及其证书,两名管理员签名后启用 / register a station; two administrators activate it.

    例 / example:  hanxun station add 349911500000 --data hub-data --name 长亭派出所 --certificate agent.pem --by 900001
    """
    details = StationDetails(
        name=name,
        kind=kind,
        parent=parse_station(parent) if parent else None,
        certificates=tuple(read_certificate(path.read_bytes()).pem.decode() for path in certificate or ()),
    )
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    filed = administer(signing, AdministrationKind.ADD_STATION, parse_station(code), details)
    tell(filed, json=json, station=code, certificates=len(details.certificates))


@app.command("certificate")
def register(
    file: Annotated[Path, typer.Argument(help="证书 / the certificate", exists=True, dir_okay=False)],
    data: HubData,
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """登记一个已知派出所的新证书(换机器时),两名管理员签名 / register a further certificate of a known station, e.g. a new machine's.

    例 / example:  hanxun station certificate agent.pem --data hub-data --by 900001
    """
    certified = read_certificate(file.read_bytes())
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    details = CertificateDetails(certificate=certified.pem.decode())
    filed = administer(signing, AdministrationKind.REGISTER_CERTIFICATE, certified.x5t, details)
    tell(filed, json=json, station=certified.station)


@app.command("list")
def list_all(data: HubData, json: JsonFlag = False) -> None:
    """列出所有派出所 / list all stations.

    例 / example:  hanxun station list --data hub-data
    """
    entries = list_stations(data)
    if json:
        print_json({"stations": msgspec.to_builtins(entries)})
        return
    if not entries:
        console.print("还没有登记派出所 / no stations yet: hanxun station add", markup=False)
    for entry in entries:
        console.print(f"{entry.code}  {'启用' if entry.active else '停用'}  {entry.kind}  {entry.name}", markup=False)


@app.command()
def suspend(
    code: StationCode,
    data: HubData,
    resume: Annotated[bool, typer.Option("--resume", help="恢复,须两名管理员 / resume instead: two people")] = False,
    reason: Annotated[str, typer.Option(help="原因 / why")] = "未写明 / not stated",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """停用一个派出所:一名管理员,立即断开;--resume 恢复:两名 / suspend a station, by one person, at once; resuming takes two.

    例 / example:  hanxun station suspend 349911500000 --data hub-data --by 900001 --reason 机器失窃
    """
    kind = AdministrationKind.RESUME_STATION if resume else AdministrationKind.SUSPEND_STATION
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    filed = administer(signing, kind, parse_station(code), ReasonDetails(reason=reason))
    tell(filed, json=json, station=code, active=resume and filed.effective)


@app.command()
def rename(
    code: StationCode,
    name: Annotated[str, typer.Argument(help="新名称 / the new name")],
    data: HubData,
    from_day: FromDay = None,
    reason: Why = "未写明 / not stated",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """单位更名,自某日起,两名管理员签名;以前的名称保留可查 / another name from a day on, by two administrators; the old one stays on record.

    例 / example:  hanxun station rename 349911500000 长宁派出所 --data hub-data --from-day 2027-01-01 --by 900001
    """
    details = RenameDetails(name=name.strip(), from_day=_day(from_day), reason=reason)
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    filed = administer(signing, AdministrationKind.RENAME_STATION, parse_station(code), details)
    tell(filed, json=json, station=code, name=details.name, from_day=details.from_day)


@app.command()
def move(
    code: StationCode,
    data: HubData,
    parent: Annotated[
        str | None, typer.Option(help="新的上级单位代码;不给即无上级 / the organisation above; left out: none")
    ] = None,
    from_day: FromDay = None,
    reason: Why = "未写明 / not stated",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """变更上级单位,自某日起,两名管理员签名;案件随单位代码不变 / another organisation above, from a day on; cases go with the code.

    例 / example:  hanxun station move 349911500000 --data hub-data --parent 349911000000 --by 900001
    """
    above = parse_station(parent) if parent else None
    details = MoveDetails(parent=above, from_day=_day(from_day), reason=reason)
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    filed = administer(signing, AdministrationKind.MOVE_STATION, parse_station(code), details)
    tell(filed, json=json, station=code, parent=above, from_day=details.from_day)


@app.command()
def history(code: StationCode, data: HubData, json: JsonFlag = False) -> None:
    """列出单位的沿革:何日起叫什么、上级是谁 / list what an organisation was called and stood below, from which day on.

    例 / example:  hanxun station history 349911500000 --data hub-data
    """
    versions = list_versions(data, parse_station(code))
    if json:
        print_json({"versions": [asdict(version) for version in versions]})
        return
    for version in versions:
        console.print(f"{version.from_day}  {version.name}  {version.parent or '—'}", markup=False)


def _day(given: datetime | None) -> str:
    return (given or datetime.now(SHANGHAI)).date().isoformat()
