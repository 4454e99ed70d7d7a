"""Looking around at a desk: inbox, one case, outbox, the letter to print. Nothing is changed, but for an outbox told to retry or give up."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hanxun.agent_times import clock_as_json, print_clock, print_times, remedy_of, times_as_json, times_of
from hanxun.alarm_lines import print_alarm
from hanxun.desk_options import CaseArgument, OfficerOption, case_of, done, looked_into, opened, register_of, unlocked
from hanxun.expiring import ending_as_json, print_ending
from hanxun.files import write_file
from hanxun.options import AgentData, JsonFlag, PassphraseFile, PasswordFile
from hanxun.output import checks_as_json, console, print_checks, print_json
from hub.cases.machine import default_machine
from hub.protocol.instants import beijing, parse_instant
from hub.protocol.verdict import Verdict
from hub.signing.alarms import stated_alarm
from station_agent.agent import Agent
from station_agent.desk.gate.evaluate import evaluate
from station_agent.desk.give_up import give_up as give_up_message
from station_agent.desk.paper import letter_paper
from station_agent.history import standstill
from station_agent.readers import gate_readers
from station_agent.room import standing
from station_agent.settings import load_settings
from station_agent.store.cases import CaseRow, all_cases, files_of, require_case
from station_agent.store.deliveries import quarantined
from station_agent.store.engine import Store
from station_agent.store.envelopes import envelopes_of
from station_agent.store.gates import evidence_of
from station_agent.store.letters import find_letter
from station_agent.store.outbox import outbox_rows, try_again
from station_agent.store.seals import alarms_kept
from station_agent.store.trail import count_unproved, trail_events_of
from station_agent.store.verdicts import decode_checks

app = typer.Typer()


@app.command()
def inbox(
    data: AgentData,
    side: Annotated[str | None, typer.Option(help="opener 本所发出,answerer 本所收到 / sent or received only")] = None,
    json: JsonFlag = False,
) -> None:
    """列出本所的案件和未通过核验的来件 / list this station's cases, and deliveries that did not verify.

    例 / example:  hanxun agent inbox --data b
    """
    with looked_into(data) as store, store.read() as tx:
        settings = load_settings(data)
        still, clock = standstill(tx) or standing(data, settings.disk), clock_as_json(tx, settings)
        rows = [row for row in all_cases(tx) if side in (None, row.side)]
        bad = quarantined(tx)
        alarms = [stated_alarm(raw) for raw in alarms_kept(tx)]
    if json:
        troubled = [{"cursor": row.cursor, "checks": checks_as_json(decode_checks(row.checks))} for row in bad]
        stopped = None if still is None else still.code.value
        cases = [_case_as_json(row) for row in rows]
        raised = [msgspec.to_builtins(alarm) for alarm in alarms]
        told = {"cases": cases, "quarantined": troubled, "stopped": stopped, "clock": clock, "alarms": raised}
        print_json(told | {"ending": ending_as_json(data)})
        return
    print_clock(clock)
    print_ending(ending_as_json(data))
    if still is not None:
        console.print(f"! {still.code.value} {still.text.zh}\n  → {still.text.remedy_zh}", markup=False)
    for alarm in alarms:
        print_alarm(alarm)
    if not rows:
        console.print("没有案件 / no cases", markup=False)
    for row in rows:
        mark = "收" if row.side == "answerer" else "发"
        late = "  迟发" if row.late else ""
        console.print(
            f"{mark}  {row.case}  {_state(row)}  {row.peer}  {beijing(parse_instant(row.changed_at))}{late}",
            markup=False,
        )
    for delivery in bad:
        console.print(
            f"! 来件 {delivery.cursor} 未通过核验,已隔离 / a delivery did not verify and is kept apart", markup=False
        )
        print_checks(decode_checks(delivery.checks).not_passed)


@app.command()
def show(
    case: CaseArgument,
    data: AgentData,
    gate: Annotated[bool, typer.Option("--gate", help="现在核验闸口 G1–G9 / evaluate the gate now")] = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """查看一案:往来、函件、附件、证据,--gate 逐项核验 / show a case: messages, letter, files, evidence; `--gate` checks G1–G9.

    例 / example:  hanxun agent show C06-349911500000-2026-000001 --data b --gate
    """
    verdict: Verdict | None = None
    if gate:
        with opened(data, passphrase_file) as agent:
            verdict = _gate(agent, case)
    settings = load_settings(data)
    with looked_into(data) as store:
        view = _view(store, case)
        with store.read() as tx:
            times, clock = times_of(tx, case_of(case), settings), clock_as_json(tx, settings)
    if json:
        view |= {"times": times_as_json(times), "clock": clock}
        if verdict is not None:
            view["gate"] = {"verdict": verdict.indication.value, "checks": checks_as_json(verdict)}
        print_json(view)
        return
    for name, value in view.items():
        if isinstance(value, list):
            console.print(f"{name}:", markup=False)
            for line in value:
                console.print("  " + "  ".join(str(part) for part in line.values() if part is not None), markup=False)
        elif value is not None:
            console.print(f"{name}: {value}", markup=False)
    print_times(times)
    print_clock(clock)
    if verdict is not None:
        console.print(f"闸口 / gate: {verdict.indication.value}", markup=False)
        print_checks(verdict.checks)


@app.command()
def outbox(
    data: AgentData,
    retry: Annotated[int | None, typer.Option(help="重新发送被拒的第几号 / try a refused one again, by number")] = None,
    give_up: Annotated[
        int | None,
        typer.Option(help="放弃被拒的第几号,案件回到发送之前 / give a refused one up; the case goes back to before it"),
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """发件箱:排队、被拒、已放弃、已发出 / the outbox: queued, refused, dropped, sent. Only `--give-up` needs the passphrase.

    例 / example:  hanxun agent outbox --data a
    """
    if give_up is not None:
        with opened(data, passphrase_file) as agent:
            give_up_message(agent, give_up, now=datetime.now(UTC))
    with looked_into(data) as store:
        if retry is not None:
            with store.write() as tx:
                try_again(tx, retry, now=datetime.now(UTC))
        with store.read() as tx:
            rows, clock = outbox_rows(tx), clock_as_json(tx, load_settings(data))
    lines = [
        {
            "number": row.seq,
            "state": row.state,
            "envelope": row.envelope,
            "attempts": row.attempts,
            "trouble": row.trouble,
            "queued_at": row.queued_at,
            "first_failed_at": row.first_failed_at,
            "remedy": remedy_of(row.trouble),
        }
        for row in rows
    ]
    if json:
        print_json({"outbox": lines, "clock": clock})
        return
    print_clock(clock)
    if not lines:
        console.print("发件箱是空的 / nothing in the outbox", markup=False)
    for line in lines:
        shown = (line[name] for name in ("number", "state", "envelope", "attempts", "trouble"))
        console.print("  ".join(str(value) for value in shown if value is not None), markup=False)
        if line["remedy"] is not None:
            console.print(f"  → {line['remedy']}", markup=False)


@app.command("print")
def print_letter(
    case: CaseArgument,
    data: AgentData,
    officer: OfficerOption,
    out: Annotated[Path, typer.Option(help="打印用 PDF 写到哪里 / where the PDF goes")],
    addressee: Annotated[str, typer.Option(help="主送单位名称 / the addressee's name")],
    telephone: Annotated[str, typer.Option(help="联系电话 / contact telephone")] = "",
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """打印已审批的说明函,供盖章 / print the approved letter, ready to be stamped.

    例 / example:  hanxun agent print C06-349911500000-2026-000001 --data a --officer 011001 --addressee 望江派出所 --out 说明函.pdf
    """
    with opened(data, passphrase_file) as agent:
        person = unlocked(agent, officer, password_file)
        pdf = letter_paper(
            agent, person, case_of(case), addressee=addressee, telephone=telephone, now=datetime.now(UTC)
        )
    write_file(out, pdf)
    done(json, f"{out}", {"case": case, "file": str(out)})


def _view(store: Store, case: str) -> dict[str, Any]:
    number = case_of(case)
    with store.read() as tx:
        row, letter = require_case(tx, number), find_letter(tx, number)
        messages = [
            {"kind": item.kind, "incoming": item.incoming, "at": item.stored_at, "digest": item.digest}
            for item in envelopes_of(tx, number)
        ]
        files = [
            {"role": file.role.value, "name": file.name, "size": file.size, "digest": file.digest}
            for file in files_of(tx, number)
        ]
        evidence = [
            {"version": item.version, "indication": item.indication, "digest": item.digest}
            for item in evidence_of(tx, number)
        ]
        alarms = [msgspec.to_builtins(alarm) for alarm in map(stated_alarm, alarms_kept(tx)) if number in alarm.cases]
        not_cosigned = count_unproved(tx, number)
        unlogged = [
            {"event": item.event, "at": item.at, "trouble": item.trouble}
            for item in trail_events_of(tx, number)
            if item.leaf is None
        ]
    return _case_as_json(row) | {
        "letter": letter.state if letter is not None else None,
        "letter_number": letter.number if letter is not None else None,
        "messages": messages,
        "files": files,
        "evidence": evidence,
        "alarms": alarms,
        "not_cosigned": not_cosigned,
        "not_in_trail": unlogged,
    }


def _gate(agent: Agent, case: str) -> Verdict:
    return evaluate(
        agent, case_of(case), readers=gate_readers(), register=register_of(agent), decisions=None, now=datetime.now(UTC)
    )


def _case_as_json(row: CaseRow) -> dict[str, Any]:
    return {
        "case": row.case,
        "type": row.type,
        "side": row.side,
        "peer": row.peer,
        "state": row.state,
        "gate": row.gate,
        "late": row.late,
        "owner": row.owner,
        "changed_at": row.changed_at,
    }


def _state(row: CaseRow) -> str:
    state = default_machine("case").rules.states[row.state]
    return f"{state.zh} {state.en}"
