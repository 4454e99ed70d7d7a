"""Hashes of the log's Merkle tree (RFC 6962, 2.1, SHA-256): leaves, nodes, the empty tree. Hashes are 32 raw bytes."""

from hashlib import sha256

HASH_SIZE = 32
_PAIR = 2 * HASH_SIZE
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry: SHA-256 of 0x00 and the entry's raw bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of 0x01, the left and the right hash."""
    return sha256(b"\x01" + left + right).digest()


def level_up(hashes: list[bytes]) -> list[bytes]:
    """Return the parents of neighbouring hashes, left to right; an odd last one has none yet."""
    return [sha256(b"\x01" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes) - 1, 2)]


def subtree_root(raw: bytes) -> bytes:
    """Return the root of a perfect subtree from its hashes at one level, one after the other (a power of two of them)."""
    while len(raw) > HASH_SIZE:
        raw = b"".join([sha256(b"\x01" + raw[i : i + _PAIR]).digest() for i in range(0, len(raw), _PAIR)])
    return raw
