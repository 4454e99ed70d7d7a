"""The receiver's desk: claim, look, act on the register, reply; ask for more, return for correction."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.agent_beside import show_beside
from hanxun.desk_options import (
    BodyOption,
    CaseArgument,
    FilesOption,
    OfficerOption,
    ReadingOption,
    case_of,
    done,
    opened,
    print_findings,
    read_body,
    read_files,
    register_of,
    unlocked,
)
from hanxun.options import AgentData, JsonFlag, PassphraseFile, PasswordFile
from hanxun.output import say
from hub.letters.report import PdfPolicy
from hub.protocol.errors import HanxunError
from hub.protocol.identifiers import CaseId
from hub.reports.evidence import print_evidence_report
from station_agent.agent import Agent
from station_agent.desk import messages
from station_agent.desk.act import act as act_on_register
from station_agent.desk.claim import claim as claim_case
from station_agent.desk.gate.material import Decision
from station_agent.desk.look import Impression
from station_agent.desk.look import look as look_at_letter
from station_agent.desk.proofread import ReadLines, examine
from station_agent.desk.reply import reply as reply_to_case
from station_agent.readers import gate_readers, letter_reader, scan_check

app = typer.Typer()


@app.command()
def claim(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    note: Annotated[str | None, typer.Option(help="接手他人案件的原因 / reason for taking a case over")] = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """签收 / take a delivered case and tell the other station.

    例 / example:  hanxun agent claim C06-349911500000-2026-000001 --data b --officer 022001
    """
    with opened(data, passphrase_file) as agent:
        digest = claim_case(
            agent, unlocked(agent, officer, password_file), case_of(case), note=note, now=datetime.now(UTC)
        )
    done(json, "已签收 / claimed", {"case": case, "envelope": digest})


@app.command()
def look(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    legible: Annotated[bool, typer.Option("--legible", help="印文清晰 / the impression is legible")] = False,
    unit_name: Annotated[
        bool, typer.Option("--unit-name", help="印文单位名称与发函单位一致 / the unit's name equals the sender's")
    ] = False,
    colour: Annotated[bool, typer.Option("--colour", help="是彩色扫描 / it is a colour scan")] = False,
    inconsistent: Annotated[
        bool, typer.Option("--inconsistent", help="结论:不一致 / conclusion: not consistent")
    ] = False,
    show: Annotated[
        Path | None,
        typer.Option(
            help="只看,不记录:印文与登记的印模并排、对齐、重叠,写成图片放到这里"
            " / only look, record nothing: write pictures of the impression beside the registered ones here",
            file_okay=False,
        ),
    ] = None,
    reading: ReadingOption = True,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """印文核对:由本人看过印文后签名记录 / record, signed, what you saw of the impression. No program can do this for you.

    例 / example:  hanxun agent look C06-349911500000-2026-000001 --data b --officer 022001 --show 看印文
                   hanxun agent look C06-349911500000-2026-000001 --data b --officer 022001 --legible --unit-name --colour
    """
    if show is not None:
        with opened(data, passphrase_file) as agent:
            show_beside(agent, case_of(case), show, json=json)
        return
    impression = Impression(legible=legible, unit_name_equals=unit_name, colour=colour, consistent=not inconsistent)
    with opened(data, passphrase_file) as agent:
        person, now = unlocked(agent, officer, password_file), datetime.now(UTC)
        found = _examined(agent, case_of(case), read=letter_reader() if reading else None, now=now)
        row = look_at_letter(agent, person, case_of(case), impression=impression, now=now)
    done(json, "已记录印文核对 / recorded", {"case": case, "act": row.digest, "findings": found})


def _examined(agent: Agent, case: CaseId, *, read: ReadLines | None, now: datetime) -> list[str]:
    """Tell what the program finds on the letter, beside what the officer sees; that it cannot is said and stops nothing."""
    try:
        report = examine(agent, case, check=scan_check(policy=PdfPolicy.SEALED_LETTER), read=read, now=now)
    except HanxunError as error:
        say(f"{error.code.value} {error.text.zh} / {error.text.en}")
        return [error.code.value]
    print_findings(report)
    return [finding.code for finding in report.findings]


@app.command()
def act(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    item: Annotated[
        list[str] | None,
        typer.Option(
            "--correct", help="更正的项目,需上级批准的写 项目=批准文号 / item to correct, ITEM or ITEM=APPROVAL-NUMBER"
        ),
    ] = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """办理登记:闸口逐项通过后办理回迁或更正 / act on the register; only a gate that passes lets it through.

    例 / example:  hanxun agent act C06-349911500000-2026-000001 --data b --officer 022001
                   hanxun agent act C04-349911500000-2026-000002 --data b --officer 022001 --correct 姓名=市公批〔2026〕7号
    """
    decisions = tuple(map(_decision, item)) if item else None
    with opened(data, passphrase_file) as agent:
        person, now = unlocked(agent, officer, password_file), datetime.now(UTC)
        acted = act_on_register(
            agent,
            person,
            case_of(case),
            register=register_of(agent),
            readers=gate_readers(),
            print_report=print_evidence_report,
            decisions=decisions,
            now=now,
        )
    values = {"case": case, "serial": acted.serial, "evidence": acted.evidence, "act": acted.act}
    done(json, f"已办理,业务流水号 / done, serial number: {acted.serial}", values)


@app.command()
def reply(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    body: BodyOption = None,
    outcome: Annotated[str | None, typer.Option(help="结果,如 已回迁、拟办中、退回补正、不采信 / outcome")] = None,
    serial: Annotated[str | None, typer.Option(help="业务流水号 / business serial number")] = None,
    text: Annotated[str | None, typer.Option(help="说明 / explanation")] = None,
    file: FilesOption = None,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """答复 / answer the inquiry; the signed looks and register acts travel with it.

    例 / example:  hanxun agent reply C06-349911500000-2026-000001 --data b --officer 022001 --outcome 已回迁 --serial HQ…
    """
    fields = read_body(body, outcome=outcome, serial=serial, text=text)
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        digest = reply_to_case(agent, person, case_of(case), body=fields, files=read_files(file), now=datetime.now(UTC))
    done(json, "已答复 / answered", {"case": case, "envelope": digest})


@app.command()
def ask(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    text: Annotated[str, typer.Option(help="需要补充什么 / what is needed")],
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """要求补充 / ask the sender for more.

    例 / example:  hanxun agent ask C04-… --data b --officer 022001 --text 请补充出生医学证明
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        digest = messages.ask(agent, person, case_of(case), text=text, now=datetime.now(UTC))
    done(json, "已要求补充 / asked", {"case": case, "envelope": digest})


@app.command("return")
def return_for_correction(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    reason_code: Annotated[str, typer.Option(help="原因码 / reason code")],
    text: Annotated[str, typer.Option(help="说明 / explanation")],
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """退回补正 / return the inquiry for correction.

    例 / example:  hanxun agent return C06-… --data b --officer 022001 --reason-code R01 --text 印章不清晰
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        digest = messages.return_case(
            agent, person, case_of(case), reason_code=reason_code, text=text, now=datetime.now(UTC)
        )
    done(json, "已退回 / returned", {"case": case, "envelope": digest})


def _decision(text: str) -> Decision:
    item, _, approval = text.partition("=")
    return Decision(item=item, correct=True, approval_number=approval or None)
