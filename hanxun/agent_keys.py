"""An agent's keys and certificates: put issued ones in place, see how each stands, renew before they end."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hanxun.options import (
    SERVICE_CREDENTIAL,
    AgentData,
    JsonFlag,
    PassphraseFile,
    PasswordFile,
    TokenOption,
    read_passphrase,
)
from hanxun.output import console, print_json
from hub.keyring.renew import NewKey, begin_renewal
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.texts import text_of
from hub.signing.purposes import CertificateKind
from hub.signing.tokens import fresh_label, parse_token_uri
from station_agent.folder import AgentFolder
from station_agent.history import standstill
from station_agent.install import KeyState, install_certificate, key_states, request_fingerprint
from station_agent.knowledge import Knowledge, load_roots
from station_agent.own_keys import OwnPlace, own_places
from station_agent.settings import load_settings
from station_agent.store.engine import open_store

app = typer.Typer()


@app.command()
def install(
    certificates: Annotated[
        list[Path], typer.Argument(help="签发好的证书 / the certificates issued", exists=True, dir_okay=False)
    ],
    data: AgentData,
    json: JsonFlag = False,
) -> None:
    """把签发好的证书放到各自的密钥旁边,先逐项核对 / put issued certificates beside their keys; everything is checked first.

    例 / example:  hanxun agent install agent.pem evidence.pem --data a
    """
    settings, folder, now = load_settings(data), AgentFolder(data), datetime.now(UTC)
    store = open_store(data)
    try:
        roots = load_roots(folder.trust, purposes=settings.purposes)
        knowledge = Knowledge(store, roots=roots, purposes=settings.purposes, crl_max_age=settings.crl_max_age)
        for path in certificates:
            done = install_certificate(
                path.read_bytes(), folder=folder, settings=settings, trust=knowledge.trust(), now=now
            )
            until = f"{done.certified.not_after:%Y-%m-%d}"
            if json:
                print_json({"key": done.name, "certificate": str(done.path), "until": until, "waits": done.waits})
                continue
            console.print(f"{done.name}: {done.path},{until} 到期 / until", markup=False)
            if done.waits:
                console.print(
                    "  服务告知中心后自动换用,旧密钥在此之前照常使用 / the service tells the hub, then changes over by itself",
                    markup=False,
                )
    finally:
        store.close()


@app.command()
def status(data: AgentData, json: JsonFlag = False) -> None:
    """本机各密钥和证书的状态,还缺什么,下一步做什么 / how this machine's keys stand, what is missing, what comes next.

    例 / example:  hanxun agent status --data a
    """
    settings, now = load_settings(data), datetime.now(UTC)
    states = key_states(AgentFolder(data), settings, now=now)
    store = open_store(data)
    try:
        with store.read() as tx:
            still = standstill(tx)
    finally:
        store.close()
    steps = [step for state in states for step in _steps(state, data)]
    if still is not None:
        steps.append(f"{still.code.value}: {still.text.remedy_zh} / {still.text.remedy_en}")
    if json:
        stopped = None if still is None else still.code.value
        print_json(
            {
                "station": settings.station,
                "hub": settings.hub,
                "keys": [_as_json(state) for state in states],
                "stopped": stopped,
                "next": steps,
            }
        )
        return
    for state in states:
        console.print(f"{state.name}: {_word(state)}", markup=False)
    for step in steps:
        console.print(f"→ {step}", markup=False)
    if not steps:
        console.print("齐备 / nothing is missing", markup=False)


@app.command()
def renew(
    data: AgentData,
    officer: Annotated[str | None, typer.Option(help="更换此警号民警的密钥 / this officer's key instead")] = None,
    seal: Annotated[bool, typer.Option("--seal", help="更换印章密钥 / the seal's key instead")] = False,
    token: TokenOption = None,
    passphrase_file: PassphraseFile = None,
    password_file: PasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """到期前更换:在旧密钥旁生成新密钥和请求,旧的照常使用 / renew before the end: a new key and request beside the old one.

    默认更换本机两把密钥;口令不变 / by default the machine's two keys; the passphrase stays the same.
    例 / example:  hanxun agent renew --data a
    """
    settings, folder = load_settings(data), AgentFolder(data)
    if officer is None and not seal:
        secret = read_passphrase(
            passphrase_file, prompt="派出所端口令 / the agent's passphrase", credential=SERVICE_CREDENTIAL
        )
    else:
        secret = read_passphrase(password_file, prompt="该密钥的口令 / the key's own password")
    uri = None if token is None else parse_token_uri(token)
    for own in _chosen(folder, officer, seal=seal):
        suite = "Ed25519" if own.kind in (CertificateKind.AGENT, CertificateKind.OFFICER) else "P-256"
        label = None if uri is None else fresh_label(uri, own.name.replace(" ", "-"))
        new = NewKey("Ed25519" if suite == "Ed25519" else "P-256", label)
        begin_renewal(own.place, secret, new, purposes=settings.purposes)
        request = own.place.next.request
        fingerprint = request_fingerprint(request)
        if json:
            print_json({"key": own.name, "request": str(request), "fingerprint": fingerprint})
        else:
            console.print(f"{own.name}: {request}\n  指纹 fingerprint: {fingerprint}", markup=False)


def _chosen(folder: AgentFolder, officer: str | None, *, seal: bool) -> tuple[OwnPlace, ...]:
    if officer is not None:
        wanted = [own for own in own_places(folder) if own.number == officer]
    elif seal:
        wanted = [own for own in own_places(folder) if own.kind is CertificateKind.SEAL]
    else:
        wanted = [own for own in own_places(folder) if own.name in ("agent", "evidence")]
    if not wanted:
        raise Refused(Code.KEY_MISSING, detail=officer or "seal")
    return tuple(wanted)


def _steps(state: KeyState, data: Path) -> list[str]:
    found = []
    if state.request is not None:
        found.append(
            f"{state.request} ({state.fingerprint}) 送证书机构签发,再 / to the authority, then: "
            f"hanxun agent install CERT --data {data}"
        )
    elif state.certified is None:
        found.append(f"{state.name}: {text_of(Code.KEY_MISSING).remedy_zh} / {text_of(Code.KEY_MISSING).remedy_en}")
    if state.waits_for_hub:
        found.append(
            f"{state.name}: 运行服务,连上中心即换用 / run the service: it changes over when it reaches the hub"
        )
    if state.expiry is not None and state.request is None and not state.waits_for_hub:
        found.append(f"{state.name}: {state.expiry.days} 天后到期 / days left: hanxun agent renew --data {data}")
    return found


def _word(state: KeyState) -> str:
    if state.certified is None:
        return "没有证书 / no certificate"
    until = f"{state.certified.not_after:%Y-%m-%d}"
    if state.expiry is not None:
        return f"已过期 / expired {until}" if state.expiry.expired else f"{until} 到期,即将 / ends soon"
    return f"有效至 / until {until}"


def _as_json(state: KeyState) -> dict[str, Any]:
    return {
        "key": state.name,
        "until": None if state.certified is None else f"{state.certified.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "days": None if state.expiry is None else state.expiry.days,
        "request": None if state.request is None else str(state.request),
        "fingerprint": state.fingerprint,
        "waits_for_hub": state.waits_for_hub,
    }
