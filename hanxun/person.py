"""`hanxun person`: people and their keys, at a station or (administrators) at the hub. Each key is made where it is used and
opens with that person's password alone; what a person may do stands in the certificate, which the authority issues."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.administrators import (
    And,
    AndPasswordFile,
    By,
    ByPasswordFile,
    Signing,
    Yes,
    administer,
    administrator_place,
    hub_passphrase,
    tell,
)
from hanxun.files import require_present
from hanxun.options import JsonFlag, PassphraseFile, PasswordFile, read_passphrase, verb_group
from hanxun.output import console, print_json, say
from hub.exchange.administration import name_first, open_office
from hub.keyring.place import KeyPlace
from hub.keyring.renew import NewKey, make_key
from hub.protocol.administration import AdministrationKind, CertificateDetails
from hub.protocol.identifiers import parse_station
from hub.signing.authority import Subject
from hub.signing.certificates import read_certificate
from hub.store.layout import DataFolder
from station_agent.folder import AgentFolder
from station_agent.settings import load_settings

app = verb_group("人员 / people at a station, administrators at the hub.")
Number = Annotated[str, typer.Argument(help="警号 / police number")]
AnyData = Annotated[
    Path, typer.Option("--data", help="派出所端或中心的数据文件夹 / data folder of an agent, or of the hub")
]


@app.command()
def add(
    number: Number,
    data: AnyData,
    name: Annotated[str, typer.Option(help="姓名 / name")],
    station: Annotated[
        str | None, typer.Option(help="在中心添加管理员时:所在单位代码 / at the hub: the unit's code")
    ] = None,
    password_file: PasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """为一名民警(或中心管理员)生成本人密钥和证书请求 / make an officer's or administrator's own key and certificate request.

    密钥只用本人口令解锁;角色写在证书里,由证书机构核定。 / The role stands in the certificate; the authority decides it.
    例 / example:  hanxun person add 012345 --data agent-data --name 张三
    """
    place = _place(data, number)
    if _at_hub(data):
        if station is None:
            raise typer.BadParameter("--station 单位代码 / the unit's code", param_hint="--station")
        unit = parse_station(station)
    else:
        unit = load_settings(data).station
    password = read_passphrase(password_file, prompt="本人口令 / this person's password", confirm=True)
    make_key(place, password, Subject(name, station=unit, number=number), NewKey("Ed25519"))
    if json:
        print_json({"request": str(place.request), "certificate": str(place.certificate)})
    else:
        console.print(f"证书请求 / request: {place.request}", markup=False)
        console.print(f"签发后放到 / the certificate goes to: {place.certificate}", markup=False)
        if _at_hub(data):
            console.print(f"然后 then: hanxun person roles {number} --data {data}", markup=False)


def _name_administrator(number: str, signing: Signing, *, json: bool) -> None:
    place = administrator_place(signing.data, number)
    require_present(place.certificate)
    certified = read_certificate(place.certificate.read_bytes())
    if signing.by is not None:
        details = CertificateDetails(certificate=certified.pem.decode())
        tell(
            administer(signing, AdministrationKind.NAME_ADMINISTRATOR, certified.x5t, details), json=json, number=number
        )
        return
    with open_office(signing.data, hub_passphrase(signing.passphrase_file)) as office:
        name_first(office, certified.pem, now=datetime.now(UTC))
    say(f"!! 仅凭中心口令任命管理员 {number} {certified.name},已记入日志。两名管理员之后,一切须两人签名。")
    say(
        f"!! Administrator {number} was named by the hub's passphrase alone; the trail says so. From two on, two people sign."
    )
    if json:
        print_json({"effective": True, "number": number})


def _at_hub(data: Path) -> bool:
    return DataFolder(data).database.is_file()


def _place(data: Path, number: str) -> KeyPlace:
    if _at_hub(data):
        return administrator_place(data, number)
    files = AgentFolder(data).officer(number)
    return KeyPlace(files.key, files.certificate, files.request)


@app.command()
def roles(
    number: Number,
    data: AnyData,
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """中心:凭签发好的证书任命管理员,两名管理员签名 / at the hub: name an administrator by the issued certificate.

    例 / example:  hanxun person roles 900003 --data hub-data --by 900001
    """
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    _name_administrator(number, signing, json=json)
