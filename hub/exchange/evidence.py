"""The hub's own evidence file of a case, written from its store beside a serving hub and signed by its evidence key."""

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from hub.exchange.hub import purposes_of, read_settings
from hub.exchange.own_keys import evidence_place, hub_certificates
from hub.exchange.trust import TrustBook
from hub.keyring.pairs import load_pair
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.reports.evidence import print_evidence_report
from hub.reports.times import judge_times
from hub.signing.certificates import Certified, known, read_certificate
from hub.store.blobs import BlobStore
from hub.store.database import Readers
from hub.store.filed import filed_in_case
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.stations import certificate_by_x5t
from hub.trail.evidence.assemble import assemble_parts
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.verify import write_container


def export_evidence(data: Path, passphrase: bytes, case: CaseId, *, now: datetime) -> bytes:
    """Return the evidence file of `case`, as far as the hub has it, signed by the hub's evidence key.

    Raises: Refused (`case.unknown`, `key.*`, `print.glyph_missing`), Damaged.
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    purposes = purposes_of(settings)
    require_current(folder.database)
    signer = load_pair(evidence_place(folder), passphrase, purposes=purposes)
    readers, blobs = Readers(folder.database), BlobStore(folder)
    own = known(hub_certificates(folder, purposes=purposes))  # also of receipts signed before a renewal

    def find(x5t: str) -> Certified | None:
        if (mine := own(x5t)) is not None:
            return mine
        row = readers.read_now(lambda tx: certificate_by_x5t(tx, x5t))
        return read_certificate(row.raw, purposes=purposes) if row is not None else None

    def question(tx: sa.Connection) -> list[tuple[bytes, bytes]]:
        return filed_in_case(tx, case)

    book = TrustBook(
        folder, purposes=purposes, crl_max_age=timedelta(seconds=settings.limits.crl_max_age_s), find=lambda _x5t: None
    )
    try:
        rows = readers.read_now(question)
        if not rows:
            raise Refused(Code.CASE_UNKNOWN, detail=case)
        parts = assemble_parts(
            case,
            envelopes=[envelope for envelope, _ in rows],
            receipts=[receipt for _, receipt in rows],
            read=lambda digest: blobs.path_of(digest).read_bytes(),
            find=find,
            crls=(book.crl,) if book.crl is not None else (),
        )
    finally:
        readers.close()
    report = check_parts(parts, trust=book.trust, now=now, judge_times=judge_times)
    return write_container(parts, report=report, report_pdf=print_evidence_report(report), signer=signer, at=now)
