"""The case's evidence file, written by this agent from its own store and signed by its evidence key. Versions are kept.

v1 is what an officer acts on; later versions add what has come since (the register act, replies, the closing).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Verdict
from hub.reports.evidence import print_evidence_report
from hub.reports.times import judge_times
from hub.signing.certificates import read_certificate
from hub.signing.envelopes import SignedEnvelope, open_envelope
from hub.signing.receipts import SignedReceipt, open_receipt
from hub.trail.evidence.assemble import assemble_parts
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.opened import open_case
from hub.trail.evidence.parts import EvidenceParts
from hub.trail.evidence.report import EvidenceReport
from hub.trail.evidence.seal_states import seal_list_name
from hub.trail.evidence.stamps import stamp_name
from hub.trail.evidence.standing import KEYS, LOG, WITNESSES, check_standings, keys_name, proof_name
from hub.trail.evidence.tally import Tally
from hub.trail.evidence.verify import write_container
from station_agent.agent import Agent
from station_agent.inbox.verify import handed_over
from station_agent.seal_states import seal_lists
from station_agent.store.acts import acts_of
from station_agent.store.cases import CaseRow, all_cases
from station_agent.store.envelopes import envelopes_of, receipts_for, receipts_of
from station_agent.store.erasures import ErasedRow, erased_case
from station_agent.store.gates import EvidenceRow, add_evidence, evidence_of, next_evidence_version
from station_agent.store.trail import leaf_proof, time_stamp_of, trail_keys_taken

PrintReport = Callable[[EvidenceReport], bytes]
"""Prints the report as PDF (Typst); a glyph that no font has is refused."""


def write_version(
    agent: Agent, case: CaseId, *, now: datetime, print_report: PrintReport = print_evidence_report
) -> EvidenceRow:
    """Write the next version of the case's evidence file and return its row; the bytes are a blob of the store.

    A report that is not TOTAL-PASSED is written all the same: it says what is missing. Raises: Refused, Damaged.
    """
    parts = gather(agent, case)
    report = check_parts(parts, trust=agent.knowledge.trust(), now=now, judge_times=judge_times)
    container = write_container(
        parts, report=report, report_pdf=print_report(report), signer=agent.evidence_signer, at=now
    )
    digest = agent.store.blobs.put(container)
    with agent.store.write() as tx:
        row = EvidenceRow(case, next_evidence_version(tx, case), digest, report.indication, format_instant(now))
        add_evidence(tx, row)
    return row


def complete_closed(agent: Agent, *, now: datetime, print_report: PrintReport = print_evidence_report) -> int:
    """Write a new version for every closed case that was acted on here and has changed since its last version; count them."""
    with agent.store.read() as tx:
        due = [row.case for row in all_cases(tx) if row.state == "closed" and _has_grown(tx, row)]
    for case in due:
        write_version(agent, case, now=now, print_report=print_report)
    return len(due)


def _has_grown(tx: Connection, row: CaseRow) -> bool:
    versions = evidence_of(tx, row.case)
    return bool(versions) and versions[-1].at < row.changed_at


def read_version(agent: Agent, case: CaseId, version: int | None = None) -> tuple[EvidenceRow, bytes] | None:
    """Return a version of the case's evidence file (the newest when none is named), or None."""
    with agent.store.read() as tx:
        rows = [row for row in evidence_of(tx, case) if version in (None, row.version)]
        gone = erased_case(tx, case)
    if gone is not None and rows and rows[-1].at <= gone.at:
        raise Refused(Code.CASE_ERASED, detail=case)
    return (rows[-1], agent.store.blobs.get(rows[-1].digest)) if rows else None


def gather(agent: Agent, case: CaseId) -> EvidenceParts:
    """Return everything this station holds about `case` that the hub has acknowledged, and its own officers' acts; of an erased
    case what still proves, with the notice that names the rest by digest."""
    find = agent.knowledge.find
    with agent.store.read() as tx:
        if (gone := erased_case(tx, case)) is not None:
            return _redacted(tx, agent, gone)
        rows = envelopes_of(tx, case)
        signed = [open_envelope(row.raw, certificates=find) for row in rows]
        receipts: dict[Digest, SignedReceipt] = {}
        for envelope in signed:
            for receipt in receipts_for(tx, envelope.digest):
                opened = open_receipt(receipt.raw, certificates=find)
                proof = leaf_proof(tx, receipt.digest)
                if proof is not None and not proof.raw:
                    continue  # lost by a declared restore: the second, later receipt stands in the trail
                receipts.setdefault(opened.receipt.handover or opened.receipt.envelope, opened)
        acts = acts_of(tx, case)
    # What the hub has not acknowledged is no evidence yet; it comes with the next version.
    kept = [envelope for envelope in signed if envelope.digest in receipts and _is_complete(envelope, receipts)]
    parts = assemble_parts(
        case,
        envelopes=[envelope.raw for envelope in kept],
        receipts=[receipts[envelope.digest].raw for envelope in kept],
        acts=[(f"{act.kind}-{act.officer}.jws", act.raw) for act in acts],
        read=agent.store.blobs.get,
        find=find,
        crls=agent.knowledge.newest_crls(),
    )
    with agent.store.read() as tx:
        trail = _trail(tx, [receipts[envelope.digest] for envelope in kept])
    return _with_seal_lists(replace(parts, trail=trail), agent)


def _redacted(tx: Connection, agent: Agent, gone: ErasedRow) -> EvidenceParts:
    find = agent.knowledge.find
    receipts = [
        open_receipt(row.raw, certificates=find)
        for row in receipts_of(tx, gone.case)
        if (proof := leaf_proof(tx, row.digest)) is None or proof.raw  # an empty one: lost by a declared restore
    ]
    parts = assemble_parts(
        gone.case,
        envelopes=(),
        receipts=[receipt.raw for receipt in receipts],
        read=agent.store.blobs.get,
        find=find,
        crls=agent.knowledge.newest_crls(),
        erasures=(gone.raw,),
    )
    return replace(parts, trail=_trail(tx, receipts))


def _trail(tx: Connection, receipts: Sequence[SignedReceipt]) -> dict[str, bytes]:
    """Return what the file holds of the trail: the statements of its keys, and the proof of every receipt that has one."""
    files = {keys_name(number): raw for number, raw in enumerate(trail_keys_taken(tx), start=1)}
    for number, receipt in enumerate(receipts, start=1):
        proof = leaf_proof(tx, receipt.digest)
        if proof is not None:
            files[proof_name(number)] = proof.raw
            if (token := time_stamp_of(tx, proof.size)) is not None:
                files[stamp_name(proof.size)] = token
    return files


def trail_gaps(agent: Agent, case: CaseId) -> Verdict:
    """Return what keeps the case's evidence from standing in a trail that enough stations have seen: checks not passed."""
    parts, tally = gather(agent, case), Tally((KEYS, LOG, WITNESSES))
    opened = open_case(parts, agent.knowledge.trust())
    check_standings(opened.receipts, parts.trail, trust=opened.trust, tally=tally)
    return Verdict(tally.verdict().not_passed)


def _with_seal_lists(parts: EvidenceParts, agent: Agent) -> EvidenceParts:
    """Add what the hub states of seals, where it has a register of them and the case has a letter."""
    with agent.store.read() as tx:
        lists = seal_lists(tx, agent)
    if not any(item.list.seals or item.list.required for item in lists):
        return parts
    present = {read_certificate(raw).x5t for raw in parts.certificates}
    more = {item.certified.x5t: item.certified.pem for item in lists if item.certified.x5t not in present}
    named = {seal_list_name(item.list.number): item.raw for item in lists}
    certificates = (*parts.certificates, *(more[x5t] for x5t in sorted(more)))
    return replace(parts, certificates=certificates, trail={**parts.trail, **named})


def _is_complete(envelope: SignedEnvelope, receipts: dict[Digest, SignedReceipt]) -> bool:
    return envelope.envelope.kind is not Kind.HANDOVER or handed_over(envelope) in receipts
