"""Tiles (C2SP tlog-tiles): coordinates, paths, widths, entry bundles, and the tree's nodes read out of tiles.

A tile is 256 hashes of one level; a partial tile is a prefix of every later version of itself, so the longest version
serves every size.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.trail.hashing import HASH_SIZE, subtree_root
from hub.trail.proofs import NodeSource

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_LEVEL = 63
MAX_ENTRY = 65_535
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)

TileReader = Callable[[int, int], bytes]
"""Gives the longest stored version of the tile at (level, index); empty bytes if there is none."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Coordinates of a tile: `level` 0..63 (None: an entry bundle), `index`, and `width` 1..256 in hashes or entries."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix, e.g. `tile/0/x001/x234/067.p/12`."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        name = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{name}/{'/'.join(reversed(groups))}{partial}"


def parse_tile_path(path: str) -> Tile:
    """Return the tile that `path` names (no leading slash). Raises: Refused (`tile.form`)."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise Refused(Code.TILE_FORM, detail=path[:80])
    level = None if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("x", "").replace("/", ""))
    tile = Tile(level, index, TILE_WIDTH if match[3] is None else int(match[3]))
    # One path for one tile: no leading zeros or empty groups, no `.p/256`.
    if tile.path != path or tile.width > TILE_WIDTH or (level or 0) > MAX_LEVEL:
        raise Refused(Code.TILE_FORM, detail=path[:80])
    return tile


def tile_width(level: int | None, index: int, size: int) -> int:
    """Return how many hashes (or entries, level None) the tile has in the tree of `size` leaves, 0 if it has none."""
    hashes = size >> (TILE_HEIGHT * (level or 0))
    return max(0, min(TILE_WIDTH, hashes - index * TILE_WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every hash tile of the tree of `size` leaves, partial ones at their width, lowest level first."""
    level = 0
    while hashes := size >> (TILE_HEIGHT * level):
        yield from (Tile(level, index) for index in range(hashes // TILE_WIDTH))
        if hashes % TILE_WIDTH:
            yield Tile(level, hashes // TILE_WIDTH, hashes % TILE_WIDTH)
        level += 1


def cut_tile(stored: bytes, tile: Tile) -> bytes:
    """Return the hashes of `tile` from its longest stored version. Raises: Refused (`tile.form`) if it is not there yet."""
    if len(stored) < tile.width * HASH_SIZE:
        raise Refused(Code.TILE_FORM, detail=tile.path)
    return stored[: tile.width * HASH_SIZE]


def nodes_from_tiles(read_tile: TileReader) -> NodeSource:
    """Return a source of tree nodes that reads each tile once. Keep it for one request or one tree, not longer.

    The source raises Damaged (`trail.damaged`) when a tile is missing or too short.
    """
    tiles: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, start = divmod(index << height, TILE_WIDTH)
        key = (tile_level, tile_index)
        raw = tiles.get(key)
        if raw is None:
            raw = tiles[key] = read_tile(tile_level, tile_index)
        part = raw[start * HASH_SIZE : (start + (1 << height)) * HASH_SIZE]
        if len(part) != HASH_SIZE << height:
            place = Tile(tile_level, tile_index).path
            raise Damaged(Code.TRAIL_DAMAGED, detail="tile is missing or too short", values={"place": place})
        return subtree_root(part)

    return node


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length in two bytes. Raises: ValueError for an entry too long."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def parse_bundle(raw: bytes) -> tuple[bytes, ...]:
    """Return the entries of a bundle, at most 256. Raises: Refused (`tile.form`)."""
    entries: list[bytes] = []
    at = 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if at + 2 > len(raw) or end > len(raw) or len(entries) == TILE_WIDTH:
            raise Refused(Code.TILE_FORM, detail=f"entry {len(entries)}")
        entries.append(raw[at + 2 : end])
        at = end
    return tuple(entries)
