"""`hanxun agent tray`: what the scanner's folder brought; show, attach to a case, discard, restore."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from hanxun.desk_options import (
    CaseArgument,
    OfficerOption,
    ReadingOption,
    case_of,
    done,
    looked_into,
    opened,
    page_progress,
    print_findings,
    unlocked,
)
from hanxun.options import AgentData, JsonFlag, PassphraseFile, PasswordFile, verb_group
from hanxun.output import console, print_json
from hub.protocol.codes import Code
from hub.protocol.instants import beijing, parse_instant
from hub.protocol.texts import text_of
from station_agent.desk import tray
from station_agent.desk.scan import ProofTicks
from station_agent.readers import letter_reader, scan_check
from station_agent.store.tray import TrayRow

app = verb_group("收件盘:扫描文件夹里新到的扫描件 / the tray of scans that the scan folder brought.")
ItemArgument = Annotated[int, typer.Argument(help="收件盘编号 / number in the tray", min=1)]


@app.command("list")
def list_items(
    data: AgentData,
    all: Annotated[bool, typer.Option("--all", help="也列出已归入和已删除的 / also attached and erased ones")] = False,
    json: JsonFlag = False,
) -> None:
    """列出收件盘 / list what lies in the tray.

    例 / example:  hanxun agent tray list --data a
    """
    with looked_into(data) as store:
        rows = tray.items(store, all=all)
    if json:
        print_json({"items": [_as_json(row) for row in rows]})
        return
    if not rows:
        console.print("收件盘是空的 / the tray is empty", markup=False)
    for row in rows:
        console.print(_line(row), markup=False)
        if row.trouble is not None:
            text = text_of(Code(row.trouble)).filled({"name": row.name, "n": 200})
            console.print(f"    {text.zh} / {text.en} → {text.remedy_zh}", markup=False)


@app.command()
def show(item: ItemArgument, data: AgentData, json: JsonFlag = False) -> None:
    """归入案件前先检查 / check a scan before it is attached.

    例 / example:  hanxun agent tray show 3 --data a
    """
    with looked_into(data) as store:
        report = tray.examine(store, item, check=scan_check(progress=page_progress))
    if json:
        print_json({"item": item} | msgspec.to_builtins(report))
        return
    console.print(f"第 {item} 件 item: {report.media_type}, {report.pages} 页 pages", markup=False)
    print_findings(report)


@app.command()
def attach(
    item: ItemArgument,
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
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
    """归入案件:校对后作为该案的扫描件 / attach a scan to a case, compared and attested, as `agent scan` does.

    例 / example:  hanxun agent tray attach 3 C06-349911500000-2026-000001 --data a --officer 011001 --checked
    """
    ticks = ProofTicks(pages=pages, stamp_clear=checked, persons_equal=checked, original=checked)
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        report = tray.attach(
            agent,
            person,
            item,
            case_of(case),
            ticks=ticks,
            check=scan_check(progress=page_progress),
            read=letter_reader() if reading else None,
            now=datetime.now(UTC),
        )
    print_findings(report)
    values = {"item": item, "case": case, "findings": [finding.code for finding in report.findings]}
    done(json, f"已归入 / attached: {case}", values)


@app.command()
def discard(item: ItemArgument, data: AgentData, json: JsonFlag = False) -> None:
    """丢弃,24小时内可恢复;扫描仪的文件不动 / discard; can be restored for 24 hours, the scanner's file is not touched.

    例 / example:  hanxun agent tray discard 3 --data a
    """
    with looked_into(data) as store:
        row = tray.discard(store, item, now=datetime.now(UTC))
    done(json, "已丢弃,24小时内可恢复 / discarded, can be restored for 24 hours", _as_json(row))


@app.command()
def restore(item: ItemArgument, data: AgentData, json: JsonFlag = False) -> None:
    """恢复丢弃的扫描件 / put a discarded scan back.

    例 / example:  hanxun agent tray restore 3 --data a
    """
    with looked_into(data) as store:
        row = tray.restore(store, item, now=datetime.now(UTC))
    done(json, "已恢复 / restored", _as_json(row))


def _as_json(row: TrayRow) -> dict[str, Any]:
    return {
        "item": row.item,
        "name": row.name,
        "size": row.size,
        "media_type": row.media_type,
        "digest": row.digest,
        "state": row.state,
        "trouble": row.trouble,
        "same_as": row.same_as,
        "case": row.case,
        "taken_at": row.taken_at,
    }


def _line(row: TrayRow) -> str:
    link = f"  与第 {row.same_as} 件相同 same as {row.same_as}" if row.same_as else ""
    case = f"  {row.case}" if row.case else ""
    when = beijing(parse_instant(row.taken_at))
    return f"{row.item}  {when}  {row.name}  {row.size} 字节  {_STATES[row.state]}{case}{link}"


_STATES = {
    "waiting": "待处理 / waiting",
    "attached": "已归入 / attached",
    "discarded": "已丢弃 / discarded",
    "erased": "已删除 / erased",
    "refused": "不能使用 / refused",
}
