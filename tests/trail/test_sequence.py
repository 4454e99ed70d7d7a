"""The appender against the recursive definition, over every small size and batch; restoring it; what it refuses."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.errors import Damaged
from hub.trail.hashing import EMPTY_ROOT, leaf_hash
from hub.trail.proofs import check_inclusion
from hub.trail.sequence import (
    EMPTY,
    Frontier,
    append,
    dump_frontier,
    extend,
    load_frontier,
    restore_frontier,
)
from hub.trail.tiles import tiles_of
from tests.trail.builders import TileStore
from tests.trail.reference import merkle_root, path


def leaves(start: int, end: int) -> list[bytes]:
    return [leaf_hash(b"entry %d" % number) for number in range(start, end)]


def grown(size: int, step: int = 1000) -> tuple[Frontier, TileStore]:
    frontier, store = EMPTY, TileStore()
    for start in range(0, size, step):
        frontier, updates = extend(frontier, leaves(start, min(size, start + step)))
        store.save(updates)
    return frontier, store


def test_every_small_batch_gets_the_positions_and_root_of_the_definition() -> None:
    for old in range(20):
        frontier = grown(old)[0]
        for count in range(1, 20):
            every = leaves(0, old + count)
            appended = append(frontier, every[old:])
            assert appended.root == merkle_root(every) == appended.frontier.root
            assert [position.index for position in appended.positions] == list(range(old, old + count))
            assert [position.proof for position in appended.positions] == [
                tuple(path(index, every)) for index in range(old, old + count)
            ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_any_batches_give_the_same_tree_as_one(batches: list[int]) -> None:
    frontier, store = EMPTY, TileStore()
    for count in batches:
        appended = append(frontier, leaves(frontier.size, frontier.size + count))
        store.save(appended.tiles)
        frontier = appended.frontier
        for position, leaf in zip(appended.positions, leaves(frontier.size - count, frontier.size), strict=True):
            checked = check_inclusion(
                leaf, index=position.index, size=frontier.size, proof=position.proof, root=appended.root
            )
            assert checked.cause is None
    assert frontier.root == merkle_root(leaves(0, frontier.size))
    once, whole = grown(frontier.size, step=10_000)
    assert once == frontier
    assert whole.tiles == store.tiles


@pytest.mark.parametrize("size", [254, 255, 256, 257, 258, 65_534, 65_535, 65_536, 65_537, 65_538])
def test_around_a_tile_edge_tiles_are_those_of_the_size_and_restore_the_frontier(size: int) -> None:
    frontier, store = grown(size)
    assert {(tile.level, tile.index): tile.width * 32 for tile in tiles_of(size)} == {
        key: len(raw) for key, raw in store.tiles.items()
    }
    assert restore_frontier(size, frontier.root, store.read) == frontier
    assert load_frontier(dump_frontier(frontier), store.read) == frontier


def test_the_empty_tree_restores() -> None:
    assert EMPTY.root == EMPTY_ROOT == hashlib.sha256(b"").digest()
    assert (
        restore_frontier(0, EMPTY_ROOT, TileStore().read)
        == EMPTY
        == load_frontier(dump_frontier(EMPTY), TileStore().read)
    )


def test_a_hub_does_not_start_on_a_right_edge_that_gives_another_root() -> None:
    frontier, store = grown(70_000)
    for key in ((0, 273), (1, 1), (2, 0)):
        good = store.tiles[key]
        for bad in (bytes([good[0] ^ 1]) + good[1:], good[:-32], good + good[:32], b""):
            store.tiles[key] = bad
            with pytest.raises(Damaged):
                restore_frontier(70_000, frontier.root, store.read)
        store.tiles[key] = good
    restore_frontier(70_000, frontier.root, store.read)


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + bytes(32), lambda raw: raw[:7]])
def test_a_damaged_frontier_is_not_loaded(change: Callable[[bytes], bytes]) -> None:
    frontier, store = grown(300)
    with pytest.raises(Damaged):
        load_frontier(change(dump_frontier(frontier)), store.read)


def test_nothing_is_appended_from_nothing() -> None:
    with pytest.raises(ValueError, match="no leaves"):
        append(EMPTY, [])
    assert extend(EMPTY, []) == (EMPTY, ())
