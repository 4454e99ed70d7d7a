"""Scans as this desk reads them: by the letters package, in its limited child processes, with the limits that ship."""

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits, default_limits
from hub.letters.report import ScanReport
from hub.letters.scan import check_scan, require_scan
from station_agent.desk.gate.evaluate import Readers
from station_agent.desk.scan import ScanCheck


def gate_readers(limits: ScanLimits | None = None) -> Readers:
    """Return how the gate turns a scan into the PDF that was sealed, and counts its pages."""
    bounds = limits or default_limits()

    def to_pdf(raw: bytes) -> bytes:
        return scan_to_pdf(raw, limits=bounds)

    def count(raw: bytes) -> int:
        return require_scan(raw, limits=bounds)

    return Readers(to_pdf, count)


def scan_check(limits: ScanLimits | None = None) -> ScanCheck:
    """Return how a scan is looked at when it is taken into a case."""
    bounds = limits or default_limits()

    def check(raw: bytes, name: str) -> ScanReport:
        return check_scan(raw, limits=bounds, name=name)

    return check
