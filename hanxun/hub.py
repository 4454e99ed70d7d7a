"""`hanxun hub`: make a hub, serve it, upgrade its store, check it."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hanxun import hub_administration, hub_backup, hub_desk, hub_erase, hub_keys, hub_trail
from hanxun.backup_options import ProgressLine
from hanxun.files import require_present
from hanxun.findings import tell
from hanxun.logs import set_up_logs
from hanxun.notify import notifier
from hanxun.options import (
    SERVICE_CREDENTIAL,
    HubData,
    JsonFlag,
    PassphraseFile,
    TokenOption,
    read_passphrase,
    verb_group,
)
from hanxun.output import console, print_json, say, witnessed_in_words
from hub.exchange.check import check_hub
from hub.exchange.hub import read_settings
from hub.exchange.init import HubParts, init_hub
from hub.exchange.install import certificate_findings
from hub.keyring.place import KeyPlace
from hub.keyring.renew import NewKey, make_key
from hub.signing.authority import Subject
from hub.signing.fingerprints import key_digest, short
from hub.signing.tokens import fresh_label, parse_token_uri
from hub.store.layout import DataFolder
from hub.store.migrate import migrate_keeping
from hub.web.desk.accounts import new_first_code
from hub.web.server import run

app = verb_group("中心 / the hub.")
app.registered_commands += hub_backup.app.registered_commands + hub_keys.app.registered_commands
app.registered_commands += hub_administration.app.registered_commands + hub_trail.app.registered_commands
app.registered_commands += hub_erase.app.registered_commands + hub_desk.app.registered_commands
_SETTINGS = """\
# Settings of this hub; what is left out has its default, unknown keys are refused. See docs/reference/settings.md.

[listen]
host = "{host}"
port = {port}
{url}{tls}
[trail]
origin = "{origin}"      # the trail's name in every checkpoint; never change it
"""
_TLS_SETTINGS = """
[tls]
certificate = "keys/tls.cert.pem"
key = "keys/tls.key.pem"
"""


@app.command()
def request(
    out: Annotated[
        Path, typer.Option(help="新密钥和证书请求放在哪个文件夹 / folder for the new keys and their requests")
    ],
    name: Annotated[str, typer.Option(help="中心的名称 / the hub's name")],
    tls_only: Annotated[
        bool, typer.Option("--tls-only", help="只生成新的 TLS 密钥,用于换发 / only a new TLS pair, for its renewal")
    ] = False,
    token: TokenOption = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """第一步:生成中心的密钥和证书请求 / step 1: make the hub's keys, encrypted, and their certificate requests.

    例 / example:  hanxun hub request --out hub-keys --name "省厅函询中心"
    """
    passphrase = read_passphrase(passphrase_file, prompt="中心口令 / the hub's passphrase", confirm=True)
    uri = None if token is None else parse_token_uri(token)
    wanted = [("tls", "TLS")] if tls_only else [("hub", "回执"), ("evidence", "证据"), ("tls", "TLS")]
    fingerprints = {}
    for stem, suffix in wanted:
        place = KeyPlace(out / f"{stem}.key.pem", out / f"{stem}.pem", out / f"{stem}.csr.pem")
        # OpenSSL serves TLS from a file.
        label = None if uri is None or stem == "tls" else fresh_label(uri, stem)
        request = make_key(place, passphrase, Subject(f"{name}({suffix})"), NewKey("P-256", label))
        fingerprints[str(place.request)] = short(key_digest(request.public_key))
    if json:
        print_json({"requests": list(fingerprints), "fingerprints": fingerprints})
    else:
        for path, fingerprint in fingerprints.items():
            console.print(f"{path}\n  指纹 fingerprint: {fingerprint}", markup=False)
        console.print(
            "下一步 next: hanxun ca issue …csr.pem --kind hub | --kind evidence | --kind tls --host …, hanxun hub init",
            markup=False,
        )


@app.command()
def init(
    data: HubData,
    keys: Annotated[
        Path,
        typer.Option(
            help="hub request 生成的文件夹,内有签发好的 hub.pem、evidence.pem、tls.pem / the folder of `hub request`",
            exists=True,
        ),
    ],
    root: Annotated[Path, typer.Option(help="根证书 / the root certificate", exists=True)],
    crl: Annotated[Path, typer.Option(help="吊销列表 / the revocation list", exists=True)],
    origin: Annotated[
        str, typer.Option(help="日志名称,以后不可更改 / the trail's name, for ever")
    ] = "hanxun.hub.local/trail",
    host: Annotated[str, typer.Option(help="监听地址 / listening address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口,0 为任意空闲 / port, 0 takes a free one")] = 8700,
    public_url: Annotated[
        str | None,
        typer.Option(
            help="派出所端访问中心的地址;默认即监听地址 / how agents reach the hub; else the listening address"
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """第二步:用签发好的证书建立数据文件夹 / step 2: make the data folder from the issued certificates; whole or not at all.

    有 tls.pem 就用 https;没有就是明文,只能监听本机 / with tls.pem it serves https; without, plain HTTP on this machine only.

    例 / example:  hanxun hub init --data hub-data --keys hub-keys --root ca/root.pem --crl ca/crl.der
    """
    tls = (keys / "tls.pem").exists()
    parts = HubParts(
        roots=root.read_bytes(),
        crl=crl.read_bytes(),
        hub_key=_key(keys / "hub.key.pem"),
        hub_certificate=_read(keys / "hub.pem"),
        evidence_key=_key(keys / "evidence.key.pem"),
        evidence_certificate=_read(keys / "evidence.pem"),
        settings=_SETTINGS.format(
            host=host,
            port=port,
            origin=origin,
            url="" if public_url is None else f"public_url = {msgspec.json.encode(public_url).decode()}\n",
            tls=_TLS_SETTINGS if tls else "",
        ).encode(),
        tls_key=_read(keys / "tls.key.pem") if tls else None,
        tls_certificate=_read(keys / "tls.pem") if tls else None,
    )
    folder = init_hub(data, read_passphrase(passphrase_file), parts, now=datetime.now(UTC))
    code = new_first_code(folder, now=datetime.now(UTC))
    if json:
        print_json({"data": str(data), "trail_key": folder.trail_verifier.read_text().strip(), "desk_code": code})
    else:
        console.print(f"中心已建立 / the hub is made: {data}", markup=False)
        console.print(f"日志公钥,各派出所需要 / trail key for the stations: {folder.trail_verifier}", markup=False)
        console.print(
            f"首名管理员在审计与管理页面的开通码(30天内,一次) / the first administrator's code: {code}", markup=False
        )


@app.command()
def serve(
    data: HubData,
    host: Annotated[str | None, typer.Option(help="监听地址,默认按 hub.toml / instead of hub.toml's")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="端口 / port")] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """运行中心,Ctrl-C 有序停止 / serve until told to stop; what is accepted is finished first.

    就绪时在标准输出打印一行 JSON / prints one line of JSON on stdout when ready.
    例 / example:  hanxun hub serve --data hub-data
    """
    set_up_logs(read_settings(DataFolder(data)).log.form)
    notify = notifier(os.environ.get("NOTIFY_SOCKET"))

    def ready(address: str) -> None:
        print_json({"ready": True, "url": address})
        notify(f"READY=1\nSTATUS=受理中 / taking letters at {address}")

    passphrase = read_passphrase(
        passphrase_file, prompt="中心口令 / the hub's passphrase", credential=SERVICE_CREDENTIAL
    )
    run(data, passphrase, host=host, port=port, announce=ready, stopping=lambda: notify("STOPPING=1"))


@app.command()
def migrate(data: HubData, json: JsonFlag = False) -> None:
    """把数据库升级到本版本 / bring the store up to this version.

    例 / example:  hanxun hub migrate --data hub-data
    """
    copy = migrate_keeping(DataFolder(data).database, now=datetime.now(UTC))
    if json:
        print_json({"migrated": True, "copy": None if copy is None else str(copy)})
    else:
        if copy is not None:
            say(f"升级前的数据库已另存 / the database as it was: {copy}")
        say("数据库已是本版本 / the store is up to date")


@app.command()
def check(data: HubData, json: JsonFlag = False) -> None:
    """检查数据库、附件和日志是否一致,只读 / find every inconsistency between database, letters and trail; reads only.

    例 / example:  hanxun hub check --data hub-data
    """
    report = check_hub(data, progress=ProgressLine())
    if not json and report.witnessed is not None:
        say(witnessed_in_words(report.witnessed))
    more = {"trail": msgspec.to_builtins(report.trail), "witnessed": msgspec.to_builtins(report.witnessed)}
    tell((*report.findings, *certificate_findings(data, now=datetime.now(UTC))), json=json, more=more)


def _key(path: Path) -> bytes:
    token = KeyPlace(path, path, path).token
    return token.read_bytes() if token.is_file() else _read(path)


def _read(path: Path) -> bytes:
    require_present(path)
    return path.read_bytes()
