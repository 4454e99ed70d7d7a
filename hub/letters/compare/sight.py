"""What an officer sees at the human look: the impression on the letter beside a registered one, aligned, with what the comparison
says. Advisory; every file is decoded in a sandboxed child of its own."""

from dataclasses import dataclass
from pathlib import Path

from hub.letters.compare.align import align
from hub.letters.compare.comparison import Comparison, Trace
from hub.letters.compare.impressions import STILL, straightened, trace_of
from hub.letters.compare.judge import judge
from hub.letters.compare.overlay import overlay
from hub.letters.compare.scorer import shipped_scorer
from hub.letters.compare.trace import disc_of
from hub.letters.limits import ScanLimits, default_limits
from hub.letters.preview import crop_page
from hub.letters.report import PdfPolicy, Stamp
from hub.letters.sandbox import held, run
from hub.letters.scan import require_scan
from hub.letters.tasks import PagesArguments, PagesSeen, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

MOST_PAGES = 24  # of a letter that are searched, from the front
CROP_DPI = 300
_MARGIN = 0.12  # of the stamp's size, around it: the border must not be cut


@dataclass(frozen=True, slots=True)
class Sight:
    """Pictures, PNG, and what the comparison says. `crop` is the letter as scanned around the impression, never turned;
    the other three are straightened and aligned and empty where no border was found."""

    comparison: Comparison
    crop: bytes
    specimen: bytes
    impression: bytes
    overlay: bytes


def find_impressions(letter: bytes | Path, *, limits: ScanLimits | None = None) -> tuple[Stamp, ...]:
    """Return the red impressions on the first page of `letter` that has any, the clearest first; black-and-white ones where none
    is red. At most `MOST_PAGES` pages are searched.

    Raises: Refused (not a letter that can be read safely), Unavailable.
    """
    limits = limits or default_limits()
    count = require_scan(letter, limits=limits, policy=PdfPolicy.SEALED_LETTER)
    last = min(count, MOST_PAGES)
    found: list[Stamp] = []
    page: int | None = 0
    with held(letter) as source:
        while page is not None and page < last and not any(not stamp.monochrome for stamp in found):
            arguments = PagesArguments(limits=limits, count=count, first=page)
            seen = run(Task.PAGES, source, arguments, limits=limits, result=PagesSeen)
            found += seen.stamps
            page = seen.next_page if seen.next_page is None or seen.next_page > page else None
    chosen = [stamp for stamp in found if not stamp.monochrome] or found
    first = min((stamp.page for stamp in chosen), default=0)
    return tuple(sorted((stamp for stamp in chosen if stamp.page == first), key=lambda stamp: -stamp.score))


def crop_impression(letter: bytes | Path, stamp: Stamp, *, limits: ScanLimits | None = None) -> bytes:
    """Return the letter around the stamp as PNG at 300 dpi. Raises: Refused, Unavailable."""
    x0, y0, x1, y1 = stamp.bbox
    across, down = (x1 - x0) * _MARGIN, (y1 - y0) * _MARGIN
    box = (max(x0 - across, 0.0), max(y0 - down, 0.0), min(x1 + across, 1.0), min(y1 + down, 1.0))
    return crop_page(letter, stamp.page, CROP_DPI, box, limits=limits or default_limits())


def see(specimen: bytes, crop: bytes, *, limits: ScanLimits | None = None) -> Sight:
    """Return the impression in `crop` beside a registered one. Blocks for about a second; call it in a thread.

    Raises: Refused (unreadable, or `compare.no_stamp` for the specimen), Unavailable.
    """
    limits = limits or default_limits()
    file, one = _registered(specimen, limits)
    other = trace_of(crop, limits)
    comparison = judge((one,), other, scorer=shipped_scorer())
    shown = straightened(file, STILL, limits)
    if other is None:
        return Sight(comparison, crop, shown, b"", b"")
    placed = align(disc_of(one), disc_of(other))
    a, b, c, d, e, f = (float(value) for value in placed.affine.ravel())
    return Sight(comparison, crop, shown, straightened(crop, (a, b, c, d, e, f), limits), overlay(one, other, placed))


def require_stamp(raw: bytes, *, limits: ScanLimits | None = None) -> None:
    """Raise Refused (`compare.no_stamp`, or why it cannot be read) unless `raw` shows a stamp that can be compared with."""
    _registered(raw, limits or default_limits())


def _registered(raw: bytes, limits: ScanLimits) -> tuple[bytes, Trace]:
    """Return the file of a registered impression, or the part of it around the stamp, and its trace."""
    whole = trace_of(raw, limits)
    if whole is not None:
        return raw, whole
    # Not a crop but the whole sheet on which the seal was tried.
    for stamp in find_impressions(raw, limits=limits)[:1]:
        crop = crop_impression(raw, stamp, limits=limits)
        found = trace_of(crop, limits)
        if found is not None:
            return crop, found
    raise Refused(Code.COMPARE_NO_STAMP, field="specimens")
