"""Signed checkpoints, keys and stores for the trail's tests: valid ones, of which a test changes the one thing it is about."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.trail.checkpoint import Checkpoint
from hub.trail.hashing import leaf_hash
from hub.trail.note import KeyType, NoteSigner, make_signer
from hub.trail.proofs import NodeSource
from hub.trail.record import make_record
from hub.trail.sequence import EMPTY, Frontier, TileUpdate, extend
from hub.trail.tiles import nodes_from_tiles

VECTORS = Path(__file__).parents[1] / "vectors" / "tlog"
ORIGIN = "hub.police.example/trail/2026"
AT = datetime(2026, 11, 24, 2, 3, 4, tzinfo=UTC)


@cache
def a_log() -> NoteSigner:
    return make_signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))


@cache
def a_witness(number: int = 1) -> NoteSigner:
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return make_signer(f"station{number}.police.example/witness", key, KeyType.COSIGNATURE)


def a_record(number: int, event: str = "envelope") -> bytes:
    return make_record(
        event=event,
        digest=f"{number:064x}",
        id=None,
        at=AT,
        nonce=number.to_bytes(16, "big"),  # type: ignore[arg-type]
    )


class TileStore:
    """Tiles as a store keeps them: the longest version of each, never a changed byte."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def save(self, updates: tuple[TileUpdate, ...]) -> None:
        for update in updates:
            key = (update.level, update.index)
            assert update.hashes.startswith(self.tiles.get(key, b""))
            self.tiles[key] = update.hashes

    def read(self, level: int, index: int) -> bytes:
        return self.tiles.get((level, index), b"")

    def nodes(self) -> NodeSource:
        return nodes_from_tiles(self.read)


def a_tree(entries: list[bytes], step: int = 1000) -> tuple[Frontier, TileStore]:
    """Return the frontier and the stored tiles of a log with these entries."""
    frontier, store = EMPTY, TileStore()
    for start in range(0, len(entries), step):
        frontier, updates = extend(frontier, [leaf_hash(entry) for entry in entries[start : start + step]])
        store.save(updates)
    return frontier, store


def a_head(frontier: Frontier) -> Checkpoint:
    return Checkpoint(ORIGIN, frontier.size, frontier.root)
