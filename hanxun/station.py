"""`hanxun station`: the stations that a hub knows. Adding and resuming take two administrators, suspending takes one."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hanxun.administrators import And, AndPasswordFile, By, ByPasswordFile, Signing, Yes, administer, tell
from hanxun.options import HubData, JsonFlag, PassphraseFile, verb_group
from hanxun.output import console, print_json
from hub.exchange.registry import list_stations
from hub.protocol.administration import AdministrationKind, CertificateDetails, ReasonDetails, StationDetails
from hub.protocol.identifiers import parse_station
from hub.signing.certificates import read_certificate

app = verb_group("中心登记的派出所 / stations known to the hub.")
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
