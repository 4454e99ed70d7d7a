"""The frame of a JPEG file: where it really ends and what its start-of-frame says. Source: ITU-T T.81, annex B."""

import re
from dataclasses import dataclass

from hub.letters.decoding.pictures import NotAccepted
from hub.letters.report import refuse
from hub.protocol.codes import Code

_END, _SCAN = 0xD9, 0xDA
_ACCEPTED_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what PDF's DCTDecode takes
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ADOBE = 0xEE
# In entropy-coded data a marker is FF and neither a stuffed zero, a restart, nor fill.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """Size in pixels, number of colour components, whether an Adobe marker inverts CMYK, and the offset after EOI."""

    width: int
    height: int
    components: int
    adobe: bool
    end: int


def parse_frame(raw: bytes) -> JpegFrame:
    """Walk the markers from SOI to EOI. Raises: NotAccepted for a file that is cut short or of another process."""
    position, frame, adobe = 2, None, False
    while True:
        marker, position = _next_marker(raw, position)
        if marker == _END:
            break
        if 0xD0 <= marker <= 0xD8 or marker == 0x01:
            continue
        length = int.from_bytes(raw[position : position + 2], "big")
        if length < 2 or position + length > len(raw):
            raise _damaged("segment")
        segment = raw[position + 2 : position + length]
        position += length
        if marker in _FRAMES:
            if frame is not None:
                raise _damaged("two frames")
            frame = _parse_start_of_frame(marker, segment)
        elif marker == _ADOBE and segment.startswith(b"Adobe"):
            adobe = True
        elif marker == _SCAN:
            position = _end_of_scan(raw, position)
    if frame is None:
        raise _damaged("no frame")
    width, height, components = frame
    return JpegFrame(width, height, components, adobe, position)


def _next_marker(raw: bytes, position: int) -> tuple[int, int]:
    if raw[position : position + 1] != b"\xff":
        raise _damaged("marker" if position < len(raw) else "end missing")
    while raw[position : position + 1] == b"\xff":
        position += 1
    if position >= len(raw):
        raise _damaged("end missing")
    return raw[position], position + 1


def _end_of_scan(raw: bytes, position: int) -> int:
    found = _MARKER.search(raw, position)
    if found is None:
        raise _damaged("end missing")
    return found.start()


def _parse_start_of_frame(marker: int, segment: bytes) -> tuple[int, int, int]:
    if marker not in _ACCEPTED_FRAMES:
        raise NotAccepted(refuse(Code.SCAN_COLOUR_MODEL, what=f"JPEG process {marker - 0xC0}"))
    if len(segment) < 6:
        raise _damaged("frame")
    precision, components = segment[0], segment[5]
    height, width = int.from_bytes(segment[1:3], "big"), int.from_bytes(segment[3:5], "big")
    if precision != 8:
        raise NotAccepted(refuse(Code.SCAN_BIT_DEPTH, n=precision))
    if components not in (1, 3, 4):
        raise NotAccepted(refuse(Code.SCAN_COLOUR_MODEL, what=f"{components} components"))
    if width == 0 or height == 0:
        raise _damaged("size")
    return width, height, components


def _damaged(what: str) -> NotAccepted:
    return NotAccepted(refuse(Code.SCAN_DAMAGED, what=what))
