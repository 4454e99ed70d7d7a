"""The chunks of a PNG file: checked, and the image data as one stream. Source: W3C PNG (third edition), 5 and 11."""

import zlib
from dataclasses import dataclass

from hub.letters.decoding.pictures import NotAccepted
from hub.letters.report import refuse
from hub.protocol.codes import Code

_SIGNATURE_BYTES = 8
_MAX_CHUNKS = 200_000
_CHANNELS = {0: 1, 2: 3, 3: 1}
_ALPHA_TYPES = (4, 6)


@dataclass(frozen=True, slots=True)
class PngFrame:
    """What IHDR says, the palette, the concatenated IDAT data (a zlib stream), and the offset after IEND."""

    width: int
    height: int
    bits: int
    colour_type: int
    interlaced: bool
    palette: bytes
    data: bytes
    end: int

    @property
    def channels(self) -> int:
        """Samples per pixel."""
        return _CHANNELS[self.colour_type]


def parse_chunks(raw: bytes) -> PngFrame:
    """Walk the chunks from IHDR to IEND. Raises: NotAccepted (damaged, animated, transparent, deeper than 8 bits)."""
    position, header, palette, parts = _SIGNATURE_BYTES, b"", b"", []
    for _ in range(_MAX_CHUNKS):
        length = int.from_bytes(raw[position : position + 4], "big")
        kind = raw[position + 4 : position + 8]
        body = raw[position + 8 : position + 8 + length]
        checksum = raw[position + 8 + length : position + 12 + length]
        if len(checksum) != 4 or zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(checksum, "big"):
            raise _damaged("chunk")
        position += 12 + length
        if (kind == b"IHDR") == bool(header):
            raise _damaged("header")
        if kind == b"IEND":
            break
        if kind == b"IHDR":
            header = body
        elif kind == b"PLTE":
            palette = body
        elif kind == b"IDAT":
            parts.append(body)
        elif kind == b"acTL":
            raise NotAccepted(refuse(Code.SCAN_SEVERAL_PICTURES))
        elif kind == b"tRNS":
            raise NotAccepted(refuse(Code.SCAN_TRANSPARENT))
    else:
        raise _damaged("chunks")
    return _frame(header, palette, b"".join(parts), position)


def _frame(header: bytes, palette: bytes, data: bytes, end: int) -> PngFrame:
    if len(header) != 13 or not data:
        raise _damaged("header")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits, colour_type, compression, filtering, interlace = header[8:]
    if colour_type in _ALPHA_TYPES:
        raise NotAccepted(refuse(Code.SCAN_TRANSPARENT))
    if colour_type not in _CHANNELS or bits not in (1, 2, 4, 8, 16) or compression or filtering or interlace > 1:
        raise _damaged("header")
    if bits > 8:
        raise NotAccepted(refuse(Code.SCAN_BIT_DEPTH, n=bits))
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31) or (colour_type == 2 and bits != 8):
        raise _damaged("header")
    if colour_type == 3 and not (3 <= len(palette) <= 3 << bits and len(palette) % 3 == 0):
        raise _damaged("palette")
    return PngFrame(width, height, bits, colour_type, interlace == 1, palette, data, end)


def _damaged(what: str) -> NotAccepted:
    return NotAccepted(refuse(Code.SCAN_DAMAGED, what=what))
