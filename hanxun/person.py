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
from hanxun.desk_options import opened, unlocked
from hanxun.files import require_present
from hanxun.options import (
    AnyData,
    JsonFlag,
    PassphraseFile,
    PasswordFile,
    TokenOption,
    at_hub,
    read_passphrase,
    verb_group,
)
from hanxun.output import console, print_json, say
from hub.exchange.administration import name_first, open_office
from hub.keyring.place import KeyPlace
from hub.keyring.renew import NewKey, begin_renewal, make_key
from hub.protocol.administration import AdministrationKind, CertificateDetails, ReasonDetails
from hub.protocol.identifiers import parse_station
from hub.signing.authority import Subject
from hub.signing.certificates import read_certificate
from hub.signing.fingerprints import key_digest, short
from hub.signing.purposes import OfficerRole
from hub.signing.tokens import fresh_label, parse_token_uri
from station_agent.folder import AgentFolder
from station_agent.personnel import Removed, disable_officer, remove_pair, reset_officer
from station_agent.settings import load_settings

app = verb_group("人员 / people at a station, administrators at the hub.")
Number = Annotated[str, typer.Argument(help="警号 / police number")]


@app.command()
def add(
    number: Number,
    data: AnyData,
    name: Annotated[str, typer.Option(help="姓名 / name")],
    station: Annotated[
        str | None, typer.Option(help="在中心添加管理员时:所在单位代码 / at the hub: the unit's code")
    ] = None,
    token: TokenOption = None,
    password_file: PasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """为一名民警(或中心管理员)生成本人密钥和证书请求 / make an officer's or administrator's own key and certificate request.

    密钥只用本人口令解锁;角色写在证书里,由证书机构核定。 / The role stands in the certificate; the authority decides it.
    例 / example:  hanxun person add 012345 --data agent-data --name 张三
    """
    place = _place(data, number)
    if at_hub(data):
        if station is None:
            raise typer.BadParameter("--station 单位代码 / the unit's code", param_hint="--station")
        unit = parse_station(station)
    else:
        unit = load_settings(data).station
    password = read_passphrase(password_file, prompt="本人口令 / this person's password", confirm=True)
    new = NewKey("Ed25519", None if token is None else fresh_label(parse_token_uri(token), number))
    request = make_key(place, password, Subject(name, station=unit, number=number), new)
    fingerprint = short(key_digest(request.public_key))
    if json:
        print_json({"request": str(place.request), "certificate": str(place.certificate), "fingerprint": fingerprint})
    else:
        console.print(f"证书请求 / request: {place.request}\n  指纹 fingerprint: {fingerprint}", markup=False)
        console.print(f"签发后放到 / the certificate goes to: {place.certificate}", markup=False)
        if at_hub(data):
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


def _place(data: Path, number: str) -> KeyPlace:
    if at_hub(data):
        return administrator_place(data, number)
    return AgentFolder(data).officer(number).place


@app.command()
def roles(
    number: Number,
    data: AnyData,
    role: Annotated[
        list[OfficerRole] | None, typer.Option(help="新角色,可多次给出 / the roles to be, may be repeated")
    ] = None,
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """派出所:换角色,即换证书;中心:凭签发好的证书任命管理员 / at a station: other roles, i.e. a new certificate; at the hub: name an administrator.

    派出所端用本人口令(--password-file)。 / At a station the officer's own password is asked for.
    例 / example:  hanxun person roles 011001 --data agent-data --role window --role head
    """
    if at_hub(data):
        signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
        _name_administrator(number, signing, json=json)
        return
    if not role:
        raise typer.BadParameter(", ".join(OfficerRole), param_hint="--role")
    place, settings = _place(data, number), load_settings(data)
    password = read_passphrase(password_file, prompt="本人口令 / this person's password")
    begin_renewal(place, password, NewKey("Ed25519"), purposes=settings.purposes)
    wanted = " ".join(f"--role {item.value}" for item in role)
    steps = [
        f"证书机构签发 / the authority issues: hanxun ca issue {place.next.request.name} --kind officer {wanted} …",
        f"放回本机 / back here: hanxun agent install {number}.cert.pem --data {data}",
        f"证书机构吊销旧证书 / the authority revokes the old one: hanxun ca revoke {place.retired}/….pem --reason superseded",
    ]
    _tell_steps(steps, json=json, request=str(place.next.request), certificate=str(place.next.certificate))


@app.command()
def reset(
    number: Number,
    data: AnyData,
    reason: Annotated[str, typer.Option(help="原因 / why")] = "忘记口令 / password forgotten",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    new_password_file: Annotated[
        Path | None,
        typer.Option(help="该民警新口令文件;不给则提示输入 / the officer's new password, else asked", exists=True),
    ] = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """忘记口令:换新密钥,所长和另一人签名(中心:两名管理员) / a forgotten password: a new key, signed by the head and another.

    例 / example:  hanxun person reset 011001 --data agent-data --by 011002 --and 011003
    """
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    if by is None or and_ is None:
        raise typer.BadParameter("--by 警号 --and 警号 / two people", param_hint="--by, --and")
    if at_hub(data):
        place = administrator_place(data, number)
        removed = _dismiss(number, place, signing, reason)
        password = read_passphrase(new_password_file, prompt="新口令 / the new password", confirm=True)
        old = removed.certified
        make_key(place, password, Subject(old.name, station=old.station, number=number), NewKey("Ed25519"))
        request = place.request
    else:
        with opened(data, passphrase_file) as agent:
            head, other = unlocked(agent, by, password_file), unlocked(agent, and_, and_password_file)
            password = read_passphrase(new_password_file, prompt=f"{number} 的新口令 / new password", confirm=True)
            now = datetime.now(UTC)
            removed, request = reset_officer(agent, head, other, number, new_password=password, reason=reason, now=now)
        place = _place(data, number)
    held = " ".join(f"--role {item.value}" for item in sorted(removed.certified.roles))
    steps = [
        f"证书机构签发 / the authority issues: hanxun ca issue {request} --kind officer {held} --out {place.certificate} …",
        f"证书机构吊销旧证书 / the authority revokes the old one: hanxun ca revoke {removed.path} --reason superseded",
    ]
    if at_hub(data):
        steps.append(f"重新任命 / name again: hanxun person roles {number} --data {data} --by … --and …")
    _tell_steps(steps, json=json, request=str(request), certificate=str(place.certificate), revoke=str(removed.path))


@app.command()
def disable(
    number: Number,
    data: AnyData,
    reason: Annotated[str, typer.Option(help="原因 / why")] = "调离 / left the unit",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """离开:密钥立即停用,由所长签名(中心:两名管理员);证书随后吊销 / leaving: the key is out of use at once, by the head's signature.

    例 / example:  hanxun person disable 011001 --data agent-data --by 011002
    """
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    if by is None:
        raise typer.BadParameter("--by 警号 / police number", param_hint="--by")
    if at_hub(data):
        removed = _dismiss(number, administrator_place(data, number), signing, reason)
    else:
        with opened(data, passphrase_file) as agent:
            head = unlocked(agent, by, password_file)
            removed = disable_officer(agent, head, number, reason=reason, now=datetime.now(UTC))
    steps = [
        f"证书机构吊销 / the authority revokes: hanxun ca revoke {removed.path} --reason affiliationChanged",
        "并发布新的吊销列表 / and publishes the new list: hanxun ca crl …",
    ]
    _tell_steps(steps, json=json, disabled=number, revoke=str(removed.path))


def _dismiss(number: str, place: KeyPlace, signing: Signing, reason: str) -> Removed:
    require_present(place.certificate)
    certified = read_certificate(place.certificate.read_bytes())
    if signing.other is None:
        raise typer.BadParameter("--and 警号 / the other administrator", param_hint="--and")
    administer(signing, AdministrationKind.DISMISS_ADMINISTRATOR, number, ReasonDetails(reason=reason))
    return remove_pair(place, certified)


def _tell_steps(steps: list[str], *, json: bool, **values: object) -> None:
    if json:
        print_json({**values, "next": steps})
        return
    for name, value in values.items():
        console.print(f"{name}: {value}", markup=False)
    console.print("下一步 next:", markup=False)
    for step in steps:
        console.print(f"  {step}", markup=False)
