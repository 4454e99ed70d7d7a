"""扫描校对, the program's part: a scan beside its case, at the sender before the original is attested, at the receiver before
the impression is looked at. Advice beside the officer's own eyes; the reading of the text needs the extra `ocr`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from hub.cases.citizen_id import require_citizen_id
from hub.letters.paper_check import check_paper
from hub.letters.reading.cross_check import Expected, cross_check
from hub.letters.reading.lines import Line
from hub.letters.report import Grade, Observation, ScanReport, finding_of, note, warn
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.instants import SHANGHAI
from hub.protocol.strict_json import encode_json
from station_agent.agent import Agent
from station_agent.desk.draft import LATER_FIELDS
from station_agent.desk.inquiry import require_inquiry
from station_agent.desk.paper import printed_body
from station_agent.store.cases import other_cases_with
from station_agent.store.letters import require_letter

ReadLines = Callable[[bytes | Path, str], Sequence[Line]]
"""Reads a letter (bytes or a file, its name) in a limited child process, e.g. `hub.letters.reading.read.read_lines` with its limits."""
ScanCheck = Callable[[bytes | Path, str], ScanReport]
"""Looks at a scan (bytes or a file, its name) in a limited child process, e.g. `hub.letters.scan.check_scan` with its limits."""


def proofread(
    agent: Agent,
    case: CaseId,
    report: ScanReport,
    *,
    raw: bytes | Path,
    digest: Digest,
    read: ReadLines | None,
    now: datetime,
) -> ScanReport:
    """Return `report` on the scan `raw` of this `digest` with what the case has to say about it: other cases' scans and sheets, no stamp,
    persons or numbers that differ. `read` None: the text is not read.

    Raises: Refused (`station.no_letter`).
    """
    with agent.store.read() as tx:
        letter = require_letter(tx, case)
        doubles = other_cases_with(tx, digest, case=case)
    observations = [warn(Code.SCAN_DUPLICATE, case=other) for other in doubles]
    observations += _about_stamps(report)
    if letter.number is not None:
        body = printed_body(letter)
        observations += _about_paper(report, case, body)
        if report.ok and read is not None:
            observations += _about_text(raw, body, sender=agent.settings.name, now=now, read=read)
    return _with(report, observations)


def examine(agent: Agent, case: CaseId, *, check: ScanCheck, read: ReadLines | None, now: datetime) -> ScanReport:
    """Return what is to be said of the sealed letter that came with the inquiry of `case`, before an officer looks at it.

    `check` judges by the policy for sealed letters. Raises: Refused (`station.no_inquiry`, `station.no_letter`), Damaged.
    """
    with agent.store.read() as tx:
        inquiry = require_inquiry(tx, agent, case)
    letter = next((file for file in inquiry.envelope.attachments if file.role is Role.LETTER), None)
    if letter is None:
        raise Refused(Code.NO_LETTER, detail=case)
    raw = agent.store.blobs.whole(letter.digest)
    report = check(raw, letter.name)
    body = {key: value for key, value in inquiry.envelope.body.items() if key not in LATER_FIELDS}
    body["letter_number"] = inquiry.envelope.body["letter_number"]
    observations = [*_about_stamps(report), *_about_paper(report, case, body)]
    if report.ok and read is not None:
        observations += _about_text(raw, body, sender="", now=now, read=read)
    return _with(report, observations)


def _with(report: ScanReport, observations: list[Observation]) -> ScanReport:
    findings = (*report.findings, *(finding_of(observation) for observation in observations))
    ok = not any(finding.grade is Grade.REFUSE for finding in findings)
    return msgspec.structs.replace(report, ok=ok, findings=findings)


def _about_stamps(report: ScanReport) -> Iterator[Observation]:
    # A black-and-white impression has been spoken of already, as a copy.
    if report.ok and not report.stamps:
        yield warn(Code.SCAN_NO_STAMP)


def _about_paper(report: ScanReport, case: CaseId, body: Mapping[str, Any]) -> tuple[Observation, ...]:
    body_digest = digest_of(encode_json(dict(body)))
    return check_paper(report.marks, pages=report.pages, case=case, body_digest=body_digest)


def _about_text(
    raw: bytes | Path, body: Mapping[str, Any], *, sender: str, now: datetime, read: ReadLines
) -> tuple[Observation, ...]:
    try:
        lines = read(raw, "")
    except HanxunError:
        # The officer compares by eye in any case; that the machine could not is no reason to stop the letter.
        return (note(Code.READING_NOT_DONE),)
    today = now.astimezone(SHANGHAI).date()
    persons = body["persons"] if "persons" in body else [body["person"]]
    expected = Expected(
        persons=tuple((person["name"], person["id18"]) for person in persons),
        sender=sender,
        letter_number=body["letter_number"],
        earliest=date.fromisoformat(body["move_date"]) if "move_date" in body else None,
        latest=today,
    )
    return cross_check(lines, expected, is_citizen_id=partial(_is_citizen_id, today=today))


def _is_citizen_id(text: str, *, today: date) -> bool:
    try:
        require_citizen_id(text, today=today)
    except Refused:
        return False
    return True
