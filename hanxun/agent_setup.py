"""Setting up and running an agent: init, serve."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.confirming import confirm_roots
from hanxun.files import require_absent
from hanxun.logs import set_up_logs
from hanxun.notify import notifier
from hanxun.options import SERVICE_CREDENTIAL, AgentData, JsonFlag, PassphraseFile, TokenOption, read_passphrase
from hanxun.output import console, print_json
from hub.protocol.identifiers import parse_station
from hub.signing.certificates import Certified, read_certificate
from hub.signing.crl import Crl
from hub.signing.fingerprints import root_digest, short
from hub.signing.purposes import DEFAULT_PURPOSES
from hub.signing.tokens import parse_token_uri
from hub.trail.note import parse_verifier_key
from station_agent.enrol import accept_offer, fetch_offer
from station_agent.found import NewAgent, found_agent
from station_agent.install import request_fingerprint
from station_agent.settings import AgentSettings, RegisterSettings, TrailSettings, load_settings
from station_agent.sync import serve as serve_agent

app = typer.Typer()


@app.command()
def init(
    data: AgentData,
    station: Annotated[str, typer.Option(help="单位代码 / the station's code")],
    name: Annotated[str, typer.Option(help="单位名称 / the station's name")],
    word: Annotated[str, typer.Option(help="机构代字,用于函号 皖公…户函〔年〕n号 / word in letter numbers")],
    hub: Annotated[str, typer.Option(help="中心地址 / the hub's address")],
    root_fingerprint: Annotated[
        list[str] | None,
        typer.Option(help="证书机构报的根证书指纹,可多次给出 / the root's fingerprint as the authority reads it out"),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(help="不问中心,改用此根证书 / this root certificate instead of the hub's", exists=True),
    ] = None,
    trail_key: Annotated[
        Path | None,
        typer.Option(help="与 --root 同用:日志公钥文件 / with --root: the trail key (trail.vkey)", exists=True),
    ] = None,
    register: Annotated[Path | None, typer.Option(help="参考登记库文件夹 / folder of the reference register")] = None,
    replacement: Annotated[
        bool,
        typer.Option("--replacement", help="顶替丢失且无备份的机器,编号跳号 / follows a lost machine without a backup"),
    ] = False,
    token: TokenOption = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """加入中心:核对根证书指纹,在本机生成密钥、证书请求和设置 / join a hub: compare the root's fingerprint; keys are made here.

    根证书没有核对就什么也不保存 / nothing is stored before the root is confirmed.
    例 / example:  hanxun agent init --data a --station 349911500000 --name 长亭派出所 --word 长亭 --hub https://hub.example
    """
    require_absent(data / "agent.toml")
    code, place = parse_station(station), None if token is None else parse_token_uri(token)
    roots, crl, key = _whom_to_trust(hub.rstrip("/"), root, trail_key, root_fingerprint or [])
    passphrase = read_passphrase(
        passphrase_file, prompt="派出所端口令或令牌 PIN / the agent's passphrase", confirm=True
    )
    settings = AgentSettings(
        station=code,
        name=name,
        word=word,
        hub=hub.rstrip("/"),
        trail=TrailSettings(key=key),
        register=RegisterSettings(folder=str(register.resolve())) if register else None,
    )
    new = NewAgent(settings, roots, crl, replaces=replacement, token=place)
    made = found_agent(data, passphrase, new, now=datetime.now(UTC))
    requests = {"agent": made.agent, "evidence": made.evidence}
    fingerprints = {which: request_fingerprint(path) for which, path in requests.items()}
    if json:
        paths = {which: str(path) for which, path in requests.items()}
        root_prints = [short(root_digest(item)) for item in roots]
        values = {"data": str(data), "requests": paths, "fingerprints": fingerprints, "root_fingerprints": root_prints}
        print_json(values | {"root_fingerprint": root_digest(roots[0])})
        return
    for which, path in requests.items():
        console.print(f"证书请求 request: {path}\n  指纹 fingerprint: {fingerprints[which]}", markup=False)
    console.print(
        "下一步:把请求交证书机构,在电话里报指纹;证书发回后 / next: hand the requests to the authority and read out the\n"
        f"fingerprints; when the certificates come back: hanxun agent install CERT… --data {data}",
        markup=False,
    )


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

    passphrase = read_passphrase(
        passphrase_file, prompt="派出所端口令 / the agent's passphrase", credential=SERVICE_CREDENTIAL
    )
    asyncio.run(serve_agent(data, passphrase, ready=ready, stopping=lambda: notify("STOPPING=1")))


def _whom_to_trust(
    hub: str, root: Path | None, trail_key: Path | None, fingerprints: list[str]
) -> tuple[tuple[Certified, ...], Crl | None, str]:
    if (root is None) != (trail_key is None):
        raise typer.BadParameter("--root, --trail-key", param_hint="--trail-key")
    if root is not None and trail_key is not None:
        key = trail_key.read_text(encoding="utf-8").strip()
        parse_verifier_key(key)
        given = (read_certificate(root.read_bytes()),)
        return (confirm_roots(given, fingerprints) if fingerprints else given), None, key
    offer = asyncio.run(fetch_offer(hub, purposes=DEFAULT_PURPOSES))
    roots = confirm_roots(offer.roots, fingerprints)
    if hub.startswith("https:"):
        # The first line could not be verified; now there is a root that can vouch for the hub's name.
        offer = asyncio.run(fetch_offer(hub, purposes=DEFAULT_PURPOSES, roots=roots))
    statement = accept_offer(offer, roots=roots, purposes=DEFAULT_PURPOSES, now=datetime.now(UTC))
    return roots, offer.crl, statement.trail_key
