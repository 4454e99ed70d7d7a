"""`hanxun person`: an officer's key, made at the station, unlocked by that person's password alone."""

from typing import Annotated

import typer

from hanxun.files import require_absent, write_file
from hanxun.options import AgentData, JsonFlag, PasswordFile, read_passphrase, verb_group
from hanxun.output import console, print_json
from hub.signing.authority import Subject, make_request
from hub.signing.keys import encrypt_key, generate_key
from station_agent.folder import AgentFolder
from station_agent.settings import load_settings

app = verb_group("人员 / people at a station.")


@app.command()
def add(
    number: Annotated[str, typer.Argument(help="警号 / police number")],
    data: AgentData,
    name: Annotated[str, typer.Option(help="姓名 / name")],
    password_file: PasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """为一名民警生成本人密钥和证书请求 / make an officer's own key and its certificate request.

    密钥只用本人口令解锁;角色写在证书里,由证书机构核定。 / The role stands in the certificate; the authority decides it.
    例 / example:  hanxun person add 012345 --data agent-data --name 张三
    """
    files = AgentFolder(data).officer(number)
    require_absent(files.key)
    password = read_passphrase(password_file, prompt="本人口令 / this person's password", confirm=True)
    key = generate_key("Ed25519")
    subject = Subject(name, station=load_settings(data).station, number=number)
    write_file(files.key, encrypt_key(key, password), secret=True)
    write_file(files.request, make_request(key, subject))
    if json:
        print_json({"request": str(files.request), "certificate": str(files.certificate)})
    else:
        console.print(f"证书请求 / request: {files.request}", markup=False)
        console.print(f"签发后放到 / the certificate goes to: {files.certificate}", markup=False)
