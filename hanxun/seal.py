"""`hanxun seal`: the key of a station's electronic seal, unlocked by its custodian."""

from typing import Annotated

import typer

from hanxun.files import require_absent, write_file
from hanxun.options import AgentData, JsonFlag, PasswordFile, read_passphrase, verb_group
from hanxun.output import console, print_json
from hub.signing.authority import Subject, make_request
from hub.signing.keys import encrypt_key, generate_key
from hub.signing.purposes import SealPurpose
from station_agent.folder import AgentFolder
from station_agent.settings import load_settings

app = verb_group("印章 / seals.")


@app.command()
def register(
    data: AgentData,
    purpose: Annotated[
        SealPurpose, typer.Option(help="用途:household 户口专用章,general 其他 / the seal's purpose")
    ] = SealPurpose.HOUSEHOLD,
    password_file: PasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """生成印章密钥和证书请求,口令由保管人掌握 / make the seal's key and request; its custodian holds the password.

    例 / example:  hanxun seal register --data agent-data
    """
    settings, files = load_settings(data), AgentFolder(data).seal(purpose)
    require_absent(files.key)
    password = read_passphrase(password_file, prompt="印章口令 / the seal's password", confirm=True)
    key = generate_key("P-256")
    title = "户口专用章" if purpose is SealPurpose.HOUSEHOLD else "印章"
    write_file(files.key, encrypt_key(key, password), secret=True)
    write_file(files.request, make_request(key, Subject(f"{settings.name}{title}", station=settings.station)))
    if json:
        print_json({"request": str(files.request), "certificate": str(files.certificate)})
    else:
        console.print(f"证书请求 / request: {files.request}", markup=False)
        console.print(f"签发后放到 / the certificate goes to: {files.certificate}", markup=False)
