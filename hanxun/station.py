"""`hanxun station`: the stations that a hub knows. Every change is an administrator's act with a leaf in the trail."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hanxun.options import HubData, JsonFlag, PassphraseFile, read_passphrase, verb_group
from hanxun.output import console, print_json
from hub.exchange.registry import add_station, list_stations, register_certificate, set_active
from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import parse_station

app = verb_group("中心登记的派出所 / stations known to the hub.")
Code = Annotated[str, typer.Argument(help="单位代码 / station code, 6 to 12 digits")]


@app.command()
def add(
    code: Code,
    data: HubData,
    name: Annotated[str, typer.Option(help="单位名称 / the station's name")],
    kind: Annotated[str, typer.Option(help="类别:派出所、户办大厅、县局、市局、省厅 / kind of site")] = "派出所",
    parent: Annotated[str | None, typer.Option(help="上级单位代码 / the parent organisation's code")] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="该所的机器证书,可多次给出 / certificates to register", exists=True)
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """登记一个派出所及其证书 / register a station and its agent's certificate.

    例 / example:  hanxun station add 349911500000 --data hub-data --name 长亭派出所 --certificate agent.pem
    """
    station = parse_station(code)
    above = parse_station(parent) if parent else None
    passphrase, now = read_passphrase(passphrase_file, prompt="中心口令 / the hub's passphrase"), datetime.now(UTC)
    entry = StationEntry(code=station, name=name, kind=kind, parent=above, active=True)
    add_station(data, passphrase, entry, now=now)
    for path in certificate or ():
        register_certificate(data, passphrase, path.read_bytes(), now=now)
    if json:
        print_json({"station": code, "certificates": len(certificate or ())})
    else:
        console.print(f"已登记 / registered: {code} {name}", markup=False)


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
    code: Code,
    data: HubData,
    resume: Annotated[bool, typer.Option("--resume", help="恢复 / resume instead")] = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """停用一个派出所,立即生效;--resume 恢复 / suspend a station at once; `--resume` takes it back.

    例 / example:  hanxun station suspend 349911500000 --data hub-data
    """
    passphrase = read_passphrase(passphrase_file, prompt="中心口令 / the hub's passphrase")
    set_active(data, passphrase, parse_station(code), active=resume, now=datetime.now(UTC))
    if json:
        print_json({"station": code, "active": resume})
    else:
        console.print(f"{code} {'已恢复 / resumed' if resume else '已停用 / suspended'}", markup=False)
