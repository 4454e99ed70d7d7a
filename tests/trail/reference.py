"""The log's tree by the letter of RFC 6962, 2.1: recursive, slow, and written apart from the code under test."""

from hashlib import sha256


def _split(count: int) -> int:
    k = 1
    while 2 * k < count:
        k *= 2
    return k


def merkle_root(leaf_hashes: list[bytes]) -> bytes:
    """MTH(D[n]) over leaf hashes."""
    if not leaf_hashes:
        return sha256(b"").digest()
    if len(leaf_hashes) == 1:
        return leaf_hashes[0]
    k = _split(len(leaf_hashes))
    return sha256(b"\x01" + merkle_root(leaf_hashes[:k]) + merkle_root(leaf_hashes[k:])).digest()


def path(m: int, leaf_hashes: list[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaf_hashes) == 1:
        return []
    k = _split(len(leaf_hashes))
    if m < k:
        return [*path(m, leaf_hashes[:k]), merkle_root(leaf_hashes[k:])]
    return [*path(m - k, leaf_hashes[k:]), merkle_root(leaf_hashes[:k])]


def proof(m: int, leaf_hashes: list[bytes]) -> list[bytes]:
    """PROOF(m, D[n])."""
    return _subproof(m, leaf_hashes, True)


def _subproof(m: int, leaf_hashes: list[bytes], whole: bool) -> list[bytes]:
    if m == len(leaf_hashes):
        return [] if whole else [merkle_root(leaf_hashes)]
    k = _split(len(leaf_hashes))
    if m <= k:
        return [*_subproof(m, leaf_hashes[:k], whole), merkle_root(leaf_hashes[k:])]
    return [*_subproof(m - k, leaf_hashes[k:], False), merkle_root(leaf_hashes[:k])]
