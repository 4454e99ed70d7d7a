"""`hanxun ca`: a small certificate authority for those who have none. Keep its folder offline; an outside PKI works as well."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from hanxun import ca_backup
from hanxun.authority_folder import CRL_DAYS, AuthorityFolder
from hanxun.files import require_absent, write_file
from hanxun.options import JsonFlag, PassphraseFile, parse_at, read_passphrase, verb_group
from hanxun.output import console, print_json
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import parse_station
from hub.signing.authority import Request, Subject, issue, read_request
from hub.signing.certificates import Certified
from hub.signing.crl import Revocation
from hub.signing.fingerprints import key_digest, require_same, root_digest, short
from hub.signing.purposes import CertificateKind, OfficerRole, SealPurpose
from hub.signing.tls import issue_tls
from hub.trail.keys import read_statement, sign_trail_keys

app = verb_group("小型证书机构 / a small certificate authority.")
app.registered_commands += ca_backup.app.registered_commands
Folder = Annotated[
    Path, typer.Option("--dir", help="证书机构的文件夹,请离线保存 / the authority's folder, kept offline")
]


class IssuedKind(StrEnum):
    """What `ca issue` makes: the five kinds, and a TLS server's certificate, by which nothing is signed that counts."""

    AGENT = CertificateKind.AGENT.value
    OFFICER = CertificateKind.OFFICER.value
    SEAL = CertificateKind.SEAL.value
    HUB = CertificateKind.HUB.value
    EVIDENCE = CertificateKind.EVIDENCE.value
    TLS = "tls"


_REASONS = {
    "unspecified": None,
    "keyCompromise": x509.ReasonFlags.key_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
    "certificateHold": x509.ReasonFlags.certificate_hold,
}


@app.command()
def init(
    dir: Folder,
    name: Annotated[str, typer.Option(help="根证书的名称 / the root's name")],
    years: Annotated[int, typer.Option(min=1, max=40, help="有效年数 / years")] = 20,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """建立根密钥、根证书和空的吊销列表 / make the root key, its certificate and an empty revocation list.

    例 / example:  hanxun ca init --dir ca --name "安徽省户籍函询根证书"
    """
    passphrase = read_passphrase(passphrase_file, prompt="根密钥口令 / passphrase of the root key", confirm=True)
    root = AuthorityFolder(dir).create(name=name, passphrase=passphrase, now=datetime.now(UTC), years=years)
    _print_certificate(root, AuthorityFolder(dir).certificate, json=json)


@app.command("issue")
def issue_certificate(
    request: Annotated[Path, typer.Argument(help="证书请求 / the request (PKCS#10)", exists=True, dir_okay=False)],
    dir: Folder,
    kind: Annotated[IssuedKind, typer.Option(help="证书种类 / kind of certificate")],
    out: Annotated[Path, typer.Option(help="证书写到哪里 / where the certificate goes")],
    role: Annotated[
        list[OfficerRole] | None, typer.Option(help="人员角色,可多次给出 / an officer's role, may be repeated")
    ] = None,
    purpose: Annotated[SealPurpose | None, typer.Option(help="印章用途 / the seal's purpose")] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="TLS 证书的主机名或 IP,可多次给出 / a TLS certificate's host name or address, may be repeated"
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="改用此名称 / use this name instead of the request's")] = None,
    station: Annotated[
        str | None, typer.Option(help="改用此单位代码 / use this station instead of the request's")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="有效天数 / days")] = 730,
    fingerprint: Annotated[
        str | None, typer.Option(help="对方在电话里报的指纹 / the fingerprint as read out by the applicant")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="不核对指纹,仅供脚本 / compare nothing; for scripts")] = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """查看请求、核对指纹并签发证书 / show a request, compare its fingerprint, issue the certificate.

    不给 --fingerprint 就在终端中输入对方所报的指纹 / without `--fingerprint` you type what the applicant reads out.
    例 / example:  hanxun ca issue agent.csr --dir ca --kind agent --out agent.pem
    """
    require_absent(out)
    wanted = read_request(request.read_bytes())
    subject = Subject(
        name=name or wanted.subject.name,
        station=parse_station(station) if station else wanted.subject.station,
        number=wanted.subject.number,
        organization=wanted.subject.organization,
    )
    if fingerprint is not None or not yes:
        _compare(wanted, subject, kind, hosts=host or (), heard=fingerprint)
    folder, now = AuthorityFolder(dir), datetime.now(UTC)
    authority = folder.unlock(read_passphrase(passphrase_file, prompt="根密钥口令 / passphrase of the root key"))
    # Clocks differ between machines.
    not_before, not_after = now - timedelta(minutes=5), now + timedelta(days=days)
    if kind is IssuedKind.TLS:
        certified = issue_tls(
            authority,
            public_key=wanted.public_key,
            name=subject.name,
            hosts=host or (),
            not_before=not_before,
            not_after=not_after,
        )
    else:
        certified = issue(
            authority,
            kind=CertificateKind(kind.value),
            public_key=wanted.public_key,
            subject=subject,
            not_before=not_before,
            not_after=not_after,
            roles=role or (),
            seal_purpose=purpose,
        )
    folder.keep(certified)
    write_file(out, certified.pem)
    _print_certificate(certified, out, json=json)


@app.command()
def revoke(
    certificate: Annotated[Path, typer.Argument(help="要吊销的证书 / the certificate", exists=True, dir_okay=False)],
    dir: Folder,
    reason: Annotated[str, typer.Option(help="原因 / reason: " + ", ".join(_REASONS))] = "unspecified",
    invalid_since: Annotated[
        str | None, typer.Option(help="密钥可能已失控的时刻 / since when the key may be lost")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask")] = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """吊销一张证书并签发新的吊销列表 / revoke a certificate and issue the next revocation list. It can't be undone.

    例 / example:  hanxun ca revoke seal.pem --dir ca --reason keyCompromise
    """
    if reason not in _REASONS:
        raise typer.BadParameter(", ".join(_REASONS), param_hint="--reason")
    folder, now = AuthorityFolder(dir), datetime.now(UTC)
    certified = folder.find(certificate)
    if not yes:
        typer.confirm(
            f"吊销不可撤销 / this can't be undone: {certified.name} ({certified.serial:x})?", abort=True, err=True
        )
    signer = folder.unlock(read_passphrase(passphrase_file, prompt="根密钥口令 / passphrase of the root key"))
    if certified.certificate.issuer != signer.certified.certificate.subject:
        raise Refused(Code.CERT_CHAIN, detail=certified.name)
    crl = folder.revoke(
        signer, (Revocation(certified.serial, now, _REASONS[reason], parse_at(invalid_since)),), now=now
    )
    _print_crl(folder.crl, crl.number, len(crl.entries), crl.next_update, json=json)


@app.command()
def crl(
    dir: Folder,
    out: Annotated[
        Path | None, typer.Option(help="另存一份,例如中心的 trust/crl.der / a copy, e.g. the hub's trust/crl.der")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="下次更新前的天数 / days until the next one")] = CRL_DAYS,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """签发最新的吊销列表 / issue a fresh revocation list; agents want one every day.

    例 / example:  hanxun ca crl --dir ca --out hub-data/trust/crl.der
    """
    folder = AuthorityFolder(dir)
    signer = folder.unlock(read_passphrase(passphrase_file, prompt="根密钥口令 / passphrase of the root key"))
    fresh = folder.revoke(signer, (), now=datetime.now(UTC), days=days)
    if out is not None:
        write_file(out, fresh.der)
    _print_crl(out or folder.crl, fresh.number, len(fresh.entries), fresh.next_update, json=json)


@app.command("sign-keys")
def sign_keys(
    statement: Annotated[
        Path, typer.Argument(help="hub trail-keys 起草的声明 / the statement drafted by `hub trail-keys`", exists=True)
    ],
    dir: Folder,
    out: Annotated[Path, typer.Option(help="签名后的声明写到哪里 / where the signed statement goes")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask")] = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """由根密钥签署日志密钥声明:日志、见证人、时间戳机构的密钥由此可信 / the root signs which keys of the trail count.

    与各所电话核对密钥后再签。 / Compare the keys with the stations first.
    例 / example:  hanxun ca sign-keys 密钥声明.json --dir ca --out 密钥声明.jws
    """
    require_absent(out)
    stated = read_statement(statement.read_bytes())
    if not yes:
        typer.echo(f"日志 log: {stated.origin}\n{stated.policy}", err=True)
        for authority in stated.authorities:
            trial = "(试用 trial)" if authority.trial else ""
            typer.echo(f"时间戳机构 time-stamps: {authority.name}{trial}", err=True)
        typer.confirm("与中心和各所核对一致,签署? / compared with hub and stations, sign?", abort=True, err=True)
    folder = AuthorityFolder(dir)
    root = folder.unlock(read_passphrase(passphrase_file, prompt="根密钥口令 / passphrase of the root key"))
    write_file(out, sign_trail_keys(stated, root=root))
    if json:
        print_json({"statement": str(out), "number": stated.number, "origin": stated.origin})
    else:
        console.print(f"{out}: 第 {stated.number} 号 / number {stated.number}", markup=False)


def _compare(request: Request, subject: Subject, kind: IssuedKind, *, hosts: Sequence[str], heard: str | None) -> None:
    digest = key_digest(request.public_key)
    if heard is not None:
        require_same(heard, digest, field="--fingerprint")
        return
    typer.echo(
        f"种类 kind: {kind}\n名称 name: {subject.name}\n单位 station: {subject.station}\n警号 number: {subject.number}",
        err=True,
    )
    if hosts:
        typer.echo(f"主机 hosts: {', '.join(hosts)}", err=True)
    typer.echo(f"公钥指纹 fingerprint: {short(digest)}", err=True)
    typed = typer.prompt("输入对方在电话里报的指纹 / type the fingerprint that the applicant reads out", err=True)
    require_same(str(typed), digest, field="--fingerprint")


def _print_certificate(certified: Certified, path: Path, *, json: bool) -> None:
    if json:
        print_json(
            {
                "certificate": str(path),
                "x5t": certified.x5t,
                "serial": f"{certified.serial:x}",
                "name": certified.name,
                "fingerprint": short(root_digest(certified)),
            }
        )
    else:
        console.print(f"{path}: {certified.name}, {certified.not_after:%Y-%m-%d} 到期 / expires", markup=False)
        console.print(f"  证书指纹 fingerprint: {short(root_digest(certified))}", markup=False)


def _print_crl(path: Path, number: int, entries: int, next_update: datetime, *, json: bool) -> None:
    if json:
        print_json({"crl": str(path), "number": number, "entries": entries, "next_update": next_update.isoformat()})
    else:
        console.print(
            f"{path}: 吊销列表第 {number} 号,{entries} 条,{next_update:%Y-%m-%d} 前更新 / update by", markup=False
        )
