"""Whether a PDF is whole, open, and of sane size: structure only, by qpdf without its repairs. Source: ISO 32000-1."""

import io
import re

import msgspec
import pikepdf

from hub.letters.decoding.active import Tree, check_active
from hub.letters.decoding.boxes import check_boxes
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.streams import check_streams
from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, PdfPolicy, refuse, warn
from hub.protocol.codes import Code

MAX_PADDING = 1024
PADDING = b"\x00\t\n\x0c\r \x1a"
_END_MARK = b"%%EOF"
_DIGITS = re.compile(rb"\s{0,8}([0-9]{1,12})")
_SLIGHT_BYTES = 16
QPDF_ERRORS = (
    pikepdf.PdfError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
    ArithmeticError,
    AttributeError,
)


def outline_pdf(raw: bytes, *, limits: ScanLimits, policy: PdfPolicy) -> tuple[int, tuple[Observation, ...]]:
    """Return the number of pages and everything to say about the structure.

    A file whose cross-reference table must be guessed is refused: the seal is added later as an incremental update,
    which builds on that table, and readers that repair do not agree on the result. Raises: NotAccepted.
    """
    _require_end(raw)
    repaired = _start_is_slightly_off(raw)
    try:
        with pikepdf.open(io.BytesIO(raw), attempt_recovery=repaired, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise NotAccepted(refuse(Code.SCAN_ENCRYPTED))
            # qpdf replaces a box it cannot read by Letter while opening, and says so.
            mended = any("MediaBox" in warning for warning in pdf.get_warnings())
            tree = Tree.of(pdf)
            found = [refuse(Code.SCAN_PAGE_SIZE)] if mended else []
            found += [*check_boxes(tree, limits=limits), *check_active(tree, policy=policy)]
            found += check_streams(tree, limits=limits)
            pages = _count_pages(pdf, limits)
            found += [warn(Code.SCAN_REPAIRED)] if repaired else []
            return pages, merged(found)
    except pikepdf.PasswordError as error:
        raise NotAccepted(refuse(Code.SCAN_ENCRYPTED)) from error
    except MemoryError as error:
        raise NotAccepted(refuse(Code.SCAN_INFLATES)) from error
    except QPDF_ERRORS as error:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, what=type(error).__name__)) from error


def merged(found: list[Observation]) -> tuple[Observation, ...]:
    """Return one observation for each code, naming everything it was found by."""
    by_code: dict[Code, Observation] = {}
    names: dict[Code, list[str]] = {}
    for observation in found:
        by_code.setdefault(observation.code, observation)
        what = str(observation.values.get("what", ""))
        if what and what not in names.setdefault(observation.code, []):
            names[observation.code].append(what)
    return tuple(
        msgspec.structs.replace(one, values={**one.values, "what": ", ".join(names[code])[:120]})
        if code in names
        else one
        for code, one in by_code.items()
    )


def _require_end(raw: bytes) -> None:
    end = raw.rfind(_END_MARK)
    if end < 0:
        raise NotAccepted(refuse(Code.SCAN_DAMAGED, what=_END_MARK.decode()))
    tail = raw[end + len(_END_MARK) :]
    if len(tail) > MAX_PADDING or tail.strip(PADDING):
        raise NotAccepted(refuse(Code.SCAN_TRAILING, n=len(tail)))


def _start_is_slightly_off(raw: bytes) -> bool:
    """Say whether `startxref` misses the last table by a few bytes: some devices count line ends wrong."""
    start = raw.rfind(b"startxref")
    value = _DIGITS.match(raw, start + len(b"startxref")) if start >= 0 else None
    table = raw.rfind(b"xref", 0, max(start, 0))
    return value is not None and table >= 0 and 0 < abs(int(value.group(1)) - table) <= _SLIGHT_BYTES


def _count_pages(pdf: pikepdf.Pdf, limits: ScanLimits) -> int:
    pages = len(pdf.pages)
    if pages == 0:
        raise NotAccepted(refuse(Code.SCAN_NO_PAGES))
    if pages > limits.pages:
        raise NotAccepted(refuse(Code.SCAN_TOO_MANY_PAGES, n=pages, limit=limits.pages))
    return pages
