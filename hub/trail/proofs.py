"""Inclusion and consistency proofs: make them from a tree's nodes, check them against roots. RFC 6962, 2.1.1 and 2.1.2.

Pure: a false or malformed proof is a failed check, never an exception. Sizes of zero are the caller's case.
"""

from collections.abc import Callable, Sequence

from hub.protocol.codes import Code
from hub.protocol.verdict import Check, failed, passed
from hub.trail.hashing import EMPTY_ROOT, HASH_SIZE, node_hash

NodeSource = Callable[[int, int], bytes]
"""Gives the root of the perfect subtree at (level, index): that of the leaves [index * 2^level, (index + 1) * 2^level)."""

INCLUSION_CHECK = "trail.inclusion"
CONSISTENCY_CHECK = "trail.consistency"


def tree_root(size: int, nodes: NodeSource) -> bytes:
    """Return the root of the tree of `size` leaves."""
    return EMPTY_ROOT if size == 0 else _range_root(0, size, nodes)


def inclusion_proof(index: int, size: int, nodes: NodeSource) -> tuple[bytes, ...]:
    """Return the path of leaf `index` in the tree of `size` leaves, the leaf's sibling first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    for level in range((size - 1).bit_length()):
        start = ((index >> level) ^ 1) << level
        if start < size:
            path.append(_range_root(start, min(start + (1 << level), size), nodes))
    return tuple(path)


def consistency_proof(old: int, new: int, nodes: NodeSource) -> tuple[bytes, ...]:
    """Return the proof that the tree of `new` leaves begins with that of `old`; empty when the sizes are equal."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")
    if old == new:
        return ()
    # The path starts at the largest perfect subtree that ends the old tree; when that is the whole old tree, its hash
    # is the root that the verifier holds, and is left out.
    level = (old & -old).bit_length() - 1
    path = [] if old == 1 << level else [nodes(level, (old >> level) - 1)]
    while (old - 1) >> level != 0 or (new - 1) >> level != 0:
        start = (((old - 1) >> level) ^ 1) << level
        if start < new:
            path.append(_range_root(start, min(start + (1 << level), new), nodes))
        level += 1
    return tuple(path)


def check_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> Check:
    """Say whether the leaf hash `leaf` stands at `index` in the tree of `size` leaves with this `root`."""
    if not 0 <= index < size:
        return failed(INCLUSION_CHECK, Code.TRAIL_INCLUSION, f"index {index} of {size}")
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border or not _are_hashes(leaf, root, *proof):
        return failed(INCLUSION_CHECK, Code.TRAIL_INCLUSION, f"{len(proof)} hashes, {inner + border} needed")
    computed = leaf
    for level, sibling in enumerate(proof):
        on_right = level >= inner or index >> level & 1
        computed = node_hash(sibling, computed) if on_right else node_hash(computed, sibling)
    if computed != root:
        return failed(INCLUSION_CHECK, Code.TRAIL_INCLUSION, "another root")
    return passed(INCLUSION_CHECK)


def check_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> Check:
    """Say whether the tree (`new_size`, `new_root`) begins with the tree (`old_size`, `old_root`), 0 < old <= new."""
    if not 0 < old_size <= new_size:
        return failed(CONSISTENCY_CHECK, Code.TRAIL_CONSISTENCY, f"sizes {old_size} and {new_size}")
    if old_size == new_size:
        if proof or old_root != new_root:
            return failed(CONSISTENCY_CHECK, Code.TRAIL_CONSISTENCY, "same size, other root")
        return passed(CONSISTENCY_CHECK)
    if not _are_hashes(old_root, new_root, *proof) or not _connects(
        old_size, old_root, new_size, new_root, tuple(proof)
    ):
        return failed(CONSISTENCY_CHECK, Code.TRAIL_CONSISTENCY, f"proof from {old_size} to {new_size}")
    return passed(CONSISTENCY_CHECK)


def roots_by_consistency(old: int, new: int, proof: Sequence[bytes], *, old_root: bytes) -> tuple[bytes, bytes] | None:
    """Return the two roots that a consistency proof leads to, None for one of another length.

    `old_root` is used only where the proof leaves it out (`old` a power of two). 0 < old < new.
    """
    return _lead(old, new, tuple(proof), old_root) if _are_hashes(old_root, *proof) else None


def _connects(old: int, old_root: bytes, new: int, new_root: bytes, proof: tuple[bytes, ...]) -> bool:
    return _lead(old, new, proof, old_root) == (old_root, new_root)


def _lead(old: int, new: int, proof: tuple[bytes, ...], old_root: bytes) -> tuple[bytes, bytes] | None:
    shift = (old & -old).bit_length() - 1
    inner = ((old - 1) ^ (new - 1)).bit_length() - shift
    border = ((old - 1) >> (inner + shift)).bit_count()
    if old != 1 << shift:
        if not proof:
            return None
        seed, proof = proof[0], proof[1:]
    else:
        seed = old_root
    if len(proof) != inner + border:
        return None
    mask = (old - 1) >> shift
    computed_old = computed_new = seed
    for level, sibling in enumerate(proof):
        if level >= inner or mask >> level & 1:
            computed_old = node_hash(sibling, computed_old)
            computed_new = node_hash(sibling, computed_new)
        else:
            computed_new = node_hash(computed_new, sibling)
    return computed_old, computed_new


def _range_root(start: int, end: int, nodes: NodeSource) -> bytes:
    # `start` is a multiple of a power of two >= end - start: the perfect subtrees inside go from large to small.
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(nodes(level, start >> level))
        start += 1 << level
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    return root


def _are_hashes(*hashes: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in hashes)
