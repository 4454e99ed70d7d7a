"""`hanxun hub pending | approve | withdraw | administrators`: what waits for a second administrator, and who they are."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from hanxun.administrators import (
    By,
    ByPasswordFile,
    Signing,
    Yes,
    confirm,
    confirm_for_ever,
    hub_passphrase,
    lines_of,
    proposer,
    show_act,
    tell,
)
from hanxun.alarm_lines import print_alarm
from hanxun.options import HubData, JsonFlag, PassphraseFile
from hanxun.output import console, print_json
from hub.exchange import administration
from hub.exchange.administrators import NEEDED
from hub.exchange.seals import list_alarms
from hub.protocol.administration import KIND_WORDS, AdministrationKind

app = typer.Typer()
Number = Annotated[int, typer.Argument(min=1, help="待批号 / the proposal's number")]


@app.command()
def pending(data: HubData, passphrase_file: PassphraseFile = None, json: JsonFlag = False) -> None:
    """列出等待第二名管理员签名的事项 / list what waits for a second administrator's signature.

    例 / example:  hanxun hub pending --data hub-data
    """
    with administration.open_office(data, hub_passphrase(passphrase_file)) as office:
        waiting = administration.pending(office, now=datetime.now(UTC))
    if json:
        acts = [{"number": item.number, "lapsed": item.lapsed, **msgspec.to_builtins(item.act)} for item in waiting]
        print_json({"proposals": acts})
        return
    if not waiting:
        console.print("没有待批事项 / nothing waits", markup=False)
    for item in waiting:
        lapsed = "  已失效 / lapsed" if item.lapsed else ""
        console.print(f"{item.number}  {KIND_WORDS[item.act.act]}{lapsed}", markup=False)
        for name, value in lines_of(item.act):
            console.print(f"    {name}: {value}", markup=False)


@app.command()
def approve(
    number: Number,
    data: HubData,
    by: By = None,
    password_file: ByPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """第二名管理员看过后签名,事项立即生效 / the second administrator looks and signs; it takes effect at once.

    例 / example:  hanxun hub approve 3 --data hub-data --by 900002
    """
    with administration.open_office(data, hub_passphrase(passphrase_file)) as office:
        act = administration.proposed(office, number, now=datetime.now(UTC)).act
        show_act(act)
        signer = proposer(Signing(data, passphrase_file, by, password_file))
        (confirm_for_ever if act.act is AdministrationKind.ERASE_CASE else confirm)(yes)
        filed = administration.approve(office, number, signer=signer, now=datetime.now(UTC))
    tell(filed, json=json)


@app.command()
def withdraw(
    number: Number,
    data: HubData,
    reason: Annotated[str, typer.Option(help="撤回原因 / why")],
    by: By = None,
    password_file: ByPasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """撤回一件待批事项,任何一名管理员都可以 / take a proposal back; any one administrator may.

    例 / example:  hanxun hub withdraw 3 --data hub-data --by 900001 --reason 证书有误
    """
    with administration.open_office(data, hub_passphrase(passphrase_file)) as office:
        signer = proposer(Signing(data, passphrase_file, by, password_file))
        administration.withdraw(office, number, reason=reason, signer=signer, now=datetime.now(UTC))
    if json:
        print_json({"withdrawn": number})
    else:
        console.print(f"已撤回 / withdrawn: {number}", markup=False)


@app.command("administrators")
def list_administrators(data: HubData, passphrase_file: PassphraseFile = None, json: JsonFlag = False) -> None:
    """列出本中心的管理员 / list the hub's administrators.

    例 / example:  hanxun hub administrators --data hub-data
    """
    with administration.open_office(data, hub_passphrase(passphrase_file)) as office:
        people = administration.administrators(office, now=datetime.now(UTC))
    if json:
        lines = [
            {"number": person.certified.number, "name": person.certified.name, "good": person.good} for person in people
        ]
        print_json({"administrators": lines})
        return
    if len({person.certified.number for person in people if person.good}) < NEEDED:
        console.print(
            "管理员不足两名,只能任命管理员 / fewer than two: only naming administrators is possible", markup=False
        )
    for person in people:
        state = "" if person.good else "  证书已到期或吊销 / expired or revoked"
        until = f"{person.certified.not_after:%Y-%m-%d}"
        console.print(f"{person.certified.number}  {person.certified.name}  {until}{state}", markup=False)


@app.command("alarms")
def show_alarms(data: HubData, json: JsonFlag = False) -> None:
    """列出派出所的警报:已据以办理的函,其印章此前已失控 / list stations' alarms: letters acted on under a seal lost before.

    例 / example:  hanxun hub alarms --data hub-data
    """
    found = list_alarms(data)
    if json:
        print_json({"alarms": [msgspec.to_builtins(alarm) for alarm in found]})
        return
    if not found:
        console.print("没有警报 / no alarms", markup=False)
    for alarm in found:
        print_alarm(alarm)
