"""The labelled scans beside the project: every hostile file ends as its label says, every ordinary page is accepted."""

from pathlib import Path

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits
from hub.letters.report import Grade, ScanReport
from hub.letters.scan import check_scan
from hub.protocol import media_types


def test_hostile_files_end_as_labelled(shared_scans: Path, manifest: list[dict[str, str]], limits: ScanLimits) -> None:
    wrong = []
    for entry in (entry for entry in manifest if entry["class"] == "hostile"):
        raw = (shared_scans / entry["path"]).read_bytes()
        report = check_scan(raw, limits=limits, name=entry["path"])
        if not ends_as(entry["expected"], report):
            wrong.append((entry["path"], entry["expected"], report.findings))
        if report.ok and report.media_type != media_types.PDF:
            assert check_scan(scan_to_pdf(raw, limits=limits), limits=limits).ok, entry["path"]
    assert wrong == []


def ends_as(expected: str, report: ScanReport) -> bool:
    """Say whether a report is one the label allows: accepted or refused with exactly one clear error, warned where asked."""
    may = {word for word in ("accept", "refuse", "warn") if word in expected}
    if report.ok:
        return "accept" in may or ("warn" in may and len(report.findings) > 0)
    return "refuse" in may and sum(finding.grade is Grade.REFUSE for finding in report.findings) == 1


def test_ordinary_pages_are_accepted(shared_scans: Path, manifest: list[dict[str, str]], limits: ScanLimits) -> None:
    # Every twelfth page, and all of the rare kinds; `benchmarks/stamps.py` goes through all of them.
    ordinary = [entry["path"] for entry in manifest if entry["class"] in ("positive", "negative", "ocr")]
    chosen = [
        path for index, path in enumerate(ordinary) if index % 12 == 0 or not path.endswith(".jpg") or "/r0" in path
    ]
    refused = [path for path in chosen if not check_scan((shared_scans / path).read_bytes(), limits=limits).ok]
    assert refused == []
