"""Proofs against the recursive definition of RFC 6962, made and checked for every pair of small sizes; false ones fail."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.verdict import Result
from hub.trail.checkpoint import Checkpoint, check_growth
from hub.trail.hashing import leaf_hash
from hub.trail.proofs import check_consistency, check_inclusion, consistency_proof, inclusion_proof, tree_root
from tests.trail.builders import a_tree
from tests.trail.reference import merkle_root, path, proof

ENTRIES = [b"%d" % number for number in range(600)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
NODES = a_tree(ENTRIES)[1].nodes()


def test_every_proof_of_every_small_tree_is_that_of_the_definition_and_verifies() -> None:
    for size in range(1, 40):
        root = merkle_root(LEAVES[:size])
        assert tree_root(size, NODES) == root
        for index in range(size):
            made = inclusion_proof(index, size, NODES)
            assert list(made) == path(index, LEAVES[:size])
            checked = check_inclusion(LEAVES[index], index=index, size=size, proof=made, root=root)
            assert checked.result is Result.PASSED
        for old in range(1, size + 1):
            made = consistency_proof(old, size, NODES)
            assert list(made) == proof(old, LEAVES[:size])
            checked = check_consistency(
                old_size=old, old_root=merkle_root(LEAVES[:old]), new_size=size, new_root=root, proof=made
            )
            assert checked.result is Result.PASSED


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_larger_proofs_are_those_of_the_definition(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert list(inclusion_proof(index, size, NODES)) == path(index, LEAVES[:size])
    assert list(consistency_proof(old, size, NODES)) == proof(old, LEAVES[:size])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_other_claim_with_a_good_proof_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    good = inclusion_proof(index, size, NODES)
    root = tree_root(size, NODES)
    at = data.draw(st.integers(0, len(good) - 1))
    changed = bytes([good[at][0] ^ 1]) + good[at][1:]
    for leaf, claimed_index, claimed_size, claimed in (
        (LEAVES[index], data.draw(st.integers(-2, size + 300).filter(lambda other: other != index)), size, good),
        (LEAVES[(index + 1) % size], index, size, good),
        (LEAVES[index], index, size, good[:-1]),
        (LEAVES[index], index, size, (*good, good[0])),
        (LEAVES[index], index, size, (*good[:at], changed, *good[at + 1 :])),
        (LEAVES[index], index, size, (*good[:at], good[at][:-1], *good[at + 1 :])),
        (LEAVES[index], index, 0, good),
    ):
        checked = check_inclusion(leaf, index=claimed_index, size=claimed_size, proof=claimed, root=root)
        assert (checked.result, checked.cause) == (Result.FAILED, Code.TRAIL_INCLUSION)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_changed_history_has_no_consistency_proof(data: st.DataObject) -> None:
    old = data.draw(st.integers(1, 299))
    new = data.draw(st.integers(old + 1, 300))
    changed = data.draw(st.integers(0, old - 1))
    honest = consistency_proof(old, new, NODES)
    forged = list(LEAVES[:new])
    forged[changed] = leaf_hash(b"another letter")
    for made, old_root, new_root in (
        (honest, merkle_root(LEAVES[:old]), merkle_root(forged)),
        (tuple(proof(old, forged)), merkle_root(LEAVES[:old]), merkle_root(forged)),
        (honest[:-1], merkle_root(LEAVES[:old]), merkle_root(LEAVES[:new])),
    ):
        grown = check_growth(Checkpoint("log", old, old_root), Checkpoint("log", new, new_root), made)
        assert (grown.result, grown.cause) == (Result.FAILED, Code.TRAIL_CONSISTENCY)


def test_the_same_size_with_another_root_and_a_shorter_log_are_told_apart() -> None:
    seen = Checkpoint("log", 5, merkle_root(LEAVES[:5]))
    assert check_growth(seen, seen, ()).result is Result.PASSED
    assert check_growth(seen, Checkpoint("log", 5, LEAVES[0]), ()).cause is Code.TRAIL_CONSISTENCY
    assert check_growth(seen, Checkpoint("log", 4, merkle_root(LEAVES[:4])), ()).cause is Code.TRAIL_ROLLBACK
    assert check_growth(seen, Checkpoint("other", 5, seen.root), ()).cause is Code.CHECKPOINT_ORIGIN


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, NODES)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 5)])
def test_no_consistency_proof_is_made_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        consistency_proof(old, new, NODES)
