"""Verify the parts of one case's evidence from the roots alone: envelopes, receipts, log proofs, acts, letters, files.

Each is judged at the time the hub's receipt proves for it. Every check of `CODES` is listed, always; when several items
fall under one check, the worst outcome stands for it and names the item.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.verdict import Check, Result, Verdict, failed, indeterminate, not_applicable, passed
from hub.signing.acts import SignedAct, check_act
from hub.signing.envelopes import SignedEnvelope, check_envelope
from hub.signing.receipts import SignedReceipt, check_receipt
from hub.signing.seal_check import SealFinding, check_seal
from hub.signing.seal_lists import SealBook, check_seal_state
from hub.signing.trust import Trust
from hub.trail.evidence.erased import (
    check_removed_fit,
    count_removed,
    good_erasures,
    is_about_removed,
    removed_by,
    report_erasure,
    report_removed,
)
from hub.trail.evidence.opened import Carried, OpenedCase, Opening, is_authority, open_case
from hub.trail.evidence.parts import EvidenceParts
from hub.trail.evidence.report import (
    ERASURE,
    QUESTIONS,
    EvidenceReport,
    JudgeTimes,
    ReportAct,
    ReportEnvelope,
    ReportFile,
    ReportSeal,
    TimedEnvelope,
    make_report,
    report_check,
    report_envelope,
)
from hub.trail.evidence.seal_states import seal_book_in
from hub.trail.evidence.stamps import check_time_stamps
from hub.trail.evidence.standing import check_standings
from hub.trail.evidence.tally import Tally
from hub.trail.hashing import leaf_hash
from hub.trail.position import parse_position
from hub.trail.proofs import check_inclusion

CODES = tuple(QUESTIONS)
T = TypeVar("T")


def check_parts(
    parts: EvidenceParts, *, trust: Trust, now: datetime, judge_times: JudgeTimes | None = None
) -> EvidenceReport:
    """Return the report on `parts`, judged at `now` (against which the age of revocation lists counts).

    `trust` brings the roots; revocation lists and certificates in `parts` are used when a root vouches for them. For a
    container, put every list of `trust` into `parts` too: its reader has no others to derive this report again.
    """
    return judge_parts(parts, trust=trust, now=now, judge_times=judge_times)[1]


def judge_parts(
    parts: EvidenceParts, *, trust: Trust, now: datetime, judge_times: JudgeTimes | None = None
) -> tuple[Verdict, EvidenceReport]:
    """Return the verdict on `parts` and the report of it, with the time limits where `judge_times` knows the rules."""
    now = parse_instant(format_instant(now))  # as precise as the report states it, so that a reader judges alike
    case = open_case(parts, trust)
    tally = Tally((*CODES, ERASURE) if parts.erasures else CODES)
    _check_certificates(case, tally)
    erasures = good_erasures(parts, case, now=now, tally=tally)
    removed = removed_by(erasures)
    if removed:
        count_removed(removed, case, parts, tally)
    else:
        _require_envelopes(case, tally)
    _check_envelopes(case, now, tally)
    _check_chain(parts, case, tally)
    _check_receipts(parts, case, removed, now, tally)
    statements = check_standings(case.receipts, parts.trail, trust=case.trust, tally=tally)
    check_time_stamps(case.receipts, parts.trail, statements, tally=tally)
    _check_attachments(parts, case, tally)
    _check_acts(parts, case, now, tally)
    seals = _check_letters(parts, case, now, tally)
    verdict = tally.verdict()
    report = make_report(
        parts.case,
        verdict,
        judged_at=now,
        crl_max_age=trust.crl_max_age,
        timeline=_timeline(parts, case),
        acts=_acts(case),
        seals=seals,
        files=_files(parts, case),
        times=() if judge_times is None else judge_times(_timed(case)),
        erasures=map(report_erasure, erasures),
        removed=report_removed(removed, case),
    )
    return verdict, report


def accepted_at(case: OpenedCase, envelope: SignedEnvelope, now: datetime) -> datetime:
    """Return the time the hub's receipt proves for `envelope`; `now` when there is no receipt."""
    receipt = case.acceptance_of(envelope)
    return parse_instant(receipt.receipt.time) if receipt is not None else now


def _check_certificates(case: OpenedCase, tally: Tally) -> None:
    for certificate in case.certificates:
        certified = _opened(certificate, "evidence.certificates", tally)
        if certified is None or certified in case.trust.roots:
            continue
        problem = case.trust.chain_of(certified).problem
        outcome = passed("evidence.certificates") if problem is None else failed("", Code.CERT_CHAIN, problem)
        tally.add("evidence.certificates", outcome, certificate.name)
    issuers = (*case.trust.roots, *(item for item in case.trust.intermediates if is_authority(item)))
    for crl in case.crls:
        opened = _opened(crl, "evidence.crls", tally)
        if opened is not None:
            known = any(opened.is_by(issuer) for issuer in issuers)
            tally.add("evidence.crls", passed("") if known else failed("", Code.CERT_CHAIN), crl.name)


def _require_envelopes(case: OpenedCase, tally: Tally) -> None:
    if not case.envelopes:
        tally.add("evidence.envelopes", failed("", Code.EVIDENCE_EMPTY), None)


def _check_envelopes(case: OpenedCase, now: datetime, tally: Tally) -> None:
    for envelope in case.envelopes:
        signed = _opened(envelope, "evidence.envelopes", tally)
        if signed is not None:
            tally.add("evidence.envelopes", passed(""), envelope.name)
            at = accepted_at(case, signed, now)
            tally.add_all("evidence.senders", check_envelope(signed, trust=case.trust, at=at, now=now), envelope.name)


def _check_chain(parts: EvidenceParts, case: OpenedCase, tally: Tally) -> None:
    seen: set[str] = set()
    ids: set[str] = set()
    for number, opening in enumerate(case.envelopes, start=1):
        if opening.value is None:
            tally.add("evidence.chain", indeterminate("", Code.EVIDENCE_NOT_CHECKED), opening.name)
            continue
        envelope = opening.value.envelope
        linked = envelope.previous is None if number == 1 else envelope.previous in seen
        good = envelope.case == parts.case and linked and envelope.id not in ids
        tally.add("evidence.chain", passed("") if good else failed("", Code.EVIDENCE_CHAIN), opening.name)
        seen.add(opening.value.digest)
        ids.add(envelope.id)


def _check_receipts(
    parts: EvidenceParts, case: OpenedCase, removed: Mapping[Digest, str], now: datetime, tally: Tally
) -> None:
    for opening in case.receipts:
        receipt = _opened(opening, "evidence.receipts", tally)
        if receipt is None:
            continue
        fit = _check_fit(case, receipt)
        if fit.result is Result.INDETERMINATE and is_about_removed(receipt, removed):
            fit = check_removed_fit(receipt, parts.case)
        tally.add("evidence.receipts", fit, opening.name)
        at = parse_instant(receipt.receipt.time)
        tally.add_all("evidence.hub", check_receipt(receipt, trust=case.trust, at=at, now=now), opening.name)
        tally.add("evidence.trail", check_standing(receipt), opening.name)
    for envelope in case.envelopes:
        if envelope.value is not None and case.acceptance_of(envelope.value) is None:
            tally.add("evidence.receipts", indeterminate("", Code.EVIDENCE_NO_RECEIPT), envelope.name)


def _check_fit(case: OpenedCase, receipt: SignedReceipt) -> Check:
    """Say whether what the receipt states about its envelope is what the envelope says."""
    stated = receipt.receipt
    if stated.trail is None or stated.refusal is not None:
        return failed("", Code.EVIDENCE_RECEIPT, "a refusal")
    signed = {opening.value.digest: opening.value for opening in case.envelopes if opening.value is not None}
    envelope = signed.get(stated.envelope)
    handover = signed.get(stated.handover) if stated.handover is not None else None
    if envelope is None or (stated.handover is not None and handover is None):
        return indeterminate("", Code.EVIDENCE_RECEIPT, "its envelope is not in the file")
    if stated.case != envelope.envelope.case:
        return failed("", Code.EVIDENCE_RECEIPT, "case")
    if handover is not None:
        taken = handover.envelope
        good = taken.kind is Kind.HANDOVER and taken.from_ == envelope.envelope.to and taken.previous == stated.envelope
        return passed("") if good else failed("", Code.EVIDENCE_RECEIPT, "handover")
    same = (stated.id, stated.from_, stated.to) == (envelope.envelope.id, envelope.envelope.from_, envelope.envelope.to)
    return passed("") if same else failed("", Code.EVIDENCE_RECEIPT, "id, from or to")


def check_standing(receipt: SignedReceipt) -> Check:
    """Say whether the receipt's proof leads from a record about its envelope to the checkpoint it carries.

    The hub signed the receipt and with it that checkpoint; the log's own signature on it is checked by those who hold the
    log's key (`hub.trail.position`).
    """
    stated = receipt.receipt
    if stated.trail is None:
        return not_applicable("evidence.trail")
    try:
        leaf = parse_position(stated.trail)
    except Refused as error:
        return failed("evidence.trail", error.code, error.detail, **error.values)
    if leaf.record.digest not in (stated.envelope, stated.handover):
        return failed("evidence.trail", Code.EVIDENCE_TRAIL, "the record is about something else")
    return check_inclusion(
        leaf_hash(leaf.raw_record),
        index=leaf.index,
        size=leaf.signed.checkpoint.size,
        proof=leaf.proof,
        root=leaf.signed.checkpoint.root,
    )


def _check_attachments(parts: EvidenceParts, case: OpenedCase, tally: Tally) -> None:
    for digest, carried in case.carried.items():
        file = parts.attachments.get(digest)
        if file is None:
            tally.add("evidence.attachments", indeterminate("", Code.EVIDENCE_ATTACHMENT_MISSING), digest)
        else:
            good = digest_of(file.raw) == digest and len(file.raw) == carried.attachment.size
            tally.add("evidence.attachments", passed("") if good else failed("", Code.EVIDENCE_DIGEST), digest)
    acts = {opening.name for opening in case.acts if opening.value is not None}
    for digest, file in parts.attachments.items():
        if digest not in case.carried:
            known = digest in acts and digest_of(file.raw) == digest
            outcome = passed("") if known else indeterminate("", Code.EVIDENCE_UNNAMED_FILE)
            tally.add("evidence.attachments", outcome, digest)


def _check_acts(parts: EvidenceParts, case: OpenedCase, now: datetime, tally: Tally) -> None:
    for opening in case.acts:
        signed = _opened(opening, "evidence.acts", tally)
        if signed is None:
            continue
        carried = next((item for digest, item in case.carried.items() if digest == signed.digest), None)
        at = accepted_at(case, carried.envelope, now) if carried is not None else now
        person, certificate = _split(check_act(signed, trust=case.trust, at=at, now=now).checks)
        tally.add_all("evidence.acts", person, opening.name)
        tally.add_all("evidence.officers", certificate, opening.name)
        fits = signed.act.case == parts.case and _is_party(signed, carried, case)
        tally.add("evidence.acts", passed("") if fits else failed("", Code.EVIDENCE_ACT), opening.name)


def _is_party(signed: SignedAct, carried: Carried | None, case: OpenedCase) -> bool:
    if carried is not None:
        return signed.act.station == carried.envelope.envelope.from_
    parties = {opening.value.envelope.from_ for opening in case.envelopes if opening.value is not None}
    parties |= {opening.value.envelope.to for opening in case.envelopes if opening.value is not None}
    return signed.act.station in parties


def _split(checks: Iterable[Check]) -> tuple[Verdict, Verdict]:
    checks = tuple(checks)
    certificate = tuple(check for check in checks if check.code.rpartition(".")[2] in _OF_CERTIFICATE)
    return Verdict(tuple(check for check in checks if check not in certificate)), Verdict(certificate)


_OF_CERTIFICATE = frozenset({"chain", "validity", "purpose", "revocation"})


def _check_letters(parts: EvidenceParts, case: OpenedCase, now: datetime, tally: Tally) -> list[ReportSeal]:
    seals = []
    book = _seal_book(parts, case, now, tally)
    for digest, carried in case.carried.items():
        file = parts.attachments.get(digest)
        if carried.attachment.role is not Role.LETTER or file is None:
            continue
        at = accepted_at(case, carried.envelope, now)
        finding = check_seal(file.raw, trust=case.trust, at=at, now=now)
        tally.add_all("evidence.seals", finding.verdict, digest)
        tally.add("evidence.seals", _check_sealed_by(finding, carried), digest)
        if finding.certified is not None and book.lists:
            tally.add("evidence.seals", check_seal_state(finding.certified.x5t, book=book, at=at, now=now), digest)
        seals.append(_report_seal(digest, carried, finding))
    return seals


def _seal_book(parts: EvidenceParts, case: OpenedCase, now: datetime, tally: Tally) -> SealBook:
    book, outcomes = seal_book_in(parts, trust=case.trust, now=now)
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            tally.add("evidence.seals", failed("", outcome.code, outcome.detail, **outcome.values), "seals")
        else:
            tally.add_all("evidence.seals", outcome, "seals")
    return book


def _check_sealed_by(finding: SealFinding, carried: Carried) -> Check:
    if finding.certified is None:
        return indeterminate("", Code.EVIDENCE_NOT_CHECKED)
    same = finding.certified.station == carried.envelope.envelope.from_
    return passed("") if same else failed("", Code.EVIDENCE_SEAL_STATION)


def _report_seal(digest: str, carried: Carried, finding: SealFinding) -> ReportSeal:
    certified = finding.certified
    return ReportSeal(
        letter=digest,
        envelope=carried.number,
        station=certified.station if certified is not None else None,
        certificate=certified.x5t if certified is not None else None,
        signed_at=format_instant(finding.signed_at) if finding.signed_at is not None else None,
        indication=finding.verdict.indication.value,
        checks=tuple(map(report_check, finding.verdict.checks)),
    )


def _timed(case: OpenedCase) -> list[TimedEnvelope]:
    timed = []
    for number, opening in enumerate(case.envelopes, start=1):
        if opening.value is not None:
            accepted = case.acceptance_of(opening.value)
            time = accepted.receipt.time if accepted is not None else None
            timed.append(TimedEnvelope(number, opening.value.envelope, time))
    return timed


def _timeline(parts: EvidenceParts, case: OpenedCase) -> list[ReportEnvelope]:
    lines = []
    for number, (raw, opening) in enumerate(zip(parts.envelopes, case.envelopes, strict=True), start=1):
        if opening.value is not None:
            accepted, handed = case.acceptance_of(opening.value), case.handover_of(opening.value)
            times = [receipt.receipt.time if receipt is not None else None for receipt in (accepted, handed)]
            lines.append(report_envelope(number, raw, opening.value.envelope, *times))
    return lines


def _acts(case: OpenedCase) -> list[ReportAct]:
    lines = []
    for opening in case.acts:
        if opening.value is not None:
            act, carried = opening.value.act, case.carried.get(opening.value.digest)
            lines.append(
                ReportAct(
                    digest=opening.value.digest,
                    act=act.act.value,
                    station=act.station,
                    officer_number=act.officer.number,
                    officer_name=act.officer.name,
                    at=act.at,
                    subject=act.subject,
                    envelope=carried.number if carried is not None else None,
                )
            )
    return lines


def _files(parts: EvidenceParts, case: OpenedCase) -> list[ReportFile]:
    lines = []
    for digest in sorted(parts.attachments):
        file, carried = parts.attachments[digest], case.carried.get(digest)
        lines.append(
            ReportFile(
                digest=digest,
                size=len(file.raw),
                # The envelope's words, not the carrier's: they are what a reader of the container finds again.
                name=carried.attachment.name if carried is not None else digest,
                media_type=carried.attachment.media_type if carried is not None else file.media_type,
                role=carried.attachment.role.value if carried is not None else None,
                envelope=carried.number if carried is not None else None,
            )
        )
    return sorted(lines, key=lambda line: (line.envelope or 1 << 30, line.role or "", line.digest))


def _opened(opening: Opening[T], code: str, tally: Tally) -> T | None:
    if opening.refusal is not None:
        error = opening.refusal
        # Signed rightly but of a structure not known here: of another version, perhaps; not shown to be false.
        outcome = indeterminate if error.code is Code.JSON_SCHEMA else failed
        tally.add(code, outcome(code, error.code, error.detail, **error.values), opening.name)
    return opening.value
