"""Which characters a font can show: just enough of OpenType to ask its `cmap` table. Bytes in, yes or no out.

Source: OpenType 1.9, `cmap` formats 4 and 12; TrueType collections.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

# Best first: full Unicode, then the basic plane. (platform, encoding)
_ENCODINGS = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
_MAX_CMAP = 16 << 20


@dataclass(frozen=True, slots=True)
class Coverage:
    """The characters of one face; `table` is the subtable of its `cmap`, empty for a font that cannot be read."""

    table: bytes

    def has(self, character: str) -> bool:
        """Whether the face has a glyph of its own for `character`."""
        try:
            return _glyph(self.table, ord(character)) != 0
        except struct.error:
            return False


def read_coverage(path: Path, index: int = 0) -> Coverage:
    """Return what the face `index` of a font file covers; nothing for a file that is damaged or of another kind."""
    try:
        with path.open("rb") as file:
            file.seek(_face_offset(file.read(12), file.read(4 * 256), index))
            header = file.read(12)
            records = file.read(16 * struct.unpack_from(">H", header, 4)[0])
            offset, length = next(
                struct.unpack_from(">II", records, place + 8)
                for place in range(0, len(records), 16)
                if records[place : place + 4] == b"cmap"
            )
            file.seek(offset)
            return Coverage(_best_subtable(file.read(min(length, _MAX_CMAP))))
    except (OSError, struct.error, StopIteration):
        return Coverage(b"")


def _face_offset(header: bytes, offsets: bytes, index: int) -> int:
    if header[:4] != b"ttcf":
        return 0
    return int(struct.unpack_from(">I", offsets, 4 * index)[0])


def _best_subtable(cmap: bytes) -> bytes:
    count = struct.unpack_from(">H", cmap, 2)[0]
    found = {}
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", cmap, 4 + 8 * number)
        if struct.unpack_from(">H", cmap, offset)[0] in (4, 12):
            found[platform, encoding] = offset
    return next((cmap[found[key] :] for key in _ENCODINGS if key in found), b"")


def _glyph(table: bytes, code: int) -> int:
    kind = struct.unpack_from(">H", table, 0)[0]
    return _glyph_12(table, code) if kind == 12 else _glyph_4(table, code)


def _glyph_12(table: bytes, code: int) -> int:
    low, high = 0, struct.unpack_from(">I", table, 12)[0]
    while low < high:
        middle = (low + high) // 2
        first, last, glyph = struct.unpack_from(">III", table, 16 + 12 * middle)
        if code < first:
            high = middle
        elif code > last:
            low = middle + 1
        else:
            return int(glyph + code - first)
    return 0


def _glyph_4(table: bytes, code: int) -> int:
    if code > 0xFFFF:
        return 0
    doubled = struct.unpack_from(">H", table, 6)[0]
    ends, starts = 14, 16 + doubled
    deltas, ranges = starts + doubled, starts + 2 * doubled
    low, high = 0, doubled // 2
    while low < high:
        middle = (low + high) // 2
        if struct.unpack_from(">H", table, ends + 2 * middle)[0] < code:
            low = middle + 1
        else:
            high = middle
    start = struct.unpack_from(">H", table, starts + 2 * low)[0]
    if low >= doubled // 2 or code < start:
        return 0
    delta = struct.unpack_from(">H", table, deltas + 2 * low)[0]
    place = ranges + 2 * low
    offset = struct.unpack_from(">H", table, place)[0]
    if offset == 0:
        return int((code + delta) & 0xFFFF)
    glyph = struct.unpack_from(">H", table, place + offset + 2 * (code - start))[0]
    return int((glyph + delta) & 0xFFFF) if glyph else 0
