"""`hanxun register`: the reference register, for trials: a population register that several agents on one machine share."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hanxun.files import require_absent, write_file
from hanxun.options import JsonFlag, verb_group
from hanxun.output import console, print_json
from hub.cases.catalogue import default_catalogue
from hub.cases.citizen_id import require_citizen_id
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import parse_station
from hub.protocol.instants import SHANGHAI
from hub.signing.certificates import read_certificate
from hub.signing.crl import read_crl
from hub.signing.purposes import DEFAULT_PURPOSES
from station_agent.desk.gate.evaluate import rules_for
from station_agent.readers import gate_readers
from station_agent.register.folder import RegisterFolder, open_register
from station_agent.register.interface import Person
from station_agent.register.reference import ReferenceRegister
from station_agent.settings import LimitSettings

app = verb_group("参考登记库(试用) / the reference register, for trials.")
RegisterDir = Annotated[Path, typer.Option("--dir", help="登记库文件夹 / the register's folder")]


@app.command()
def init(
    dir: RegisterDir,
    root: Annotated[Path, typer.Option(help="登记库信任的根证书 / the root that the register trusts", exists=True)],
    crl: Annotated[Path, typer.Option(help="吊销列表,请每日更新 / the revocation list; keep it fresh", exists=True)],
    json: JsonFlag = False,
) -> None:
    """建立参考登记库 / make a reference register.

    例 / example:  hanxun register init --dir register --root ca/root.pem --crl ca/crl.der
    """
    folder = RegisterFolder(dir)
    require_absent(folder.trusted_root)
    write_file(folder.crl, read_crl(crl.read_bytes()).der)
    write_file(folder.trusted_root, read_certificate(root.read_bytes()).pem)
    if json:
        print_json({"register": str(dir)})
    else:
        console.print(f"登记库已建立 / made: {dir}", markup=False)


@app.command()
def enrol(
    dir: RegisterDir,
    id18: Annotated[str, typer.Argument(help="公民身份号码 / citizen number")],
    name: Annotated[str, typer.Option(help="姓名 / name")],
    station: Annotated[str, typer.Option(help="登记所在单位代码 / station that holds the record")],
    address: Annotated[str, typer.Option(help="住址 / address")],
    came_from: Annotated[str | None, typer.Option(help="迁自单位代码 / moved from this station")] = None,
    move_serial: Annotated[str | None, typer.Option(help="迁移业务流水号 / serial number of that move")] = None,
    move_date: Annotated[str | None, typer.Option(help="迁移日期 / date of that move")] = None,
    item: Annotated[list[str] | None, typer.Option(help="其他项目 项目=值 / other items, ITEM=VALUE")] = None,
    json: JsonFlag = False,
) -> None:
    """录入一条初始登记(仅供试用) / enter a first record, for trials.

    例 / example:  hanxun register enrol 999999188502030017 --dir register --name 李四 --station 349922500000 --address 河东路7号
    """
    number = require_citizen_id(id18, today=datetime.now(SHANGHAI).date())
    person = Person(
        id18=number.text,
        name=name,
        station=parse_station(station),
        address=address,
        came_from=parse_station(came_from) if came_from else None,
        move_serial=move_serial,
        move_date=move_date,
        items=dict(_item(text) for text in item or ()),
    )
    _open(dir).enrol(person)
    _print(person, json=json)


@app.command()
def show(
    dir: RegisterDir, id18: Annotated[str, typer.Argument(help="公民身份号码 / citizen number")], json: JsonFlag = False
) -> None:
    """查看一条登记 / show a record.

    例 / example:  hanxun register show 999999188502030017 --dir register
    """
    person = _open(dir).look_up(id18)
    if person is None:
        raise Refused(Code.REGISTER_NO_RECORD)
    _print(person, json=json)


def _open(dir: Path) -> ReferenceRegister:
    rules = rules_for(gate_readers(), two_looks_from=LimitSettings().two_looks_from)
    return open_register(
        RegisterFolder(dir),
        purposes=DEFAULT_PURPOSES,
        rules=rules,
        catalogue=default_catalogue(),
        clock=lambda: datetime.now(UTC),
    )


def _item(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise typer.BadParameter("ITEM=VALUE", param_hint="--item")
    return name, value


def _print(person: Person, *, json: bool) -> None:
    if json:
        print_json(msgspec.to_builtins(person))
        return
    console.print(f"{person.id18}  {person.name}  {person.station}  {person.address}", markup=False)
    for name, value in person.items.items():
        console.print(f"  {name}: {value}", markup=False)
