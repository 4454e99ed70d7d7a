"""签封: the custodian unlocks the station's seal key, and the scan becomes the sealed letter (PDF with a PAdES signature)."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from hub.cases.separation import require_separate_persons
from hub.letters.limits import default_limits
from hub.letters.printing.typesetting import font_file
from hub.letters.scan import require_scan
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.media_types import PDF
from hub.protocol.station_event import StationEventKind
from hub.protocol.verdict import Verdict
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.seal_check import check_seal
from hub.signing.seals import SealLabel, seal_file
from hub.signing.trust import check_certificate
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.steps import step_case, step_letter
from station_agent.events import note_event
from station_agent.people import Person
from station_agent.seal_states import require_seal_in_force
from station_agent.store.cases import add_files, require_case, save_case
from station_agent.store.letters import LetterRow, require_letter, save_letter

ToPdf = Callable[[bytes], bytes]
"""Turns a scan into a PDF in a limited child process: the same bytes for the same scan."""


def seal(agent: Agent, person: Person, case: CaseId, *, seal_key: Signer, to_pdf: ToPdf, now: datetime) -> Digest:
    """Seal the checked scan of `case` with the station's seal key, which its custodian has unlocked.

    The seal must be the one that the seal-use act names. Returns the sealed letter's digest.
    Raises: Refused (E301, E302, `station.other_seal`, `letter.custodian_is_drafter`, `state.*`, `seal.*`), NotPermitted.
    """
    require_own(agent, person)
    with agent.store.read() as tx:
        letter = require_letter(tx, case)
    _require_sealable(letter, person, seal_key.certified)
    _require_in_force(agent, seal_key, now)
    # No transaction is held while the page is drawn and signed; the letter is compared again below.
    label = SealLabel(agent.settings.name, letter.number or "", font=font_file())
    crls = agent.knowledge.newest_crls()
    chain = agent.knowledge.roots
    with _scan_as_pdf(agent, letter, to_pdf) as pdf, agent.store.blobs.writing() as sealed:
        digest = seal_file(pdf, sealed.file, signer=seal_key, chain=chain, crls=crls, at=now, label=label)
        size = sealed.flush().stat().st_size
        sealed.keep(digest)
    return _note(agent, person, case, letter, (digest, size), now)


def adopt_sealed(agent: Agent, person: Person, case: CaseId, *, sealed: bytes, to_pdf: ToPdf, now: datetime) -> Digest:
    """Take a letter that was sealed elsewhere, e.g. on a machine without network, in place of `seal`.

    It must be this case's scan, sealed by the seal that the seal-use act names, and verify now.
    Raises: NotVerified, Refused (E301, `station.other_seal`, `station.other_scan`, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    with agent.store.read() as tx:
        letter = require_letter(tx, case)
    finding = check_seal(sealed, trust=agent.knowledge.trust(), at=now, now=now)
    finding.verdict.require()
    _require_sealable(letter, person, finding.certified)
    require_seal_in_force(agent, letter.seal or "")
    if finding.prefix_digest != digest_of(to_pdf(agent.store.blobs.get(letter.scan or Digest("")))):
        raise Refused(Code.OTHER_SCAN)
    kept = (agent.store.blobs.put(sealed), len(sealed))
    return _note(agent, person, case, letter, kept, now)


@contextmanager
def _scan_as_pdf(agent: Agent, letter: LetterRow, to_pdf: ToPdf) -> Iterator[BinaryIO]:
    """Give the scan as PDF: one that is a PDF is read where it lies, however large; pictures are wrapped in memory."""
    digest = letter.scan or Digest("")
    if letter.scan_media_type != PDF:
        yield io.BytesIO(to_pdf(agent.store.blobs.get(digest)))
        return
    path = agent.store.blobs.whole(digest)
    require_scan(path, limits=default_limits())
    with path.open("rb") as file:
        yield file


def _note(
    agent: Agent, person: Person, case: CaseId, letter: LetterRow, kept: tuple[Digest, int], now: datetime
) -> Digest:
    """Note the sealed letter, which is kept under its digest and has this size."""
    digest, size = kept
    with agent.store.write() as tx:
        row = require_case(tx, case)
        if require_letter(tx, case) != letter:
            raise Refused(Code.CHANGED_MEANWHILE, detail=case)
        facts = ("custodian_is_not_drafter", "seal_active")
        letter = step_letter(letter, "seal", person=person, facts=facts)
        save_letter(tx, replace(letter, letter=digest))
        note_event(tx, agent, StationEventKind.SEAL_USE, case=case, subject=digest, now=now)
        name = f"{case}-{letter.version}.pdf"
        add_files(tx, case, (Attachment(digest=digest, size=size, media_type=PDF, name=name, role=Role.LETTER),))
        if row.state == "awaiting_seal":
            save_case(tx, step_case(row, "approve", person=person, facts=("letter_sealed",)), now=now)
    return digest


def _require_sealable(letter: LetterRow, person: Person, seal: Certified | None) -> None:
    if letter.approval_act is None or letter.approver is None or letter.seal_use_act is None:
        raise Refused(Code.APPROVAL_MISSING)
    require_separate_persons(drafter=letter.drafter, approver=letter.approver, custodian=person.number)
    if letter.scan is None:
        raise Refused(Code.NO_SCAN)
    if seal is None or seal.x5t != letter.seal:
        raise Refused(Code.OTHER_SEAL)


def _require_in_force(agent: Agent, seal_key: Signer, now: datetime) -> None:
    require_seal_in_force(agent, seal_key.certified.x5t)
    # A stale list does not stop the sender, who may be cut off; the receiver judges with its own.
    trust = agent.knowledge.trust()
    checks = check_certificate(
        seal_key.certified, kind=CertificateKind.SEAL, trust=trust, at=now, now=now, prefix="seal"
    )
    failures = Verdict(checks).not_passed
    bad = [check for check in failures if check.result.value == "failed"]
    if bad:
        raise Refused(Code.SEAL_SUSPENDED, detail=bad[0].code, values={"state": "停用", "since": "—"})
