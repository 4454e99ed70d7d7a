"""Scans as this desk reads them: by the letters package, in its limited child processes, with the limits that ship."""

from collections.abc import Sequence
from pathlib import Path

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits, default_limits, default_reading_limits
from hub.letters.reading.lines import Line
from hub.letters.reading.read import can_read, read_lines
from hub.letters.report import PdfPolicy, ScanReport
from hub.letters.scan import Progress, check_scan, require_scan
from station_agent.desk.gate.evaluate import Readers
from station_agent.desk.proofread import ReadLines, ScanCheck


def gate_readers(limits: ScanLimits | None = None) -> Readers:
    """Return how the gate turns a scan into the PDF that was sealed, and counts its pages."""
    bounds = limits or default_limits()

    def to_pdf(raw: bytes) -> bytes:
        return scan_to_pdf(raw, limits=bounds)

    def count(raw: bytes) -> int:
        return require_scan(raw, limits=bounds)

    return Readers(to_pdf, count)


def scan_check(
    limits: ScanLimits | None = None, *, policy: PdfPolicy = PdfPolicy.RAW_SCAN, progress: Progress | None = None
) -> ScanCheck:
    """Return how a scan is looked at when it is taken into a case, or a sealed letter when it has come."""
    bounds = limits or default_limits()

    def check(raw: bytes | Path, name: str) -> ScanReport:
        return check_scan(raw, limits=bounds, name=name, policy=policy, progress=progress)

    return check


def letter_reader() -> ReadLines | None:
    """Return how a letter's text is read, or None where the extra `ocr` is not installed."""
    if not can_read():
        return None
    bounds, reading = default_limits(), default_reading_limits()

    def read(raw: bytes | Path, name: str) -> Sequence[Line]:
        return read_lines(raw, limits=bounds, reading=reading, name=name)

    return read
