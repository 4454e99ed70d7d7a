"""Full re-derivation: every leaf record hashed again, every tile, the head and older checkpoints compared. Pure.

What it cannot find: a history rewritten whole, tiles and head with it, and signed again by the log's own key. Only
checkpoints held elsewhere show that; give them as `against`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from hub.protocol.errors import Damaged
from hub.protocol.verdict import Result
from hub.trail.checkpoint import Checkpoint
from hub.trail.hashing import HASH_SIZE, leaf_hash
from hub.trail.proofs import check_inclusion, inclusion_proof
from hub.trail.sequence import EMPTY, Frontier, TileUpdate, extend
from hub.trail.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, TileReader, nodes_from_tiles

ENTRY, TILE, CHECKPOINT = "entry", "tile", "checkpoint"


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The first leaf that does not re-derive: `what` was found wrong there (`entry`, `tile`, `checkpoint`), and why."""

    index: int
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class TreeFinding:
    """How far the tree re-derives (`frontier`), and what stopped it (None: nothing, to the head)."""

    frontier: Frontier
    first_bad: FirstBad | None

    @property
    def ok(self) -> bool:
        """Whether every leaf, tile and checkpoint agrees."""
        return self.first_bad is None


def verify_tree(
    entries: Iterable[bytes],
    *,
    head: Checkpoint,
    read_tile: TileReader,
    against: Sequence[Checkpoint] = (),
    start: Frontier = EMPTY,
    progress: Callable[[Frontier], None] | None = None,
) -> TreeFinding:
    """Re-derive the tree from the stored records and compare it with tiles, `head` and `against` (signatures are the
    caller's to check).

    `entries` begin at leaf `start.size`: give the frontier of the last `progress` call to go on from there. `against`
    holds checkpoints of the same log, of any size; one beyond the head is a rollback.
    """
    known = sorted({one for one in (head, *against) if one.size >= start.size}, key=lambda one: one.size)
    source, frontier = iter(entries), start
    agreed = start.size
    for checkpoint in known:
        if checkpoint.size > head.size:
            reason = f"a checkpoint of {checkpoint.size} leaves was signed, the log has {head.size}"
            return TreeFinding(frontier, FirstBad(head.size, CHECKPOINT, reason))
        for grown, bad in _derive(source, frontier, checkpoint.size, head, read_tile):
            if bad is not None:
                return TreeFinding(frontier, bad)
            frontier = grown
            if progress is not None:
                progress(frontier)
        if frontier.root != checkpoint.root:
            # The tree agreed with a checkpoint at `agreed`: what differs lies between.
            reason = f"the tree of {checkpoint.size} leaves has another root than a signed checkpoint says"
            return TreeFinding(frontier, FirstBad(agreed, CHECKPOINT, reason))
        agreed = frontier.size
    return TreeFinding(frontier, _check_end(source, frontier, read_tile))


def _derive(
    source: Iterator[bytes], frontier: Frontier, end: int, head: Checkpoint, read_tile: TileReader
) -> Iterator[tuple[Frontier, FirstBad | None]]:
    while frontier.size < end:
        room = min(TILE_WIDTH - frontier.size % TILE_WIDTH, end - frontier.size)
        hashes = [leaf_hash(entry) for entry in islice(source, room)]
        bad = _compare_leaves(frontier.size, hashes, head, read_tile)
        if bad is None and len(hashes) < room:
            bad = FirstBad(frontier.size + len(hashes), ENTRY, "the record is missing")
        frontier, updates = extend(frontier, hashes)
        for update in updates:
            if bad is None and update.level > 0 and len(update.hashes) == TILE_WIDTH * HASH_SIZE:
                bad = _compare_tile(update, read_tile)
        yield frontier, bad


def _compare_leaves(first: int, hashes: list[bytes], head: Checkpoint, read_tile: TileReader) -> FirstBad | None:
    tile_index, at = divmod(first, TILE_WIDTH)
    stored = read_tile(0, tile_index)[at * HASH_SIZE :]
    if stored.startswith(b"".join(hashes)):
        return None
    offset, derived = next(
        (offset, derived)
        for offset, derived in enumerate(hashes)
        if stored[offset * HASH_SIZE : (offset + 1) * HASH_SIZE] != derived
    )
    return _blame(first + offset, derived, head, read_tile)


def _blame(index: int, derived: bytes, head: Checkpoint, read_tile: TileReader) -> FirstBad:
    """Say which of record and tile is wrong: the one whose hash does not lead to the head's root."""
    try:
        path = inclusion_proof(index, head.size, nodes_from_tiles(read_tile))
        stored = nodes_from_tiles(read_tile)(0, index)
    except Damaged:
        return FirstBad(index, TILE, f"{Tile(0, index // TILE_WIDTH).path} is missing or too short")
    if _leads_to(head, index, stored, path):
        return FirstBad(index, ENTRY, "the record's bytes were changed: its hash is not the one the head commits to")
    if _leads_to(head, index, derived, path):
        return FirstBad(index, TILE, f"{Tile(0, index // TILE_WIDTH).path} was changed; the record is the one logged")
    return FirstBad(index, ENTRY, "the record and its tile disagree, and neither leads to the head's root")


def _leads_to(head: Checkpoint, index: int, leaf: bytes, path: tuple[bytes, ...]) -> bool:
    return check_inclusion(leaf, index=index, size=head.size, proof=path, root=head.root).result is Result.PASSED


def _compare_tile(update: TileUpdate, read_tile: TileReader) -> FirstBad | None:
    stored = read_tile(update.level, update.index)
    if stored == update.hashes:
        return None
    differs = 0
    while differs < len(stored) // HASH_SIZE and update.hashes.startswith(stored[: (differs + 1) * HASH_SIZE]):
        differs += 1
    index = (update.index * TILE_WIDTH + differs) << (TILE_HEIGHT * update.level)
    return FirstBad(index, TILE, f"{update.tile.path} is not what the records give")


def _check_end(source: Iterator[bytes], frontier: Frontier, read_tile: TileReader) -> FirstBad | None:
    if next(source, None) is not None:
        return FirstBad(frontier.size, ENTRY, "a record beyond the head")
    for level, hashes in enumerate(frontier.open_tiles):
        update = TileUpdate(level, frontier.size >> TILE_HEIGHT * (level + 1), hashes)
        # Also a tile that should be empty: nothing may stand beyond the head.
        if (bad := _compare_tile(update, read_tile)) is not None:
            return bad
    return None
