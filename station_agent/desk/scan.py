"""扫描校对: the stamped original is scanned, proof-checked against the draft and attested to be the original."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from hub.letters.report import Grade, ScanReport
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from station_agent.agent import Agent
from station_agent.desk.acting import require_own, sign, store_act
from station_agent.desk.proofread import ReadLines, ScanCheck, proofread
from station_agent.desk.steps import step_letter
from station_agent.people import Person
from station_agent.room import require_room
from station_agent.store.blobs import CHUNK, IncomingBlob
from station_agent.store.cases import add_files, require_case
from station_agent.store.letters import LetterRow, require_letter, save_letter


@dataclass(frozen=True, slots=True)
class ProofTicks:
    """What the officer has compared, template beside scan: pages, the stamp is clear, persons equal, it is the original."""

    pages: int
    stamp_clear: bool
    persons_equal: bool
    original: bool


def scan(
    agent: Agent,
    person: Person,
    case: CaseId,
    *,
    raw: bytes | Path,
    name: str,
    ticks: ProofTicks,
    check: ScanCheck,
    read: ReadLines | None = None,
    now: datetime,
) -> ScanReport:
    """Take the scan of the stamped letter (bytes or a file, which is copied first) into the case, as it came; a further scan
    replaces it and needs a new seal.

    Warnings on the scan do not stop it; the report is returned for the officer to read. `read` reads the letter's text, which
    is compared with the case.
    Raises: Refused (`station.scan_refused` or the finding's own code, `station.proof_incomplete`,
    `station.pages_differ`, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    require_room(agent)
    with agent.store.blobs.writing() as copy:
        digest, size = _copied(raw, copy)
        held = copy.flush()
        report = proofread(agent, case, check(held, name), raw=held, digest=digest, read=read, now=now)
        _require_good(report, ticks)
        copy.keep(digest)
    with agent.store.write() as tx:
        require_case(tx, case)
        letter = _step(require_letter(tx, case), person)
        details = {"pages": ticks.pages, "attested_original": ticks.original, "letter": digest}
        act = sign(
            agent,
            person,
            ActKind.SCAN,
            case=case,
            subject=digest,
            details=details,
            now=now,
            previous=letter.seal_use_act,
        )
        store_act(tx, agent.store, act)
        media_type = report.media_type or "application/octet-stream"
        file = Attachment(digest=digest, size=size, media_type=media_type, name=name, role=Role.SCAN)
        add_files(tx, case, (file,))
        changed = replace(letter, scan=digest, scan_media_type=media_type, scan_name=name, scan_act=act.digest)
        save_letter(tx, replace(changed, pages=ticks.pages, attested_original=ticks.original, letter=None))
    return report


def _copied(raw: bytes | Path, copy: IncomingBlob) -> tuple[Digest, int]:
    """Copy the scan, so that what is looked at is what is kept; return its digest and size. Raises: Unavailable, OSError."""
    if isinstance(raw, bytes):
        copy.write(raw)
        return digest_of(raw), len(raw)
    state, size = hashlib.sha256(), 0
    with raw.open("rb") as file:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
            state.update(chunk)
            size += len(chunk)
    return Digest(state.hexdigest()), size


def _step(letter: LetterRow, person: Person) -> LetterRow:
    event = "scan" if letter.state == "stamped" else "rescan"
    return step_letter(letter, event, "check", person=person, facts=("scan_readable", "proof_ticks_done"))


def _require_good(report: ScanReport, ticks: ProofTicks) -> None:
    if not report.ok:
        finding = next(finding for finding in report.findings if finding.grade is Grade.REFUSE)
        raise Refused(Code.SCAN_REFUSED, detail=finding.code, values={"message": finding.message})
    if not (ticks.stamp_clear and ticks.persons_equal and ticks.original):
        raise Refused(Code.PROOF_INCOMPLETE)
    if ticks.pages != report.pages:
        raise Refused(Code.PAGES_DIFFER, values={"stated": ticks.pages, "counted": report.pages})
