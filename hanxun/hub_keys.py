"""The hub's keys and certificates: renew before they end, put issued certificates in place."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.options import SERVICE_CREDENTIAL, HubData, JsonFlag, PassphraseFile, TokenOption, read_passphrase
from hanxun.output import console, print_json
from hub.exchange.hub import purposes_of, read_settings
from hub.exchange.install import hub_places, install_hub_certificate
from hub.keyring.renew import NewKey, begin_renewal
from hub.signing.fingerprints import key_digest, short
from hub.signing.tokens import fresh_label, parse_token_uri
from hub.store.layout import DataFolder

app = typer.Typer()


@app.command()
def renew(
    data: HubData,
    tls_only: Annotated[bool, typer.Option("--tls-only", help="只更换 TLS 密钥 / only the TLS pair")] = False,
    token: TokenOption = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """到期前更换:在旧密钥旁生成新密钥和请求,中心照常运行 / renew before the end: new keys and requests beside the old; it may be serving.

    例 / example:  hanxun hub renew --data hub-data
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    secret = read_passphrase(passphrase_file, prompt="中心口令 / the hub's passphrase", credential=SERVICE_CREDENTIAL)
    uri = None if token is None else parse_token_uri(token)
    for name, place in hub_places(folder, settings).items():
        if tls_only and name != "tls":
            continue
        # OpenSSL serves TLS from a file.
        label = None if uri is None or name == "tls" else fresh_label(uri, name)
        request = begin_renewal(place, secret, NewKey("P-256", label), purposes=purposes_of(settings))
        fingerprint = short(key_digest(request.public_key))
        if json:
            print_json({"key": name, "request": str(place.next.request), "fingerprint": fingerprint})
        else:
            console.print(f"{name}: {place.next.request}\n  指纹 fingerprint: {fingerprint}", markup=False)


@app.command()
def install(
    certificates: Annotated[
        list[Path], typer.Argument(help="签发好的证书 / the certificates issued", exists=True, dir_okay=False)
    ],
    data: HubData,
    json: JsonFlag = False,
) -> None:
    """把更换后签发的证书放到密钥旁边;运行中的中心自动换用 / put renewed certificates in place; a serving hub changes over by itself.

    例 / example:  hanxun hub install hub.pem evidence.pem --data hub-data
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    for path in certificates:
        done = install_hub_certificate(
            path.read_bytes(), folder=folder, settings=settings, purposes=purposes_of(settings), now=datetime.now(UTC)
        )
        until = f"{done.certified.not_after:%Y-%m-%d}"
        if json:
            print_json({"key": done.name, "certificate": str(done.path), "until": until})
        else:
            console.print(f"{done.name}: {done.path},{until} 到期 / until", markup=False)
