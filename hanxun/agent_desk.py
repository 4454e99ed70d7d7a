"""The officers' pages: serving them, and letting an officer in for the first time."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from hanxun.desk_options import looked_into, register_of
from hanxun.logs import set_up_logs
from hanxun.options import SERVICE_CREDENTIAL, AgentData, JsonFlag, PassphraseFile, PasswordFile, read_passphrase
from hanxun.output import console, print_json
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.purposes import OfficerRole
from station_agent.folder import AgentFolder
from station_agent.people import unlock_officer
from station_agent.settings import load_settings
from station_agent.store.desk import find_account
from station_agent.web.accounts import new_code
from station_agent.web.server import serve_desk

app = typer.Typer()


@app.command()
def desk(
    data: AgentData,
    host: Annotated[str | None, typer.Option(help="监听地址,代替 [desk] host / address instead of the setting")] = None,
    port: Annotated[
        int | None, typer.Option(help="端口,0 为任选 / port instead of the setting, 0: any", min=0, max=65535)
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """提供民警页面,Ctrl-C 有序停止;收发仍由 agent serve 负责 / serve the officers' pages; sending stays with `agent serve`.

    就绪时在标准输出打印一行 JSON / prints one line of JSON on stdout when ready.
    例 / example:  hanxun agent desk --data a
    """
    set_up_logs(load_settings(data).log.form)
    prompt = "派出所端口令 / the agent's passphrase"
    passphrase = read_passphrase(passphrase_file, prompt=prompt, credential=SERVICE_CREDENTIAL)

    def ready(address: str) -> None:
        print_json({"ready": True, "url": address})

    asyncio.run(serve_desk(data, passphrase, register=register_of, host=host, port=port, ready=ready))


@app.command()
def enrol(
    number: Annotated[str, typer.Argument(help="警号 / police number")],
    data: AgentData,
    by: Annotated[
        str | None, typer.Option(help="重新开通时,同意的所长警号 / enrolling again: number of the head who consents")
    ] = None,
    password_file: PasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """发给一名民警一次性开通码,24小时有效,用于在页面上设置动态码 / give an officer a one-time code for the pages.

    已开通的人重新开通(换手机),须所长本人输入口令同意 / enrolling again needs the head's own password.
    例 / example:  hanxun agent enrol 011001 --data a
    """
    settings, folder = load_settings(data), AgentFolder(data)
    if not number.isalnum() or not folder.officer(number).certificate.is_file():
        raise Refused(Code.OFFICER_UNKNOWN, detail=number[:32])
    with looked_into(data) as store:
        with store.read() as tx:
            account = find_account(tx, number)
        if account is not None and account.totp is not None:
            if by is None or by == number:
                raise Refused(Code.DESK_ENROLLED, field="--by", values={"number": number})
            password = read_passphrase(password_file, prompt=f"{by} 的口令 / password")
            unlock_officer(folder, by, password, purposes=settings.purposes).require_role(OfficerRole.HEAD)
        with store.write() as tx:
            code = new_code(tx, number, now=datetime.now(UTC))
    if json:
        print_json({"number": number, "code": code})
    else:
        console.print(f"开通码(24小时内有效) / one-time code, valid for 24 hours: {code}", markup=False)
        console.print("本人在登录页点“首次使用”设置 / the officer sets up the second factor on the first-use page")
