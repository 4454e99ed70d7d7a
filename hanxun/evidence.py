"""`hanxun evidence`: export a case's evidence file, verify evidence files offline."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.desk_options import CaseArgument, case_of, done, opened
from hanxun.files import write_file
from hanxun.options import (
    At,
    Crls,
    JsonFlag,
    PassphraseFile,
    Roots,
    load_trust,
    parse_at,
    read_passphrase,
    verb_group,
)
from hanxun.output import checks_as_json, console, print_checks, print_json
from hub.exchange.evidence import export_evidence
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.reports.evidence import print_evidence_report
from hub.reports.times import judge_times
from hub.signing.certificates import read_certificate
from hub.signing.purposes import DEFAULT_ARC, CertificateKind, Purposes
from hub.store.layout import DataFolder
from hub.trail.evidence.parts import removed_in
from hub.trail.evidence.verify import check_evidence
from station_agent.evidence import read_version, write_version

app = verb_group("证据文件 / evidence files.")


@app.command()
def export(
    case: CaseArgument,
    data: Annotated[
        Path,
        typer.Option("--data", help="派出所端或中心的数据文件夹 / an agent's or the hub's data folder", exists=True),
    ],
    out: Annotated[Path, typer.Option(help="证据文件写到哪里 / where the file goes")],
    version: Annotated[
        int | None, typer.Option(help="导出已保存的某一版,默认写出最新内容 / a kept version; default: written anew")
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """导出一案的证据文件(ASiC-E) / export the evidence file of a case.

    例 / example:  hanxun evidence export C06-349911500000-2026-000001 --data a --out 证据.asice
    """
    number, now = case_of(case), datetime.now(UTC)
    if DataFolder(data).database.exists():
        raw = export_evidence(data, read_passphrase(passphrase_file), number, now=now)
    else:
        with opened(data, passphrase_file) as agent:
            if version is None:
                write_version(agent, number, print_report=print_evidence_report, now=now)
            kept = read_version(agent, number, version)
        if kept is None:
            raise Refused(Code.FILE_MISSING, field="--version", detail=case)
        raw = kept[1]
    write_file(out, raw)
    done(json, f"{out}", {"case": case, "file": str(out), "size": len(raw)})


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="证据文件 / evidence files", exists=True, dir_okay=False)],
    root: Roots,
    crl: Crls = None,
    at: At = None,
    evidence_signer: Annotated[
        Path | None, typer.Option(help="只接受此证书签名 / accept only this signer's certificate", exists=True)
    ] = None,
    arc: Annotated[str, typer.Option(help="证书用途的对象标识弧 / arc of the certificates' purposes")] = DEFAULT_ARC,
    evidence_usage: Annotated[
        str | None,
        typer.Option(help="证据签名人证书的扩展用途 / extended key usage of evidence signers, if not ARC.1.5"),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """离线核验证据文件,只需要根证书 / verify evidence files offline; nothing is needed but the root.

    例 / example:  hanxun evidence verify 证据.asice --root root.pem
    """
    overrides = ((CertificateKind.EVIDENCE, evidence_usage),) if evidence_usage else ()
    purposes = Purposes(arc=arc, overrides=overrides)
    trust, now = load_trust(root, crl, purposes=purposes), parse_at(at) or datetime.now(UTC)
    signer = read_certificate(evidence_signer.read_bytes(), purposes=purposes) if evidence_signer else None
    all_passed = True
    for path in files:
        raw = path.read_bytes()
        verdict, parts = check_evidence(raw, trust=trust, now=now, evidence_signer=signer, judge_times=judge_times)
        all_passed = all_passed and verdict.passed
        removed = removed_in(parts)
        if json:
            more = {"removed": removed} if removed else {}
            checks = checks_as_json(verdict)
            print_json({"file": str(path), "verdict": verdict.indication.value, "checks": checks, **more})
        else:
            console.print(f"{path}: {verdict.indication.value}", markup=False)
            if removed:
                _explain(removed)
            print_checks(verdict.checks)
    raise typer.Exit(0 if all_passed else 1)


def _explain(removed: list[str]) -> None:
    console.print(
        f"  本案内容已由两名管理员按规定删除({len(removed)} 份):标「已删除」的各项不能再核验,不等于通过,也不表示有误;\n"
        "  回执、日志和时间仍可核验。删除之前交出的证据文件仍可完整核验。\n"
        f"  Two administrators had the content of this case erased ({len(removed)} parts): what needed it is `redacted`, neither\n"
        "  passed nor failed; receipts, trail and times can still be checked, and so can any file handed out before, whole.",
        markup=False,
    )
    for digest in removed:
        console.print(f"    sha-256 {digest}", markup=False)
