"""Several scans joined into one, or pages taken out of one: a new PDF, made in the limited child. No scan is altered."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.letters.embed import scan_to_pdf
from hub.letters.limits import ScanLimits
from hub.letters.sandbox import held, run
from hub.letters.tasks import AssembleArguments, Assembled, PagesOf, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Refused


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of one scan, from `first` (1) to `last` (None: to its end)."""

    raw: bytes
    first: int = 1
    last: int | None = None


def assemble_pages(parts: Sequence[Pages], *, limits: ScanLimits) -> bytes:
    """Return one PDF of all `parts`, in their order. The same parts give the same bytes.

    Pictures go in without loss, as `scan_to_pdf` packs them; of a PDF the pages are copied. Raises: Refused for what is no
    acceptable scan, for pages that there are not, and for more than one scan may have; Unavailable.
    """
    documents = [scan_to_pdf(part.raw, limits=limits) for part in parts]
    whole = sum(map(len, documents))
    if whole > limits.file_bytes:
        raise Refused(Code.SCAN_TOO_LARGE, values={"n": limits.file_bytes >> 20})
    wanted, start = [], 0
    for part, document in zip(parts, documents, strict=True):
        wanted.append(PagesOf(start=start, size=len(document), first=part.first, last=part.last))
        start += len(document)
    arguments = AssembleArguments(limits=limits, parts=tuple(wanted))
    with held(b"".join(documents)) as source:
        return run(Task.ASSEMBLE, source, arguments, limits=limits, result=Assembled).pdf
