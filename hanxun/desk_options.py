"""What the desk's verbs share: opening the agent, unlocking the officer, reading bodies and files, printing outcomes."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hanxun.options import SERVICE_CREDENTIAL, read_passphrase
from hanxun.output import console, print_json, say
from hub.letters.report import ScanReport
from hub.letters.sniff import sniff
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, parse_case
from hub.protocol.strict_json import parse_strict
from station_agent.agent import Agent, open_agent
from station_agent.desk.draft import NewFile
from station_agent.desk.gate.evaluate import rules_for
from station_agent.people import Person
from station_agent.readers import gate_readers
from station_agent.register.folder import RegisterFolder, open_register
from station_agent.register.interface import Register
from station_agent.settings import load_settings
from station_agent.store.engine import Store, open_store

CaseArgument = Annotated[str, typer.Argument(help="案件号 / case number")]
OfficerOption = Annotated[str, typer.Option("--officer", help="经办人警号 / police number of the officer who acts")]
BodyOption = Annotated[
    Path | None, typer.Option("--body", help="内容 JSON 文件 / file with the fields, JSON", exists=True)
]
ReadingOption = Annotated[
    bool,
    typer.Option(
        "--reading/--no-reading",
        help="识别函文并与案件核对(需 hanxun[ocr]) / read the letter and compare it with the case, with the extra ocr",
    ),
]
FilesOption = Annotated[
    list[str] | None,
    typer.Option("--file", help="附件 ROLE:路径,如 proof:证明.jpg / attachment as ROLE:PATH, may be repeated"),
]


@contextmanager
def opened(data: Path, passphrase_file: Path | None) -> Iterator[Agent]:
    """Give the agent in `data`, and close it afterwards."""
    prompt = "派出所端口令 / the agent's passphrase"
    agent = open_agent(data, read_passphrase(passphrase_file, prompt=prompt, credential=SERVICE_CREDENTIAL))
    try:
        yield agent
    finally:
        agent.close()


@contextmanager
def looked_into(data: Path) -> Iterator[Store]:
    """Give the store of the agent in `data`, for looking around: no key is needed. Raises: Refused (`config.invalid`)."""
    load_settings(data)
    store = open_store(data)
    try:
        yield store
    finally:
        store.close()


def unlocked(agent: Agent, number: str, password_file: Path | None) -> Person:
    """Return the officer with that number, whose password was given or is asked for."""
    return agent.unlock(number, read_passphrase(password_file, prompt=f"{number} 的口令 / password"))


def read_body(path: Path | None, **fields: object) -> dict[str, Any]:
    """Return the JSON object in `path` with `fields` that are not None added. Raises: Refused (`json.*`)."""
    body = parse_strict(path.read_bytes()) if path is not None else {}
    return body | {key: value for key, value in fields.items() if value is not None}


def read_files(specifications: list[str] | None) -> tuple[NewFile, ...]:
    """Return the files that `ROLE:PATH` names. Raises: Refused (`file.missing`, E201), BadParameter."""
    return tuple(_read_file(item) for item in specifications or ())


def case_of(text: str) -> CaseId:
    """Return the case number in an argument. Raises: Refused (`case.form`)."""
    return parse_case(text)


def done(json: bool, message: str, values: Mapping[str, Any]) -> None:
    """Print what a verb has done: `values` as JSON, or `message` for a person."""
    if json:
        print_json(values)
    else:
        console.print(message, markup=False)


def page_progress(done: int, pages: int) -> None:
    """Tell a person how far a scan of several pages has been looked at: one line written over, a line per tenth elsewhere."""
    if pages < 2:
        return
    terminal = sys.stderr.isatty()
    if terminal or done == pages or done * 10 // pages > (done - 1) * 10 // pages:
        end = "\r" if terminal and done < pages else "\n"
        print(f"已检查 looked at {done} / {pages} 页 pages", end=end, file=sys.stderr, flush=True)


def print_findings(report: ScanReport) -> None:
    """Tell a person every finding on a scan with its grade, page and remedy."""
    for finding in report.findings:
        where = f"第{finding.page}页 " if finding.page else ""
        say(f"[{finding.grade}] {finding.code} {where}{finding.message} → {finding.remedy}")


def _read_file(specification: str) -> NewFile:
    role, separator, name = specification.partition(":")
    if not separator or role not in (Role.PROOF.value, Role.OTHER.value):
        raise typer.BadParameter("proof:PATH, other:PATH", param_hint="--file")
    path = Path(name)
    if not path.is_file():
        raise Refused(Code.FILE_MISSING, field="--file", detail=name)
    raw = path.read_bytes()
    media_type = sniff(raw)
    if media_type is None:
        raise Refused(Code.SCAN_NOT_RECOGNISED, field="--file", values={"name": path.name})
    return NewFile(raw, path.name, media_type, Role(role))


def register_of(agent: Agent) -> Register:
    """Return the register that the agent's settings name. Raises: Refused (`register.missing`)."""
    if agent.settings.register is None:
        raise Refused(Code.REGISTER_MISSING)
    return open_register(
        RegisterFolder(agent.folder.root / agent.settings.register.folder),
        purposes=agent.settings.purposes,
        rules=rules_for(gate_readers(), two_looks_from=agent.settings.limits.two_looks_from),
        catalogue=agent.catalogue,
        clock=lambda: datetime.now(UTC),
    )
