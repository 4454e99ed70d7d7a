"""`hanxun seal`: the key of a station's electronic seal, unlocked by its custodian."""

from typing import Annotated

import typer

from hanxun.options import AgentData, JsonFlag, PasswordFile, TokenOption, read_passphrase, verb_group
from hanxun.output import console, print_json
from hub.keyring.renew import NewKey, make_key
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.authority import Subject
from hub.signing.fingerprints import key_digest, short
from hub.signing.purposes import SealPurpose
from hub.signing.tokens import fresh_label, parse_token_uri
from station_agent.folder import AgentFolder
from station_agent.settings import load_settings

app = verb_group("印章 / seals.")


@app.command()
def register(
    data: AgentData,
    purpose: Annotated[
        SealPurpose, typer.Option(help="用途:household 户口专用章,general 其他 / the seal's purpose")
    ] = SealPurpose.HOUSEHOLD,
    token: TokenOption = None,
    password_file: PasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """生成印章密钥和证书请求,口令由保管人掌握 / make the seal's key and request; its custodian holds the password.

    例 / example:  hanxun seal register --data agent-data
    """
    settings, files = load_settings(data), AgentFolder(data).seal(purpose)
    if files.place.has_key:
        raise Refused(Code.FILE_EXISTS, detail=str(files.key))
    password = read_passphrase(password_file, prompt="印章口令 / the seal's password", confirm=True)
    title = "户口专用章" if purpose is SealPurpose.HOUSEHOLD else "印章"
    new = NewKey("P-256", None if token is None else fresh_label(parse_token_uri(token), f"seal-{purpose.value}"))
    request = make_key(files.place, password, Subject(f"{settings.name}{title}", station=settings.station), new)
    fingerprint = short(key_digest(request.public_key))
    if json:
        print_json({"request": str(files.request), "certificate": str(files.certificate), "fingerprint": fingerprint})
    else:
        console.print(f"证书请求 / request: {files.request}\n  指纹 fingerprint: {fingerprint}", markup=False)
        console.print(f"签发后放到 / the certificate goes to: {files.certificate}", markup=False)
