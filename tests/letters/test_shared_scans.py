"""The labelled scans beside the project: every hostile file ends as its label says, every ordinary page is accepted."""

from pathlib import Path

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits
from hub.letters.report import Grade
from hub.letters.scan import check_scan
from hub.letters.sniff import sniff
from hub.protocol import media_types


def test_hostile_files_end_as_labelled(shared_scans: Path, manifest: list[dict[str, str]], limits: ScanLimits) -> None:
    wrong = []
    for entry in (entry for entry in manifest if entry["class"] == "hostile"):
        report = check_scan((shared_scans / entry["path"]).read_bytes(), limits=limits, name=entry["path"])
        expected = entry["expected"]
        refused = sum(finding.grade is Grade.REFUSE for finding in report.findings)
        if expected.startswith("accept") and " refuse" not in expected and not report.ok:
            wrong.append((entry["path"], expected, report.findings))
        if expected.startswith("refuse") and " accept" not in expected and " warn" not in expected and report.ok:
            wrong.append((entry["path"], expected, report.findings))
        if "warn" in expected and not report.findings:
            wrong.append((entry["path"], expected, report.findings))
        if refused > 1:
            wrong.append((entry["path"], "one clear error", report.findings))
    assert wrong == []


def test_what_is_accepted_can_be_embedded(
    shared_scans: Path, manifest: list[dict[str, str]], limits: ScanLimits
) -> None:
    for entry in (entry for entry in manifest if entry["class"] == "hostile"):
        raw = (shared_scans / entry["path"]).read_bytes()
        if sniff(raw) in (media_types.PDF, None) or not check_scan(raw, limits=limits).ok:
            continue
        assert check_scan(scan_to_pdf(raw, limits=limits), limits=limits).ok, entry["path"]


def test_ordinary_pages_are_accepted(shared_scans: Path, manifest: list[dict[str, str]], limits: ScanLimits) -> None:
    # Every fifth page, and all of the rare kinds; `benchmarks/stamps.py` goes through all of them.
    ordinary = [entry["path"] for entry in manifest if entry["class"] in ("positive", "negative", "ocr")]
    chosen = [
        path for index, path in enumerate(ordinary) if index % 5 == 0 or not path.endswith(".jpg") or "/r0" in path
    ]
    refused = [path for path in chosen if not check_scan((shared_scans / path).read_bytes(), limits=limits).ok]
    assert refused == []
