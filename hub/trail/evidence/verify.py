"""Write and verify a whole evidence file: the container, its signature, its report, and everything in it, offline.

Nothing is needed but the root certificates. Revocation lists count as of the instant at which the report says it was made
(its evidence signer vouches for it); lists that the reader brings are used as well.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import parse_instant
from hub.protocol.verdict import Check, Verdict, failed, indeterminate, passed
from hub.signing.cades import CODES as SIGNATURE_CODES
from hub.signing.cades import check_detached
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.signing.trust import Trust
from hub.trail.evidence.check import CODES as CONTENT_CODES
from hub.trail.evidence.check import judge_parts
from hub.trail.evidence.container import OpenedContainer, read_container, write_files
from hub.trail.evidence.opened import joined_trust
from hub.trail.evidence.parts import FOLDERS, REPORT_JSON, REPORT_PDF, EvidenceParts, files_of, parts_of
from hub.trail.evidence.report import EvidenceReport, JudgeTimes, differences, encode_report, read_report

_CONTAINER_CODES = ("container.zip", "container.names", "container.layout", "container.manifest", "container.digests")
_STAGE = {
    Code.EVIDENCE_TOO_LARGE: "container.zip",
    Code.EVIDENCE_ZIP: "container.zip",
    Code.EVIDENCE_NAME: "container.names",
    Code.EVIDENCE_LAYOUT: "container.layout",
    Code.EVIDENCE_SIGNATURE_MISSING: "container.layout",
    Code.EVIDENCE_MANIFEST: "container.manifest",
    Code.EVIDENCE_UNLISTED: "container.digests",
    Code.EVIDENCE_FILE_MISSING: "container.digests",
    Code.EVIDENCE_DIGEST: "container.digests",
}
CODES = (*_CONTAINER_CODES, *SIGNATURE_CODES, "container.files", "container.report", *CONTENT_CODES)


def write_container(
    parts: EvidenceParts, *, report: EvidenceReport, report_pdf: bytes, signer: Signer, at: datetime
) -> bytes:
    """Return the evidence file of `parts` with their `report`, also printed as `report_pdf`, signed by `signer` at `at`.

    Raises: Refused (`evidence.too_large`, `evidence.name`, `cades.key`).
    """
    files = files_of(parts, report=encode_report(report), report_pdf=report_pdf)
    return write_files(files, signer=signer, at=at)


def check_evidence(
    raw: bytes,
    *,
    trust: Trust,
    now: datetime,
    evidence_signer: Certified | None = None,
    judge_times: JudgeTimes | None = None,
) -> tuple[Verdict, EvidenceParts | None]:
    """Say whether `raw` is a good evidence file, and return its parts when the container could be read.

    Every check of `CODES` is listed, always. With `evidence_signer`, the container must be signed by that very
    certificate; with `judge_times`, what the report says about time limits is derived again, too. Never raises for any bytes.
    """
    try:
        opened = read_container(raw)
    except Refused as error:
        return _not_a_container(error), None
    report = read_report(_file(opened, REPORT_JSON))
    judged_at = parse_instant(report.judged_at) if report is not None else now
    as_reported = _as_reported(trust, report)
    # Never more lenient about the lists' age than those who acted on the file were.
    trust = replace(trust, crl_max_age=min(trust.crl_max_age, as_reported.crl_max_age))
    try:
        parts = parts_of(opened.files)
    except Refused as error:
        signature = _check_signature(opened, trust, judged_at, evidence_signer)
        rest = tuple(indeterminate(code, error.code) for code in ("container.report", *CONTENT_CODES))
        return Verdict((*_CONTAINER_PASSED, *signature, _check_files(opened), *rest)), None
    signature = _check_signature(opened, joined_trust(parts, trust), judged_at, evidence_signer)
    content, derived = judge_parts(parts, trust=as_reported, now=judged_at, judge_times=judge_times)
    same = _check_report(report, derived)
    # The reader's own lists may know of a revocation that the file's do not.
    if trust.crls or trust.crl_max_age != as_reported.crl_max_age:
        content, _ = judge_parts(parts, trust=trust, now=judged_at)
    return Verdict((*_CONTAINER_PASSED, *signature, _check_files(opened), same, *content.checks)), parts


def _as_reported(trust: Trust, report: EvidenceReport | None) -> Trust:
    """Return the trust by which the report can be derived again: no lists but the file's, and its own limit of age."""
    age = trust.crl_max_age if report is None else timedelta(seconds=report.crl_max_age_s)
    return replace(trust, crls=(), crl_max_age=age)


_CONTAINER_PASSED = tuple(passed(code) for code in _CONTAINER_CODES)


def _not_a_container(error: Refused) -> Verdict:
    stage = _STAGE.get(error.code, "container.zip")
    return Verdict(
        tuple(
            failed(code, error.code, error.detail, **error.values)
            if code == stage
            else indeterminate(code, Code.EVIDENCE_NOT_CHECKED)
            for code in CODES
        )
    )


def _check_signature(
    opened: OpenedContainer, trust: Trust, at: datetime, pinned: Certified | None
) -> tuple[Check, ...]:
    verdict, _ = check_detached(opened.manifest, opened.signature, trust=trust, at=at, now=at, pinned=pinned)
    return verdict.checks


def _check_files(opened: OpenedContainer) -> Check:
    # A file in a place that no part belongs to would be signed for without having been verified.
    for file in opened.files:
        folder, slash, _ = file.name.partition("/")
        if (folder not in FOLDERS) if slash else (file.name not in (REPORT_JSON, REPORT_PDF)):
            return indeterminate("container.files", Code.EVIDENCE_UNNAMED_FILE, file.name)
    return passed("container.files")


def _check_report(stored: EvidenceReport | None, derived: EvidenceReport) -> Check:
    if stored is None:
        return indeterminate("container.report", Code.EVIDENCE_REPORT_DIFFERS, "no report of this version")
    different = differences(stored, derived)
    if different:
        return failed("container.report", Code.EVIDENCE_REPORT_DIFFERS, ", ".join(different))
    return passed("container.report")


def _file(opened: OpenedContainer, name: str) -> bytes:
    return next((file.raw for file in opened.files if file.name == name), b"")
