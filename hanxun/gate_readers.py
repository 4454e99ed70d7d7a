"""How the gate reads scans when a verb evaluates it: in the sandboxed child, within the default limits."""

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import default_limits
from hub.letters.report import PdfPolicy
from hub.letters.scan import require_scan
from station_agent.desk.gate.evaluate import Readers


def _scan_to_pdf(raw: bytes) -> bytes:
    return scan_to_pdf(raw, limits=default_limits())


def _count_pages(raw: bytes) -> int:
    return require_scan(raw, limits=default_limits(), policy=PdfPolicy.SEALED_LETTER)


READERS = Readers(scan_to_pdf=_scan_to_pdf, count_pages=_count_pages)
