"""The sender's desk: draft, approve, stamp, scan, seal, send; reject, annul, supply, dispute, close, withdraw."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.desk_options import (
    BodyOption,
    CaseArgument,
    FilesOption,
    OfficerOption,
    ReadingOption,
    case_of,
    done,
    opened,
    page_progress,
    print_findings,
    read_body,
    read_files,
    unlocked,
)
from hanxun.options import AgentData, JsonFlag, PassphraseFile, PasswordFile, read_passphrase
from hanxun.output import say
from hub.letters.paper_check import sheets_in_order
from hub.protocol.identifiers import parse_station
from hub.signing.purposes import SealPurpose
from station_agent.desk import approve as approving
from station_agent.desk import close as closing
from station_agent.desk import messages, stamp
from station_agent.desk.draft import draft as draft_case
from station_agent.desk.draft import redraft
from station_agent.desk.scan import ProofTicks
from station_agent.desk.scan import scan as scan_letter
from station_agent.desk.seal import adopt_sealed
from station_agent.desk.seal import seal as seal_case
from station_agent.desk.send import send as send_case
from station_agent.people import unlock_seal
from station_agent.readers import gate_readers, letter_reader, scan_check

app = typer.Typer()


@app.command()
def draft(
    data: AgentData,
    officer: OfficerOption,
    body: BodyOption = None,
    type: Annotated[str, typer.Option(help="案件类型,如 C06 错迁说明、C04 差错更正 / case type")] = "C06",
    to: Annotated[str | None, typer.Option(help="收函单位代码 / code of the station it goes to")] = None,
    again: Annotated[
        str | None, typer.Option(help="被驳回或退回的案件号:重新拟稿 / write a rejected or returned case anew")
    ] = None,
    file: FilesOption = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """拟稿:写好案件内容,由拟稿人签名 / write the inquiry; the drafter signs it.

    例 / example:  hanxun agent draft --data a --officer 011001 --type C06 --to 349922500000 --body 错迁.json
    """
    with opened(data, passphrase_file) as agent:
        person, fields, files = unlocked(agent, officer, password_file), read_body(body), read_files(file)
        if again is not None:
            case = case_of(again)
            redraft(agent, person, case, body=fields, files=files, now=datetime.now(UTC))
        elif to is None:
            raise typer.BadParameter("--to", param_hint="--to")
        else:
            station = parse_station(to)
            case = draft_case(agent, person, type=type, to=station, body=fields, files=files, now=datetime.now(UTC))
    done(json, f"已拟稿 / drafted: {case}", {"case": case})


@app.command()
def approve(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    reject: Annotated[str | None, typer.Option(help="驳回,并说明原因 / reject instead, with this reason")] = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """所长审批并编号;--reject 驳回 / the head approves the draft, and the letter gets its number.

    例 / example:  hanxun agent approve C06-349911500000-2026-000001 --data a --officer 011002
    """
    number: str | None = None
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        if reject is None:
            number = approving.approve(agent, person, case_of(case), now=datetime.now(UTC))
        else:
            approving.reject(agent, person, case_of(case), reason=reject, now=datetime.now(UTC))
    message = f"已审批 / approved: {number}" if number else "已驳回 / rejected"
    done(json, message, {"case": case, "approved": number is not None, "letter_number": number})


@app.command("stamp")
def stamp_letter(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    copies: Annotated[int, typer.Option(min=1, help="用印份数 / copies stamped")] = 1,
    annul: Annotated[
        str | None, typer.Option(help="作废已盖章的函,并说明原因 / make a stamped letter void instead")
    ] = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """保管人盖章并登记用印 / the custodian stamps the printed letter and logs the use of the seal.

    例 / example:  hanxun agent stamp C06-349911500000-2026-000001 --data a --officer 011003
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        if annul is None:
            stamp.stamp(agent, person, case_of(case), copies=copies, now=datetime.now(UTC))
        else:
            stamp.annul(agent, person, case_of(case), reason=annul, now=datetime.now(UTC))
    done(
        json, "已登记用印 / logged" if annul is None else "已作废 / void", {"case": case, "annulled": annul is not None}
    )


@app.command()
def scan(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    file: Annotated[
        Path, typer.Argument(help="盖章后原件的扫描件 / scan of the stamped original", exists=True, dir_okay=False)
    ],
    pages: Annotated[int, typer.Option(min=1, help="纸质函的页数 / pages of the paper letter")] = 1,
    checked: Annotated[
        bool,
        typer.Option(
            "--checked", help="已校对:印章清晰、人员一致、是原件 / compared: stamp clear, persons equal, original"
        ),
    ] = False,
    reading: ReadingOption = True,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """拟稿人扫描、校对,并声明是原件 / the drafter scans the stamped original, compares it, attests it.

    例 / example:  hanxun agent scan C06-349911500000-2026-000001 说明函.jpg --data a --officer 011001 --checked
    """
    ticks = ProofTicks(pages=pages, stamp_clear=checked, persons_equal=checked, original=checked)
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        report = scan_letter(
            agent,
            person,
            case_of(case),
            raw=file,
            name=file.name,
            ticks=ticks,
            check=scan_check(progress=page_progress),
            read=letter_reader() if reading else None,
            now=datetime.now(UTC),
        )
    print_findings(report)
    sheets = sheets_in_order(report.marks, pages=report.pages)
    if any(sheets):
        order = ", ".join(str(sheet or "?") for sheet in sheets)
        say(f"页脚码:扫描件各页依次为说明函第 {order} 页 / footers: the scan's pages are pages {order} of the letter")
    values = {"case": case, "findings": [item.code for item in report.findings], "sheets": sheets}
    done(json, "已扫描校对 / scanned and compared", values)


@app.command()
def seal(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    password_file: PasswordFile = None,
    seal_password_file: Annotated[
        Path | None, typer.Option(help="印章口令文件 / file with the seal's password, else asked", exists=True)
    ] = None,
    sealed: Annotated[
        Path | None,
        typer.Option(help="已在别处签封的说明函 / a letter sealed elsewhere, instead of sealing here", exists=True),
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """保管人解锁印章密钥,签封扫描件 / the custodian unlocks the seal's key and seals the scan.

    例 / example:  hanxun agent seal C06-349911500000-2026-000001 --data a --officer 011003
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        number, to_pdf, now = case_of(case), gate_readers().scan_to_pdf, datetime.now(UTC)
        if sealed is not None:
            digest = adopt_sealed(agent, person, number, sealed=sealed.read_bytes(), to_pdf=to_pdf, now=now)
        else:
            password = read_passphrase(seal_password_file, prompt="印章口令 / the seal's password")
            key = unlock_seal(agent.folder, SealPurpose.HOUSEHOLD, password, purposes=agent.settings.purposes)
            digest = seal_case(agent, person, number, seal_key=key, to_pdf=to_pdf, now=now)
    done(json, f"已签封 / sealed: {digest}", {"case": case, "letter": digest})


@app.command()
def send(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    late_reason: Annotated[
        str | None, typer.Option(help="超过时限时的迟发原因 / reason, when past the time limit")
    ] = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """发出;没有网络也可以,恢复后自动发送 / send; without a network it is queued and goes by itself later.

    例 / example:  hanxun agent send C06-349911500000-2026-000001 --data a --officer 011001
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        sent = send_case(agent, person, case_of(case), late_reason=late_reason, now=datetime.now(UTC))
    done(
        json,
        "已进入发件箱 / in the outbox" + (",迟发 / late" if sent.late else ""),
        {"case": case, "envelope": sent.envelope, "late": sent.late},
    )


@app.command()
def supply(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    text: Annotated[str, typer.Option(help="补充内容 / what is supplied")],
    file: FilesOption = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """补充对方要求的材料 / give the other station what it asked for.

    例 / example:  hanxun agent supply C04-… --data a --officer 011001 --text 见附件 --file proof:出生证.jpg
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        digest = messages.supply(agent, person, case_of(case), text=text, files=read_files(file), now=datetime.now(UTC))
    done(json, "已补充 / supplied", {"case": case, "envelope": digest})


@app.command()
def dispute(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    text: Annotated[str, typer.Option(help="异议理由 / why")],
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """对答复提出异议(最多两次) / dispute the answer, at most twice.

    例 / example:  hanxun agent dispute C04-… --data a --officer 011001 --text 流水号与本人不符
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        digest = messages.dispute(agent, person, case_of(case), text=text, now=datetime.now(UTC))
    done(json, "已提出异议 / disputed", {"case": case, "envelope": digest})


@app.command()
def close(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    body: BodyOption = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """办结:逐项确认办结清单 / close the case with its closing list.

    例 / example:  hanxun agent close C06-349911500000-2026-000001 --data a --officer 011001 --body 办结.json
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        digest = closing.close(agent, person, case_of(case), body=read_body(body), now=datetime.now(UTC))
    done(json, "已办结 / closed", {"case": case, "envelope": digest})


@app.command()
def withdraw(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    reason: Annotated[str, typer.Option(help="撤回原因 / why")],
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """撤回(所长) / withdraw the case (by the head); the other station is told.

    例 / example:  hanxun agent withdraw C06-349911500000-2026-000001 --data a --officer 011002 --reason 人员有误
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        digest = closing.withdraw(agent, person, case_of(case), reason=reason, now=datetime.now(UTC))
    done(json, "已撤回 / withdrawn", {"case": case, "envelope": digest})
