"""The hub's own evidence file of a case, written from its store beside a serving hub and signed by its evidence key."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from hub.exchange.hub import purposes_of, read_settings
from hub.exchange.own_keys import evidence_place, hub_certificates
from hub.exchange.trust import TrustBook
from hub.exchange.witnessing import prove_leaves
from hub.keyring.pairs import load_pair
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.reports.evidence import print_evidence_report
from hub.reports.times import judge_times
from hub.signing.certificates import CertificateSource, Certified, known, read_certificate
from hub.signing.receipts import open_receipt
from hub.store.blobs import BlobStore
from hub.store.database import Readers
from hub.store.erasures import ErasureRow, erasure_of
from hub.store.filed import filed_in_case
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.stations import certificate_by_x5t
from hub.store.trail_keys import trail_keys_installed
from hub.trail.checkpoint import parse_checkpoint
from hub.trail.evidence.assemble import assemble_parts
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.stamps import stamp_name
from hub.trail.evidence.standing import keys_name, proof_name
from hub.trail.evidence.verify import write_container
from hub.trail.lines import parse_base64, parse_hash
from hub.trail.tlog_proof import TlogProof, encode_tlog_proof


def export_evidence(data: Path, passphrase: bytes, case: CaseId, *, now: datetime) -> bytes:
    """Return the evidence file of `case`, as far as the hub has it, signed by the hub's evidence key. Of an erased case it has
    what still proves, and names the rest by digest.

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

    def question(tx: sa.Connection) -> tuple[list[tuple[bytes, bytes]], ErasureRow | None]:
        return filed_in_case(tx, case), erasure_of(tx, case)

    book = TrustBook(
        folder, purposes=purposes, crl_max_age=timedelta(seconds=settings.limits.crl_max_age_s), find=lambda _x5t: None
    )
    try:
        rows, erasure = readers.read_now(question)
        if not rows:
            raise Refused(Code.CASE_UNKNOWN, detail=case)
        parts = assemble_parts(
            case,
            envelopes=[envelope for envelope, _ in rows if envelope],
            receipts=[receipt for _, receipt in rows],
            read=lambda digest: blobs.path_of(digest).read_bytes(),
            find=find,
            crls=(book.crl,) if book.crl is not None else (),
            erasures=(erasure.raw,) if erasure is not None else (),
        )
        trail = readers.read_now(lambda tx: _trail(tx, parts.receipts, find))
    finally:
        readers.close()
    parts = replace(parts, trail=trail)
    report = check_parts(parts, trust=book.trust, now=now, judge_times=judge_times)
    return write_container(parts, report=report, report_pdf=print_evidence_report(report), signer=signer, at=now)


def _trail(tx: sa.Connection, receipts: Sequence[bytes], find: CertificateSource) -> dict[str, bytes]:
    """Return the statements of the trail's keys, and the proofs of the receipts' leaves as far as the trail is cosigned."""
    files = {keys_name(number): raw for number, raw in enumerate(trail_keys_installed(tx), start=1)}
    leaves = {
        number: opened.trail.index
        for number, raw in enumerate(receipts, start=1)
        if (opened := open_receipt(raw, certificates=find).receipt).trail is not None
    }
    answer = prove_leaves(tx, list(leaves.values()))
    paths = {
        one.index: tuple(parse_hash(line, code=Code.TRAIL_PROOF_FORM) for line in one.proof) for one in answer.proofs
    }
    if answer.time_stamp is not None:
        size = parse_checkpoint(answer.checkpoint.encode()).checkpoint.size
        files[stamp_name(size)] = parse_base64(answer.time_stamp, code=Code.TIME_STAMP_INVALID)
    for number, leaf in leaves.items():
        if leaf in paths:
            files[proof_name(number)] = encode_tlog_proof(TlogProof(leaf, paths[leaf], answer.checkpoint.encode()))
    return files
