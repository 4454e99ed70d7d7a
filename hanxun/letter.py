"""`hanxun letter`: check scans at intake, seal a letter, verify sealed letters."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer

from hanxun.desk_options import page_progress
from hanxun.files import write_file
from hanxun.options import (
    At,
    Crls,
    JsonFlag,
    PassphraseFile,
    Roots,
    load_crls,
    load_trust,
    parse_at,
    read_passphrase,
    verb_group,
)
from hanxun.output import checks_as_json, console, print_checks, print_json
from hub.letters.compare import compare_impressions
from hub.letters.embed import scan_to_pdf
from hub.letters.limits import default_limits
from hub.letters.printing.typesetting import font_file
from hub.letters.report import ScanReport
from hub.letters.scan import check_scan
from hub.protocol.codes import Code
from hub.protocol.instants import beijing
from hub.protocol.texts import text_of
from hub.protocol.verdict import Verdict, pending
from hub.signing.certificates import read_certificate
from hub.signing.keys import load_signer
from hub.signing.purposes import SealPurpose
from hub.signing.seal_check import check_seal
from hub.signing.seals import SealLabel, seal_letter
from hub.signing.trust import Trust

app = verb_group("扫描件与说明函 / scans and sealed letters.")
Files = Annotated[list[Path], typer.Argument(help="文件 / files", exists=True, dir_okay=False, readable=True)]


@app.command()
def check(files: Files, json: JsonFlag = False) -> None:
    """检查扫描件能否使用 / say whether scans can be used, with every finding and its remedy.

    例 / example:  hanxun letter check 说明函.jpg 附件.pdf
    """
    limits = default_limits()
    reports = []
    for path in files:
        report = check_scan(path.read_bytes(), limits=limits, name=path.name, progress=page_progress)
        reports.append(report)
        if json:
            print_json({"file": str(path)} | msgspec.to_builtins(report))
        else:
            _print_report(path, report)
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


@app.command()
def compare(
    specimen: Annotated[Path, typer.Argument(help="备案印模(裁剪图) / the registered impression, a crop", exists=True)],
    impressions: Annotated[
        list[Path],
        typer.Argument(help="待核对的印文(裁剪图) / impressions to compare, crops", exists=True, dir_okay=False),
    ],
    json: JsonFlag = False,
) -> None:
    """比对印文与备案印模:只说相似或不同,从不说真伪 / say similar or different, never genuine; a person decides.

    错误率见 docs/explanation/comparing-impressions.md / measured error rates are there.
    例 / example:  hanxun letter compare 印模.jpg 印文1.jpg 印文2.jpg
    """
    registered = [specimen.read_bytes()]
    for path in impressions:
        found = compare_impressions(registered, path.read_bytes())
        differences = [{"what": item.what.value, "where": item.where} for item in found.differences]
        if json:
            print_json(
                {
                    "impression": str(path),
                    "verdict": found.verdict.value,
                    "score": found.score,
                    "differences": differences,
                }
            )
            continue
        console.print(f"{path}: {_LIKENESS[found.verdict.value]}  {found.score:.2f}", markup=False)
        for item in found.differences:
            text = text_of(item.what)
            console.print(f"  {text.zh} / {text.en} ({item.where})", markup=False)


_LIKENESS = {"similar": "相似 / similar", "different": "不同 / different", "not legible": "无法辨认 / not legible"}


@app.command()
def seal(
    file: Annotated[Path, typer.Argument(help="扫描件 / the scan", exists=True, dir_okay=False)],
    key: Annotated[Path, typer.Option(help="印章私钥 / the seal's encrypted key", exists=True)],
    certificate: Annotated[Path, typer.Option(help="印章证书 / the seal's certificate", exists=True)],
    root: Roots,
    out: Annotated[Path, typer.Option(help="签封后的说明函 / where the sealed letter goes")],
    passphrase_file: PassphraseFile = None,
    crl: Crls = None,
    letter_number: Annotated[str, typer.Option(help="函号,印在签名框中 / letter number shown in the mark")] = "",
    json: JsonFlag = False,
) -> None:
    """把扫描件转成 PDF 并签封 / turn a scan into a PDF and seal it (PAdES).

    例 / example:  hanxun letter seal 说明函.jpg --key seal.key.pem --certificate seal.pem --root root.pem --crl crl.der --out 说明函.pdf
    """
    now = datetime.now(UTC)
    signer = load_signer(key.read_bytes(), read_passphrase(passphrase_file), certificate.read_bytes())
    pdf = scan_to_pdf(file.read_bytes(), limits=default_limits())
    chain = tuple(read_certificate(path.read_bytes()) for path in root)
    label = SealLabel(station=signer.certified.name, letter_number=letter_number, font=font_file())
    sealed = seal_letter(pdf, signer=signer, chain=chain, crls=load_crls(crl), at=now, label=label)
    write_file(out, sealed)
    if json:
        print_json({"file": str(out), "size": len(sealed)})
    else:
        console.print(f"已签封 / sealed: {out}", markup=False)


@app.command()
def verify(
    files: Files,
    root: Roots,
    crl: Crls = None,
    at: At = None,
    purpose: Annotated[
        SealPurpose, typer.Option(help="应有的印章用途 / the purpose the seal must have")
    ] = SealPurpose.HOUSEHOLD,
    json: JsonFlag = False,
) -> None:
    """核验已签封的说明函 / verify sealed letters: every check with its reason and remedy.

    例 / example:  hanxun letter verify 说明函.pdf --root root.pem
    """
    trust, asked_at = load_trust(root, crl), parse_at(at)
    all_passed = True
    for path in files:
        with path.open("rb") as letter:
            verdict = _judge(letter, trust, asked_at, purpose)
        all_passed = all_passed and verdict.passed
        if json:
            print_json({"file": str(path), "verdict": verdict.indication.value, "checks": checks_as_json(verdict)})
        else:
            console.print(f"{path}: {verdict.indication.value}", markup=False)
            print_checks(verdict.checks)
    raise typer.Exit(0 if all_passed else 1)


def _judge(letter: BinaryIO, trust: Trust, asked_at: datetime | None, purpose: SealPurpose) -> Verdict:
    now = datetime.now(UTC)
    finding = check_seal(letter, trust=trust, at=asked_at or now, now=asked_at or now, purpose=purpose)
    if asked_at is not None or finding.signed_at is None:
        return finding.verdict
    # Alone, a letter is judged by the list it carries, at the instant its signer claims; only the trail proves a time.
    claimed = min(finding.signed_at, now)
    verdict = check_seal(letter, trust=trust, at=claimed, now=claimed, purpose=purpose).verdict
    return verdict + Verdict((pending("seal.time", Code.SEAL_TIME_CLAIMED, beijing(claimed)),))


def _print_report(path: Path, report: ScanReport) -> None:
    console.print(
        f"{path}: {'可用 / usable' if report.ok else '不可用 / refused'}  {report.media_type}  {report.pages} 页",
        markup=False,
    )
    for finding in report.findings:
        where = f"第{finding.page}页 " if finding.page else ""
        console.print(f"  [{finding.grade}] {finding.code} {where}{finding.message}", markup=False)
        console.print(f"      → {finding.remedy}", markup=False)
    for stamp in report.stamps:
        console.print(f"  印文 stamp: 第{stamp.page}页 {stamp.bbox} {stamp.score:.2f}", markup=False)
