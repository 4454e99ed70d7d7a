"""Reading a letter: page by page, each in a confined child with limits of its own. Needs the extra `ocr`; advice, never proof."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import msgspec

from hub.letters.limits import ReadingLimits, ScanLimits
from hub.letters.reading.fields import LetterRead, read_fields
from hub.letters.reading.lines import Line, LinesRead
from hub.letters.report import PdfPolicy
from hub.letters.sandbox import held, run
from hub.letters.scan import require_scan
from hub.letters.tasks import PagesArguments, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable

_NEEDED = ("rapidocr", "onnxruntime")
Progress = Callable[[int, int], None]


def can_read() -> bool:
    """Whether the extra `ocr` is installed here."""
    return all(find_spec(name) is not None for name in _NEEDED)


def read_letter(
    raw: bytes | Path, *, limits: ScanLimits, reading: ReadingLimits, name: str = "", progress: Progress | None = None
) -> LetterRead:
    """Return the fields of a scanned or printed letter: its first and last pages up to `reading.pages`.

    Blocks for seconds a page. Raises: Refused (as `require_scan`, `scan.unsafe`), Unavailable (`reading.not_installed`).
    """
    return read_fields(read_lines(raw, limits=limits, reading=reading, name=name, progress=progress))


def read_lines(
    raw: bytes | Path, *, limits: ScanLimits, reading: ReadingLimits, name: str = "", progress: Progress | None = None
) -> tuple[Line, ...]:
    """Return the lines on those pages. Raises: as `read_letter`."""
    if not can_read():
        raise Unavailable(Code.READING_NOT_INSTALLED)
    count = require_scan(raw, limits=limits, name=name, policy=PdfPolicy.SEALED_LETTER)
    child = msgspec.structs.replace(
        limits,
        child_cpu_s=reading.child_cpu_s,
        child_wall_s=reading.child_wall_s,
        child_memory_bytes=reading.child_memory_bytes,
    )
    lines: list[Line] = []
    chosen = _pages(count, reading.pages)
    with held(raw) as source:
        for done, page in enumerate(chosen, start=1):
            arguments = PagesArguments(limits=limits, count=count, first=page)
            lines += run(Task.READ, source, arguments, limits=child, result=LinesRead).lines
            if progress is not None:
                progress(done, len(chosen))
    return tuple(lines)


def _pages(count: int, most: int) -> list[int]:
    """Return the pages to read, from 0: people stand at the front, unit, stamp and date on the last page."""
    return list(range(count)) if count <= most else [*range(most - 1), count - 1]
