"""Setting up and running an agent: init, serve."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from hanxun.files import require_absent, write_file
from hanxun.logs import set_up_logs
from hanxun.notify import notifier
from hanxun.options import AgentData, JsonFlag, PassphraseFile, read_passphrase
from hanxun.output import console, print_json
from hub.protocol.identifiers import digest_of, parse_station
from hub.signing.authority import Subject, make_request
from hub.signing.certificates import read_certificate
from hub.signing.keys import encrypt_key, generate_key
from hub.trail.note import parse_verifier_key
from station_agent.folder import AgentFolder
from station_agent.settings import AgentSettings, RegisterSettings, TrailSettings, load_settings, write_settings
from station_agent.sync import serve as serve_agent

app = typer.Typer()


@app.command()
def init(
    data: AgentData,
    station: Annotated[str, typer.Option(help="单位代码 / the station's code")],
    name: Annotated[str, typer.Option(help="单位名称 / the station's name")],
    word: Annotated[str, typer.Option(help="机构代字,用于函号 皖公…户函〔年〕n号 / word in letter numbers")],
    hub: Annotated[str, typer.Option(help="中心地址 / the hub's address")],
    root: Annotated[
        Path, typer.Option(help="根证书,指纹须与证书机构核对 / the root; compare its fingerprint", exists=True)
    ],
    trail_key: Annotated[Path, typer.Option(help="中心日志公钥文件 / the hub's trail key (trail.vkey)", exists=True)],
    register: Annotated[Path | None, typer.Option(help="参考登记库文件夹 / folder of the reference register")] = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """生成派出所端的密钥、证书请求和设置 / make the agent's keys, certificate requests and settings.

    例 / example:  hanxun agent init --data a --station 349911500000 --name 长亭派出所 --word 长亭 --hub http://127.0.0.1:8700
                   --root root.pem --trail-key trail.vkey
    """
    folder, code = AgentFolder(data), parse_station(station)
    require_absent(data / "agent.toml")
    trusted = read_certificate(root.read_bytes())
    key_text = trail_key.read_text(encoding="utf-8").strip()
    parse_verifier_key(key_text)
    passphrase = read_passphrase(passphrase_file, prompt="派出所端口令 / the agent's passphrase", confirm=True)
    for files, suite, title in ((folder.agent, "Ed25519", "函询"), (folder.evidence, "P-256", "证据")):
        key = generate_key("Ed25519" if suite == "Ed25519" else "P-256")
        write_file(files.key, encrypt_key(key, passphrase), secret=True)
        write_file(files.request, make_request(key, Subject(f"{name}{title}", station=code)))
    write_file(folder.trust / "root.pem", trusted.pem)
    write_settings(
        data,
        AgentSettings(
            station=code,
            name=name,
            word=word,
            hub=hub.rstrip("/"),
            trail=TrailSettings(key=key_text),
            register=RegisterSettings(folder=str(register.resolve())) if register else None,
        ),
    )
    requests = {"agent": str(folder.agent.request), "evidence": str(folder.evidence.request)}
    if json:
        print_json({"data": str(data), "requests": requests, "root_fingerprint": digest_of(trusted.der)})
        return
    console.print(f"证书请求 / requests: {requests['agent']}, {requests['evidence']}", markup=False)
    console.print(
        f"签发后放到 / certificates go to: {folder.agent.certificate}, {folder.evidence.certificate}", markup=False
    )
    console.print(f"信任的根证书指纹 / fingerprint of the root trusted: {digest_of(trusted.der)}", markup=False)


@app.command()
def serve(data: AgentData, passphrase_file: PassphraseFile = None) -> None:
    """运行收发服务,Ctrl-C 有序停止 / run the service that sends and receives, until told to stop.

    就绪时在标准输出打印一行 JSON / prints one line of JSON on stdout when ready.
    例 / example:  hanxun agent serve --data a
    """
    set_up_logs(load_settings(data).log.form)
    notify = notifier(os.environ.get("NOTIFY_SOCKET"))

    def ready() -> None:
        print_json({"ready": True, "data": str(data)})
        notify("READY=1\nSTATUS=收发中 / sending and receiving")

    passphrase = read_passphrase(passphrase_file, prompt="派出所端口令 / the agent's passphrase")
    asyncio.run(serve_agent(data, passphrase, ready=ready, stopping=lambda: notify("STOPPING=1")))
