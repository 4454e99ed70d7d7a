"""The trail inside the hub's transaction: leaves, tiles and the signed head are committed with what they are about.

The head row is compared and swapped under BEGIN IMMEDIATE: two processes cannot sign two continuations of one tree.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.protocol.receipt import TrailPosition
from hub.store.schema.trail import head, leaves, tiles
from hub.store.statements import Prepared, insert_into
from hub.trail.checkpoint import SignedCheckpoint, open_checkpoint, sign_checkpoint
from hub.trail.hashing import leaf_hash
from hub.trail.note import NoteSigner, VerifierKey
from hub.trail.position import make_positions
from hub.trail.sequence import EMPTY, Frontier, TileUpdate, append, extend, restore_frontier
from hub.trail.tiles import TileReader

_HEAD = Prepared(sa.select(head.c.size, head.c.checkpoint, head.c.registry))
_SWAP = Prepared(
    sa.update(head)
    .where(head.c.size == sa.bindparam("old_size"))
    .values(size=sa.bindparam("new_size"), checkpoint=sa.bindparam("new_checkpoint")),
    names=["new_size", "new_checkpoint", "old_size"],
)
_TILE = Prepared(
    sa.select(tiles.c.raw).where(
        tiles.c.level == sa.bindparam("at_level"), tiles.c.number == sa.bindparam("at_number")
    ),
    names=["at_level", "at_number"],
)
_NEW_TILE = insert(tiles)
_PUT_TILE = Prepared(
    _NEW_TILE.on_conflict_do_update(index_elements=["level", "number"], set_={"raw": _NEW_TILE.excluded.raw}),
    names=["level", "number", "raw"],
)
_NEW_LEAF = insert_into(leaves)
_NEWEST_LEAVES = Prepared(
    sa.select(leaves.c.record).where(leaves.c.number >= sa.bindparam("first")).order_by(leaves.c.number),
    names=["first"],
)


@dataclass(frozen=True, slots=True)
class Head:
    """The trail's newest state: `checkpoint` is the signed note; `registry` counts changes of the stations."""

    size: int
    checkpoint: str
    registry: int


def head_of(tx: sa.Connection) -> Head:
    """Return the head row. Raises: Damaged when there is none."""
    rows = _HEAD.rows(tx)
    if len(rows) != 1:
        raise Damaged(Code.STORE_DAMAGED, detail="no head")
    return Head(*rows[0])


def as_bytes(stored: object) -> bytes:
    """Return a stored value's bytes, whatever type somebody has made of it: a changed row must be found, not crash the search."""
    return stored if isinstance(stored, bytes) else str(stored).encode("utf-8", "surrogateescape")


def tile_reader(tx: sa.Connection) -> TileReader:
    """Return a function that reads the longest stored version of a tile, empty if there is none."""

    def read(level: int, number: int) -> bytes:
        rows = _TILE.rows(tx, level, number)
        return as_bytes(rows[0][0]) if rows else b""

    return read


def leaf_records(tx: sa.Connection, *, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield index and bytes of the stored leaf records from `start` on (and before `end`, if given), in order."""
    query = sa.select(leaves.c.number, leaves.c.record).where(leaves.c.number >= start).order_by(leaves.c.number)
    if end is not None:
        query = query.where(leaves.c.number < end)
    for row in tx.execution_options(stream_results=True).execute(query):
        yield row.number, as_bytes(row.record)


def insert_head(tx: sa.Connection, *, origin: str, signer: NoteSigner) -> None:
    """Write the head of an empty trail: once, when the hub is created."""
    checkpoint = sign_checkpoint(origin, 0, EMPTY.root, signer=signer).decode()
    tx.execute(sa.insert(head).values(only=1, size=0, checkpoint=checkpoint, registry=0))


class TrailLog:
    """Appends leaves within transactions. Remembers the tree's edge between them; used by one thread at a time."""

    def __init__(self, *, origin: str, signer: NoteSigner) -> None:
        self._origin = origin
        self._signer = signer
        self._durable: tuple[str, Frontier] | None = None  # the checkpoint's text, and the edge it commits to
        self._edge = EMPTY
        self._old_size = 0
        self._checkpoint: str | None = None
        self._leaves: list[tuple[int, bytes]] = []
        self._hashes: list[bytes] = []
        self._tiles: dict[tuple[int, int], bytes] = {}

    @property
    def key(self) -> VerifierKey:
        """The verifier key of the checkpoints that are signed now; its name is the trail's origin."""
        return self._signer.key

    def begin(self, tx: sa.Connection, present: Head) -> None:
        """Start from the head that `tx` sees; the edge is read and re-derived again when another process moved it."""
        if self._durable is None or self._durable[0] != present.checkpoint:
            root = self._open(present.checkpoint, present.size).checkpoint.root
            self._durable = present.checkpoint, restore_frontier(present.size, root, tile_reader(tx))
        self._edge, self._old_size = self._durable[1], present.size
        self._leaves, self._hashes, self._tiles, self._checkpoint = [], [], {}, None

    def append(self, records: Sequence[bytes]) -> tuple[TrailPosition, ...]:
        """Append leaf records (at least one), sign a checkpoint over the tree so far, and return where each stands.

        Nothing is written yet.
        """
        hashes = [leaf_hash(record) for record in records]
        appended = append(self._edge, hashes)
        self._advance(records, hashes, appended.frontier, appended.tiles)
        return make_positions(appended, records, self._sign(appended.root))

    def append_last(self, records: Sequence[bytes]) -> int:
        """Append the batch's last leaf records (at least one) under a new checkpoint; return the first one's index."""
        start = self._edge.size
        hashes = [leaf_hash(record) for record in records]
        frontier, updates = extend(self._edge, hashes)
        self._advance(records, hashes, frontier, updates)
        self._sign(frontier.root)
        return start

    def _advance(
        self, records: Sequence[bytes], hashes: list[bytes], frontier: Frontier, updates: Iterable[TileUpdate]
    ) -> None:
        self._leaves += enumerate(records, self._edge.size)
        self._hashes += hashes
        self._tiles.update({(update.level, update.index): update.hashes for update in updates})
        self._edge = frontier

    def _sign(self, root: bytes) -> bytes:
        raw = sign_checkpoint(self._origin, self._edge.size, root, signer=self._signer)
        self._checkpoint = raw.decode()
        return raw

    def flush(self, tx: sa.Connection) -> None:
        """Write the leaves, the tiles and the head.

        Raises: Damaged when the head is not the one begun from, or a leaf does not read back as it was hashed.
        """
        _NEW_LEAF.run_many(tx, self._leaves)
        # Hashed once more, from what the store gives back: a log once died of one bit that flipped before it was written, and
        # the signed checkpoint does not count before the head below is committed.
        if [leaf_hash(row[0]) for row in _NEWEST_LEAVES.rows(tx, self._old_size)] != self._hashes:
            raise Damaged(Code.TRAIL_DAMAGED, detail="stored leaves", values={"place": f"leaf {self._old_size}"})
        _PUT_TILE.run_many(tx, [(level, at, raw) for (level, at), raw in self._tiles.items()])
        if _SWAP.run(tx, self._edge.size, self._checkpoint, self._old_size) != 1:
            raise Damaged(Code.STORE_DAMAGED, detail=f"head moved under the transaction at {self._old_size}")

    def committed(self) -> None:
        """The transaction of the last `flush` is durable."""
        if self._checkpoint is not None:
            self._durable = self._checkpoint, self._edge

    def forget(self) -> None:
        """The transaction's fate is unknown: read the edge again before the next one."""
        self._durable = self._checkpoint = None

    def _open(self, checkpoint: str, size: int) -> SignedCheckpoint:
        try:
            signed = open_checkpoint(checkpoint.encode(), origin=self._origin, log_keys=(self._signer.key,))
        except Refused as error:
            raise Damaged(Code.STORE_DAMAGED, detail=f"head: {error.code.value}") from error
        if signed.checkpoint.size != size:
            raise Damaged(Code.STORE_DAMAGED, detail="head: size differs from its checkpoint")
        return signed
