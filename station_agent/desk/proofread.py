"""扫描校对, the program's part: the scan against the case before an officer attests it. Advice beside the officer's own eyes."""

from collections.abc import Iterator

import msgspec

from hub.letters.paper_check import check_paper
from hub.letters.report import Grade, Observation, ScanReport, finding_of, warn
from hub.protocol.codes import Code
from hub.protocol.identifiers import CaseId, digest_of
from hub.protocol.strict_json import encode_json
from station_agent.agent import Agent
from station_agent.desk.paper import printed_body
from station_agent.store.cases import other_cases_with
from station_agent.store.letters import require_letter


def proofread(agent: Agent, case: CaseId, report: ScanReport, *, raw: bytes) -> ScanReport:
    """Return `report` on the scan `raw` with what the case has to say about it: other cases' scans and sheets, no stamp.

    Raises: Refused (`station.no_letter`).
    """
    with agent.store.read() as tx:
        letter = require_letter(tx, case)
        doubles = other_cases_with(tx, digest_of(raw), case=case)
    observations = [warn(Code.SCAN_DUPLICATE, case=other) for other in doubles]
    observations += _about_stamps(report)
    if letter.number is not None:
        body_digest = digest_of(encode_json(printed_body(letter)))
        observations += check_paper(report.marks, pages=report.pages, case=case, body_digest=body_digest)
    return with_observations(report, observations)


def with_observations(report: ScanReport, observations: list[Observation]) -> ScanReport:
    """Return `report` with these added, in words."""
    findings = (*report.findings, *(finding_of(observation) for observation in observations))
    ok = not any(finding.grade is Grade.REFUSE for finding in findings)
    return msgspec.structs.replace(report, ok=ok, findings=findings)


def _about_stamps(report: ScanReport) -> Iterator[Observation]:
    # A black-and-white impression has been spoken of already, as a copy.
    if report.ok and not report.stamps:
        yield warn(Code.SCAN_NO_STAMP)
