"""The appender: a tree's right edge and new leaves in, the new edge, tiles and each leaf's proof out. Pure.

It runs inside the hub's transaction, so it costs O(1) hashes per leaf and reads nothing: what a new leaf's proof needs
of the old tree is the roots of its perfect subtrees, and those are the frontier.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged
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
    size = frontier.size + len(leaf_hashes)
    if not leaf_hashes or size > MAX_SIZE:
        raise ValueError("no leaves to add, or too many")
    levels = _grow(frontier, leaf_hashes)
    tails, root = _tails(levels, size)
    grown, tiles = _advance(frontier, levels, size)
    return Appended(grown, root, _positions(frontier.size, size, levels, tails), tiles)


def extend(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, tuple[TileUpdate, ...]]:
    """Add leaves without proofs: for re-deriving a whole tree."""
    if not leaf_hashes:
        return frontier, ()
    return _advance(frontier, _grow(frontier, leaf_hashes), frontier.size + len(leaf_hashes))


def dump_frontier(frontier: Frontier) -> bytes:
    """Return size and subtree roots as bytes (8 + 32 for each bit of `size`); open tiles are stored as tiles."""
    return struct.pack(">Q", frontier.size) + b"".join(root for root in frontier.subtrees if root is not None)


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


def _grow(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> list[tuple[int, list[bytes]]]:
    """Return, for each level, the index of the first node known there and the nodes from it to the tree's new edge."""
    size = frontier.size + len(leaf_hashes)
    levels = []
    fresh = list(leaf_hashes)
    for level in range(size.bit_length()):
        first = frontier.size >> level
        left = frontier.subtrees[level] if level < len(frontier.subtrees) else None
        # An odd edge: the last old node here is the left sibling of the first new one.
        nodes = fresh if left is None else [left, *fresh]
        first = first if left is None else first - 1
        levels.append((first, nodes))
        fresh = level_up(nodes[: len(nodes) & ~1])
    return levels


def _tails(levels: list[tuple[int, list[bytes]]], size: int) -> tuple[list[bytes | None], bytes]:
    """Return, for each level, the root of the leaves right of the last whole node (None if there are none); the root."""
    tails: list[bytes | None] = []
    tail: bytes | None = None
    for level, (_, nodes) in enumerate(levels):
        tails.append(tail)
        if size >> level & 1:
            tail = nodes[-1] if tail is None else node_hash(nodes[-1], tail)
    assert tail is not None
    return tails, tail


def _positions(
    old: int, size: int, levels: list[tuple[int, list[bytes]]], tails: list[bytes | None]
) -> tuple[Position, ...]:
    top = (size - 1).bit_length()
    # Above `fork` all new leaves have the same ancestors: that part of the path is made once.
    fork = (old ^ (size - 1)).bit_length()
    shared = _path(size - 1, size, range(fork, top), levels, tails)
    return tuple(
        Position(index, tuple(_path(index, size, range(fork), levels, tails) + shared)) for index in range(old, size)
    )


def _path(
    index: int, size: int, span: range, levels: list[tuple[int, list[bytes]]], tails: list[bytes | None]
) -> list[bytes]:
    path = []
    for level in span:
        sibling = (index >> level) ^ 1
        edge = size >> level
        if sibling < edge:
            first, nodes = levels[level]
            path.append(nodes[sibling - first])
        elif sibling == edge and (tail := tails[level]) is not None:
            path.append(tail)
    return path


def _advance(
    frontier: Frontier, levels: list[tuple[int, list[bytes]]], size: int
) -> tuple[Frontier, tuple[TileUpdate, ...]]:
    subtrees = tuple(nodes[-1] if size >> level & 1 else None for level, (_, nodes) in enumerate(levels))
    updates: list[TileUpdate] = []
    open_tiles = []
    for tile_level in range((len(levels) + TILE_HEIGHT - 1) // TILE_HEIGHT):
        level = tile_level * TILE_HEIGHT
        before, first, nodes = frontier.size >> level, levels[level][0], levels[level][1]
        filling = frontier.open_tiles[tile_level] if tile_level < len(frontier.open_tiles) else b""
        fresh = nodes[before - first :]
        if fresh:
            filling = _fill(updates, tile_level, before // TILE_WIDTH, filling + b"".join(fresh))
        open_tiles.append(filling)
    return Frontier(size, subtrees, tuple(open_tiles)), tuple(updates)


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
