"""How many pages a TIFF has: its chain of directories, walked with a ceiling and without loops. Source: TIFF 6.0, 2."""

from typing import Literal

from hub.letters.decoding.pictures import NotAccepted
from hub.letters.limits import ScanLimits
from hub.letters.report import refuse
from hub.protocol.codes import Code

_ENTRY_BYTES = 12
_MAX_ENTRIES = 4096


def count_pages(raw: bytes, *, limits: ScanLimits) -> int:
    """Return the number of directories. Raises: NotAccepted for a loop, a directory outside the file, too many pages."""
    order: Literal["little", "big"] = "little" if raw.startswith(b"II") else "big"
    seen: set[int] = set()
    offset = int.from_bytes(raw[4:8], order)
    while offset:
        if offset in seen:
            raise _damaged("directory loop")
        seen.add(offset)
        if len(seen) > limits.pages:
            raise NotAccepted(refuse(Code.SCAN_TOO_MANY_PAGES, n=f"> {limits.pages}", limit=limits.pages))
        entries = int.from_bytes(raw[offset : offset + 2], order)
        end = offset + 2 + entries * _ENTRY_BYTES
        if not 0 < entries <= _MAX_ENTRIES or end + 4 > len(raw):
            raise _damaged("directory")
        offset = int.from_bytes(raw[end : end + 4], order)
    if not seen:
        raise NotAccepted(refuse(Code.SCAN_NO_PAGES))
    return len(seen)


def _damaged(what: str) -> NotAccepted:
    return NotAccepted(refuse(Code.SCAN_DAMAGED, what=what))
