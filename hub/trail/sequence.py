"""The appender: a tree's right edge and new leaves in, the new edge, tiles and each leaf's proof out. Pure.

It runs inside the hub's transaction, so it costs O(1) hashes per leaf and reads nothing: what a new leaf's proof needs
of the old tree is the roots of its perfect subtrees, and those are the frontier.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.trail.hashing import EMPTY_ROOT, HASH_SIZE, level_up, node_hash
from hub.trail.lines import MAX_SIZE
from hub.trail.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, TileReader, nodes_from_tiles


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree of `size` leaves.

    `subtrees`: roots of its perfect subtrees by level, 0 upwards, None where `size` has no bit. `open_tiles`: the hashes
    so far of the tile that is filling at each tile level (empty bytes when none is).
    """

    size: int
    subtrees: tuple[bytes | None, ...]
    open_tiles: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The tree's root; costs at most log2(size) hashes."""
        root: bytes | None = None
        for subtree in self.subtrees:
            if subtree is not None:
                root = subtree if root is None else node_hash(subtree, root)
        return EMPTY_ROOT if root is None else root


@dataclass(frozen=True, slots=True)
class TileUpdate:
    """A tile's hashes so far, to be stored at (level, index) in place of a shorter version."""

    level: int
    index: int
    hashes: bytes

    @property
    def tile(self) -> Tile:
        """The tile's coordinates, with its present width."""
        return Tile(self.level, self.index, len(self.hashes) // HASH_SIZE)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a new leaf stands: its index, and its inclusion proof against the root after the whole batch."""

    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Appended:
    """The tree after a batch: commit `frontier`, `tiles` and the leaves together, or nothing of it."""

    frontier: Frontier
    root: bytes
    positions: tuple[Position, ...]
    tiles: tuple[TileUpdate, ...]


EMPTY = Frontier(0, (), ())


def append(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> Appended:
    """Add leaves (at least one) to the tree; each gets its index and proof against the new root.

    Recompute the hashes from the very bytes that are being stored: one flipped bit in a leaf hash ends a log.
    """
    if not leaf_hashes or frontier.size + len(leaf_hashes) > MAX_SIZE:
        raise ValueError("no leaves to add, or too many")
    rows = _grow(frontier, leaf_hashes)
    grown, tiles = _advance(frontier, rows, frontier.size + len(leaf_hashes))
    tails, root = _tails(grown)
    return Appended(grown, root, _positions(frontier.size, grown, rows, tails), tiles)


def extend(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, tuple[TileUpdate, ...]]:
    """Add leaves without proofs: for re-deriving a whole tree."""
    if not leaf_hashes:
        return frontier, ()
    return _advance(frontier, _grow(frontier, leaf_hashes), frontier.size + len(leaf_hashes))


def dump_frontier(frontier: Frontier) -> bytes:
    """Return size and subtree roots as bytes (8 + 32 for each bit of `size`); open tiles are stored as tiles."""
    return struct.pack(">Q", frontier.size) + b"".join(root for root in frontier.subtrees if root is not None)


def write_frontier(frontier: Frontier) -> bytes:
    """Return the whole frontier, open tiles too, as JSON: for a re-derivation that is broken off and goes on later."""
    return msgspec.json.encode(frontier)


def read_frontier(raw: bytes) -> Frontier:
    """Return the frontier that `write_frontier` wrote. Raises: Refused (`trail.proof_form`)."""
    try:
        return msgspec.json.decode(raw, type=Frontier)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(Code.TRAIL_PROOF_FORM, detail="not a saved state") from error


def load_frontier(raw: bytes, read_tile: TileReader) -> Frontier:
    """Return the frontier that `dump_frontier` wrote, with its open tiles read from the store.

    Nothing is re-hashed: cheap enough for each batch where several hubs share a store. Raises: Damaged (`trail.damaged`).
    """
    size = int.from_bytes(raw[:8], "big")
    if len(raw) != 8 + HASH_SIZE * size.bit_count():
        raise Damaged(Code.TRAIL_DAMAGED, values={"place": "frontier"})
    roots = iter(raw[at : at + HASH_SIZE] for at in range(8, len(raw), HASH_SIZE))
    subtrees = tuple(next(roots) if size >> level & 1 else None for level in range(size.bit_length()))
    return Frontier(size, subtrees, _read_open_tiles(size, read_tile))


def restore_frontier(size: int, root: bytes, read_tile: TileReader) -> Frontier:
    """Return the frontier re-derived from the stored right-edge tiles, checked against the signed `root`.

    For every start of a hub. Raises: Damaged (`trail.damaged`) when the tiles do not give this root.
    """
    nodes = nodes_from_tiles(read_tile)
    subtrees = tuple(
        nodes(level, (size >> level) - 1) if size >> level & 1 else None for level in range(size.bit_length())
    )
    frontier = Frontier(size, subtrees, _read_open_tiles(size, read_tile))
    if frontier.root != root:
        raise Damaged(Code.TRAIL_DAMAGED, detail="tiles give another root", values={"place": f"size {size}"})
    return frontier


@dataclass(frozen=True, slots=True)
class _Row:
    """The nodes of one level from index `first` to the new edge: the new ones, and the old left sibling of the first."""

    first: int
    nodes: list[bytes]


def _grow(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> list[_Row]:
    """Return a row for each level that gets new nodes, leaves first."""
    rows: list[_Row] = []
    fresh = list(leaf_hashes)
    while fresh:
        level = len(rows)
        left = frontier.subtrees[level] if level < len(frontier.subtrees) else None
        first = frontier.size >> level
        # An odd edge: the last old node here is the left sibling of the first new one.
        row = _Row(first, fresh) if left is None else _Row(first - 1, [left, *fresh])
        rows.append(row)
        fresh = level_up(row.nodes)
    return rows


def _advance(frontier: Frontier, rows: list[_Row], size: int) -> tuple[Frontier, tuple[TileUpdate, ...]]:
    new = tuple(row.nodes[-1] if size >> level & 1 else None for level, row in enumerate(rows))
    updates: list[TileUpdate] = []
    open_tiles = list(frontier.open_tiles)
    for tile_level, row in enumerate(rows[::TILE_HEIGHT]):
        before = frontier.size >> tile_level * TILE_HEIGHT
        if tile_level == len(open_tiles):
            open_tiles.append(b"")
        hashes = open_tiles[tile_level] + b"".join(row.nodes[before - row.first :])
        open_tiles[tile_level] = _fill(updates, tile_level, before // TILE_WIDTH, hashes)
    return Frontier(size, new + frontier.subtrees[len(rows) :], tuple(open_tiles)), tuple(updates)


def _tails(grown: Frontier) -> tuple[list[bytes | None], bytes]:
    """Return, for each level, the root of the leaves right of its last whole node (None if there are none); the root."""
    tails: list[bytes | None] = []
    tail: bytes | None = None
    for subtree in grown.subtrees:
        tails.append(tail)
        if subtree is not None:
            tail = subtree if tail is None else node_hash(subtree, tail)
    assert tail is not None
    return tails, tail


def _positions(old: int, grown: Frontier, rows: list[_Row], tails: list[bytes | None]) -> tuple[Position, ...]:
    last = grown.size - 1
    # From level `fork` up all new leaves have the same ancestors: that part of the path is made once. Each ancestor is
    # the rightmost of its level, so it has a left sibling or none; where no row reaches, that sibling is the old edge's.
    fork = (old ^ last).bit_length()
    shared = []
    for level in range(fork, last.bit_length()):
        if (ancestor := last >> level) & 1:
            subtree = (
                rows[level].nodes[ancestor - 1 - rows[level].first] if level < len(rows) else grown.subtrees[level]
            )
            assert subtree is not None
            shared.append(subtree)
    return tuple(
        Position(index, (*_path(index, grown.size, rows[:fork], tails), *shared)) for index in range(old, grown.size)
    )


def _path(index: int, size: int, rows: list[_Row], tails: list[bytes | None]) -> list[bytes]:
    path = []
    for level, row in enumerate(rows):
        sibling = (index >> level) ^ 1
        edge = size >> level
        if sibling < edge:
            path.append(row.nodes[sibling - row.first])
        elif sibling == edge and (tail := tails[level]) is not None:
            path.append(tail)
    return path


def _fill(updates: list[TileUpdate], level: int, index: int, hashes: bytes) -> bytes:
    """Add an update for every tile that `hashes` touches; return what is left in the last, open one."""
    whole = TILE_WIDTH * HASH_SIZE
    while len(hashes) >= whole:
        updates.append(TileUpdate(level, index, hashes[:whole]))
        index, hashes = index + 1, hashes[whole:]
    if hashes:
        updates.append(TileUpdate(level, index, hashes))
    return hashes


def _read_open_tiles(size: int, read_tile: TileReader) -> tuple[bytes, ...]:
    open_tiles = []
    level = 0
    while hashes := size >> (TILE_HEIGHT * level):
        width = hashes % TILE_WIDTH
        raw = read_tile(level, hashes // TILE_WIDTH) if width else b""
        # A longer version than the head says is what a crash could not leave: head and tiles commit together.
        if len(raw) != width * HASH_SIZE:
            raise Damaged(Code.TRAIL_DAMAGED, values={"place": Tile(level, hashes // TILE_WIDTH).path})
        open_tiles.append(raw)
        level += 1
    return tuple(open_tiles)
