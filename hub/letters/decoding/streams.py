"""How large a PDF's streams become: images by their stated size, everything else by inflating with a ceiling.

No library used here has a ceiling of its own that holds for all streams, so this one is checked before any drawing.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import pikepdf

from hub.letters.decoding.active import Tree
from hub.letters.decoding.pictures import NotAccepted, require_pixels
from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, refuse
from hub.protocol.codes import Code

_STEP = 1 << 20
_FLATE = ("/FlateDecode", "/Fl")
_UNPACKING = ("/LZWDecode", "/LZW", "/RunLengthDecode", "/RL")
_MAX_FILTERS = 4


def check_streams(tree: Tree, *, limits: ScanLimits) -> Iterator[Observation]:
    """Give a refusal for each stream that is, or says it is, unreasonably large when unpacked."""
    for stream in tree.dictionaries:
        if not isinstance(stream, pikepdf.Stream):
            continue
        if stream.get("/Subtype") == pikepdf.Name("/Image"):
            try:
                width, height = int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
                require_pixels(max(width, 0), max(height, 0), limits=limits, page=None)
            except NotAccepted as error:
                yield error.observation
            if _row_bytes(stream) > limits.page_pixels * 4:
                yield refuse(Code.SCAN_INFLATES)
        elif (
            _row_bytes(stream) > limits.stream_bytes
            or _unpacked_size(stream, limits.stream_bytes) > limits.stream_bytes
        ):
            yield refuse(Code.SCAN_INFLATES)


def _row_bytes(stream: Any) -> int:
    """Return the longest row that the predictor parameters ask a decoder to hold."""
    parameters = stream.get("/DecodeParms", [])
    rows = [parameters] if isinstance(parameters, pikepdf.Dictionary) else list(parameters)
    return max((_row(row) for row in rows if isinstance(row, pikepdf.Dictionary)), default=0)


def _row(parameters: Any) -> int:
    columns, colours, bits = (int(parameters.get(key, 1)) for key in ("/Columns", "/Colors", "/BitsPerComponent"))
    return max(columns, 0) * max(colours, 1) * max(bits, 1) // 8


def _unpacked_size(stream: Any, ceiling: int) -> int:
    """Return the size after all leading Flate filters, counted up to just above `ceiling`."""
    listed = stream.get("/Filter", [])
    filters = [str(listed)] if isinstance(listed, pikepdf.Name) else [str(name) for name in listed]
    if len(filters) > _MAX_FILTERS:
        return ceiling + 1
    if any(name in _UNPACKING for name in filters):
        # LZW and run length have no streaming decoder at hand; they end at the child's memory limit at the worst.
        return len(stream.read_bytes())
    parts: Iterator[bytes] = iter([bytes(stream.read_raw_bytes())])
    for name in filters:
        if name not in _FLATE:
            break
        parts = _inflate(parts)
    size = 0
    for part in parts:
        size += len(part)
        if size > ceiling:
            break
    return size


def _inflate(parts: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    try:
        for part in parts:
            waiting = part
            while waiting and not unpacker.eof:
                yield unpacker.decompress(waiting, _STEP)
                waiting = unpacker.unconsumed_tail
    except zlib.error:
        return  # damaged data: what came before it counts, the look at the page shows the rest
