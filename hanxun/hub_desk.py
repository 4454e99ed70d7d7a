"""`hanxun hub desk | enrol | reset`: serving the auditors' and administrators' pages, and letting people in."""

import asyncio
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
    hub_passphrase,
    tell,
)
from hanxun.logs import set_up_logs
from hanxun.options import SERVICE_CREDENTIAL, HubData, JsonFlag, PassphraseFile, read_passphrase
from hanxun.output import console, print_json
from hub.exchange.administration import open_office
from hub.exchange.hub import read_settings
from hub.protocol.administration import AdministrationKind, ReasonDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.store.desk import somebody_enrolled
from hub.store.layout import DataFolder
from hub.web.desk.accounts import code_for
from hub.web.desk.officials import place_of
from hub.web.desk.server import serve_desk

app = typer.Typer()
Number = Annotated[str, typer.Argument(help="警号 / police number")]


@app.command()
def desk(
    data: HubData,
    host: Annotated[str | None, typer.Option(help="监听地址,代替 [desk] host / address instead of the setting")] = None,
    port: Annotated[
        int | None, typer.Option(help="端口,0 为任选 / port instead of the setting, 0: any", min=0, max=65535)
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """提供审计与管理页面,Ctrl-C 有序停止;收发仍由 hub serve 负责 / serve the auditors' and administrators' pages.

    就绪时在标准输出打印一行 JSON / prints one line of JSON on stdout when ready.
    例 / example:  hanxun hub desk --data hub-data
    """
    set_up_logs(read_settings(DataFolder(data)).log.form)
    passphrase = read_passphrase(
        passphrase_file, prompt="中心口令 / the hub's passphrase", credential=SERVICE_CREDENTIAL
    )

    def ready(address: str) -> None:
        print_json({"ready": True, "url": address})

    asyncio.run(serve_desk(data, passphrase, host=host, port=port, ready=ready))


@app.command()
def enrol(
    number: Number,
    data: HubData,
    by: By = None,
    password_file: ByPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """由一名管理员发给管理员或审计员一次性开通码,24小时有效 / an administrator gives somebody a one-time code for the pages.

    还没有人开通时不用 --by,只凭中心口令 / while nobody is enrolled the hub's passphrase is enough.
    例 / example:  hanxun hub enrol 900003 --data hub-data --by 900001
    """
    _require_here(data, number)
    with open_office(data, hub_passphrase(passphrase_file)) as office:
        with office.engine.begin() as tx:
            first = not somebody_enrolled(tx)
        if not first or by is not None:
            signing = Signing(data, passphrase_file, by, password_file, yes=yes)
            details = ReasonDetails(reason="开通页面 / first sign-in")
            administer(signing, AdministrationKind.ENROL_ACCOUNT, number, details)
        with office.engine.begin() as tx:
            code = code_for(tx, number, now=datetime.now(UTC))
    _tell_code(number, code, json=json)


@app.command()
def reset(
    number: Number,
    data: HubData,
    reason: Annotated[str, typer.Option(help="原因 / why")] = "更换手机 / a new phone",
    by: By = None,
    password_file: ByPasswordFile = None,
    and_: And = None,
    and_password_file: AndPasswordFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """重置一人的动态码,两名管理员签名;忘记口令用 hanxun person reset / a new second factor, by two administrators.

    例 / example:  hanxun hub reset 900003 --data hub-data --by 900001 --and 900002
    """
    _require_here(data, number)
    signing = Signing(data, passphrase_file, by, password_file, and_, and_password_file, yes)
    filed = administer(signing, AdministrationKind.RESET_ACCOUNT, number, ReasonDetails(reason=reason))
    if not filed.effective:
        tell(filed, json=json)
        return
    with open_office(data, hub_passphrase(passphrase_file)) as office, office.engine.begin() as tx:
        code = code_for(tx, number, now=datetime.now(UTC))
    _tell_code(number, code, json=json)


def _require_here(data: Path, number: str) -> None:
    if not place_of(DataFolder(data), number).certificate.is_file():
        raise Refused(Code.OFFICER_UNKNOWN, detail=number[:32])


def _tell_code(number: str, code: str, *, json: bool) -> None:
    if json:
        print_json({"number": number, "code": code})
        return
    console.print(f"开通码(24小时内有效) / one-time code, valid for 24 hours: {code}", markup=False)
    console.print(
        "本人在登录页点“首次使用”设置 / the person sets up the second factor on the first-use page", markup=False
    )
