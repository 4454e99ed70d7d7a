"""The story of a scan at intake: sniffed, outlined, looked at page by page in sandboxed children, reported.

Never decodes here, never alters the scan, never raises for what is in the file.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hub.letters.duplicates import find_duplicates
from hub.letters.limits import ScanLimits
from hub.letters.report import Grade, Observation, PageMark, PdfPolicy, ScanReport, Stamp, finding_of, refuse
from hub.letters.sandbox import held, run
from hub.letters.sniff import sniff_source
from hub.letters.tasks import Outline, OutlineArguments, PagesArguments, PageSketch, PagesSeen, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

_BYTES_PER_MB = 1_048_576
Progress = Callable[[int, int], None]
"""Called with the pages looked at so far and the pages in all."""


def check_scan(
    raw: bytes | Path,
    *,
    limits: ScanLimits,
    name: str = "",
    policy: PdfPolicy = PdfPolicy.RAW_SCAN,
    progress: Progress | None = None,
) -> ScanReport:
    """Return everything to say about a scan, given as bytes or as a file that is not held in memory here; `name` is only for the
    texts, the content decides.

    Blocks for the time of decoding: an asyncio server calls it with `asyncio.to_thread`.
    Raises: Unavailable (`scan.sandbox`) when nothing can be decoded safely on this machine.
    """
    started = time.monotonic()
    media_type, size = sniff_source(raw)
    pages, observations, stamps = 0, list(_before_decoding(media_type, size, limits)), list[Stamp]()
    marks, sketches = list[PageMark](), list[PageSketch]()
    if not observations:
        with held(raw) as source:
            pages, found = _outline(source, limits, policy)
            observations += found
            refused = any(observation.grade is Grade.REFUSE for observation in observations)
            for seen in _looks(source, limits, pages, progress):
                # A file refused by its structure is looked at for its stamps; what else drawing it meets adds nothing.
                observations += () if refused else seen.observations
                stamps += seen.stamps
                marks += seen.marks
                sketches += () if refused else seen.sketches
            observations += find_duplicates(source, sketches, limits=limits, count=pages)
    findings = tuple(finding_of(observation, name=name) for observation in observations)
    return ScanReport(
        ok=not any(finding.grade is Grade.REFUSE for finding in findings),
        media_type=media_type,
        pages=pages,
        findings=findings,
        stamps=tuple(stamps),
        elapsed_s=round(time.monotonic() - started, 3),
        marks=tuple(marks),
    )


def require_scan(
    raw: bytes | Path, *, limits: ScanLimits, name: str = "", policy: PdfPolicy = PdfPolicy.RAW_SCAN
) -> int:
    """Return the number of pages of a scan whose structure is acceptable, without looking at its pages.

    Raises: Refused with the first finding that refuses it, Unavailable.
    """
    observations = list(_before_decoding(*sniff_source(raw), limits))
    pages = 0
    if not observations:
        with held(raw) as source:
            pages, observations = _outline(source, limits, policy)
    for observation in observations:
        if observation.grade is Grade.REFUSE:
            raise Refused(observation.code, values={"name": name, "page": observation.page or 1, **observation.values})
    return pages


def _before_decoding(media_type: str | None, size: int, limits: ScanLimits) -> Iterator[Observation]:
    if size > limits.file_bytes:
        yield refuse(Code.SCAN_TOO_LARGE, n=limits.file_bytes // _BYTES_PER_MB)
    elif media_type is None:
        yield refuse(Code.SCAN_NOT_RECOGNISED)


def _outline(source: int, limits: ScanLimits, policy: PdfPolicy) -> tuple[int, list[Observation]]:
    arguments = OutlineArguments(limits=limits, policy=policy)
    try:
        outline = run(Task.OUTLINE, source, arguments, limits=limits, result=Outline)
    except Refused as error:
        return 0, [_observation_of(error)]
    return outline.pages, list(outline.observations)


def _looks(source: int, limits: ScanLimits, pages: int, progress: Progress | None) -> Iterator[PagesSeen]:
    page: int | None = 0 if pages else None
    while page is not None:
        arguments = PagesArguments(limits=limits, count=pages, first=page)
        try:
            seen = run(Task.PAGES, source, arguments, limits=limits, result=PagesSeen)
        except Refused as error:
            # The batch died on one of its pages; which one is not known, and the scan is refused in any case.
            yield PagesSeen(observations=(_observation_of(error),), stamps=(), next_page=None)
            return
        yield seen
        page = seen.next_page if seen.next_page is None or seen.next_page > page else None
        if progress is not None:
            progress(pages if page is None else page, pages)


def _observation_of(error: Refused) -> Observation:
    values = {key: value if isinstance(value, int) else str(value) for key, value in error.values.items()}
    page = values.pop("page", None)
    return refuse(error.code, page if isinstance(page, int) else None, **values)
