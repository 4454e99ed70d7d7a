"""Re-deriving a whole log: what was changed is found and named, and what cannot be found without old checkpoints."""

import pytest

from hub.trail.checkpoint import Checkpoint
from hub.trail.sequence import Frontier
from hub.trail.verify import FirstBad, verify_tree
from tests.trail.builders import ORIGIN, TileStore, a_head, a_record, a_tree

SIZE = 66_000
ENTRIES = [b"entry %d" % number for number in range(SIZE)]
FRONTIER, STORE = a_tree(ENTRIES)
HEAD = a_head(FRONTIER)


def a_small_log(size: int = 700) -> tuple[list[bytes], Checkpoint, TileStore]:
    entries = [a_record(number) for number in range(size)]
    frontier, store = a_tree(entries)
    return entries, a_head(frontier), store


def first_bad(entries: list[bytes], head: Checkpoint, store: TileStore, *against: Checkpoint) -> FirstBad | None:
    return verify_tree(entries, head=head, read_tile=store.read, against=against).first_bad


def test_a_whole_log_re_derives_and_reports_its_progress() -> None:
    reached: list[int] = []
    found = verify_tree(
        iter(ENTRIES), head=HEAD, read_tile=STORE.read, progress=lambda frontier: reached.append(frontier.size)
    )
    assert found.ok
    assert found.frontier == FRONTIER
    assert reached == [*range(256, SIZE, 256), SIZE]


def test_it_goes_on_from_where_it_stopped() -> None:
    kept: list[Frontier] = []
    verify_tree(ENTRIES[:1000], head=HEAD, read_tile=STORE.read, progress=kept.append)
    start = kept[2]
    assert verify_tree(ENTRIES[start.size :], head=HEAD, read_tile=STORE.read, start=start).ok


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, 257, 258])
def test_small_logs_re_derive(size: int) -> None:
    entries, head, store = a_small_log(size)
    assert first_bad(entries, head, store) is None


@pytest.mark.parametrize("index", [0, 255, 256, 511, 512, 699])
def test_a_changed_record_is_named(index: int) -> None:
    entries, head, store = a_small_log()
    entries[index] = entries[index][:-3] + b'A"}'
    bad = first_bad(entries, head, store)
    assert bad is not None
    assert (bad.index, bad.what) == (index, "entry")


@pytest.mark.parametrize("index", [0, 255, 256, 699])
def test_a_dropped_an_inserted_and_a_swapped_record_are_named(index: int) -> None:
    entries, head, store = a_small_log()
    dropped = entries[:index] + entries[index + 1 :]
    inserted = [*entries[:index], a_record(9999), *entries[index:]]
    swapped = [*entries[:index], entries[index - 1], *entries[index + 1 :]]
    for changed in (dropped, inserted, swapped):
        bad = first_bad(changed, head, store)
        assert bad is not None
        assert (bad.index, bad.what) == (index, "entry")


@pytest.mark.parametrize(("key", "at", "index"), [((0, 1), 5, 261), ((0, 2), 187, 699)])
def test_a_changed_leaf_tile_is_told_from_a_changed_record(key: tuple[int, int], at: int, index: int) -> None:
    entries, head, store = a_small_log()
    raw = bytearray(store.tiles[key])
    raw[at * 32] ^= 1
    store.tiles[key] = bytes(raw)
    bad = first_bad(entries, head, store)
    assert bad is not None
    assert (bad.index, bad.what) == (index, "tile")


@pytest.mark.parametrize(
    ("key", "at", "index"), [((1, 0), 3, 3 * 256), ((1, 1), 0, 65_536), ((2, 0), 0, 0), ((0, 257), 0, 65_792)]
)
def test_a_changed_upper_tile_is_named_by_its_first_leaf(key: tuple[int, int], at: int, index: int) -> None:
    store = TileStore()
    store.tiles = dict(STORE.tiles)
    raw = bytearray(store.tiles[key])
    raw[at * 32] ^= 1
    for changed in (bytes(raw), store.tiles[key][: at * 32]):
        store.tiles[key] = changed
        bad = first_bad(ENTRIES, HEAD, store)
        assert bad is not None
        assert (bad.index, bad.what) == (index, "tile")


def test_what_stands_beyond_the_head_is_found() -> None:
    entries, head, store = a_small_log()
    more, _, longer = a_small_log(701)
    assert first_bad(more, head, store) == FirstBad(700, "entry", "a record beyond the head")
    bad = first_bad(entries, head, longer)
    assert bad is not None
    assert bad.what == "tile"


def test_a_log_rewritten_whole_is_found_only_by_checkpoints_held_elsewhere() -> None:
    _, held, _ = a_small_log(300)
    earlier = a_small_log(100)[1]
    entries = [a_record(number + (number >= 200) * 5000) for number in range(700)]
    frontier, store = a_tree(entries)
    forged = a_head(frontier)
    assert first_bad(entries, forged, store) is None
    bad = first_bad(entries, forged, store, held, earlier)
    assert bad is not None
    # The checkpoint of 100 leaves agrees, that of 300 does not: the change lies between.
    assert (bad.index, bad.what) == (100, "checkpoint")


def test_a_head_that_was_rewound_is_found_by_a_longer_checkpoint() -> None:
    _, held, _ = a_small_log(300)
    entries, head, store = a_small_log(200)
    bad = first_bad(entries, head, store, held)
    assert bad is not None
    assert (bad.index, bad.what) == (200, "checkpoint")


def test_a_head_with_another_root_is_found() -> None:
    entries, head, store = a_small_log(200)
    bad = first_bad(entries, Checkpoint(ORIGIN, head.size, bytes(32)), store)
    assert bad is not None
    assert bad.what == "checkpoint"
