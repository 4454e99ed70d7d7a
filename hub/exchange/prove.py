"""What the log shows of itself: its newest checkpoint, and where one leaf stands. Read from the data folder, no passphrase."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hub.exchange.witnessing import cosigned_checkpoint, witnessed
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.exchange import TrailGrowth
from hub.protocol.witness import Witnessed
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.restores import restores_declared
from hub.store.trail_log import head_of, tile_reader
from hub.trail.lines import encode_base64
from hub.trail.proofs import consistency_proof, inclusion_proof
from hub.trail.tiles import nodes_from_tiles
from hub.trail.tlog_proof import TlogProof, encode_tlog_proof

T = TypeVar("T")


def newest_checkpoint(data: Path) -> tuple[str, Witnessed]:
    """Return the newest checkpoint, a signed note (C2SP tlog-checkpoint) with the cosignatures it has, and how far the trail is
    cosigned. Raises: Damaged."""
    return _read(data, lambda tx: (cosigned_checkpoint(tx), witnessed(tx)))


def prove_leaf(data: Path, index: int) -> bytes:
    """Return the proof file (C2SP tlog-proof) of leaf `index` against the newest checkpoint.

    Raises: Refused (`trail.no_such_leaf`), Damaged.
    """

    def prove(tx: sa.Connection) -> bytes:
        head = head_of(tx)
        if not 0 <= index < head.size:
            raise Refused(Code.TRAIL_NO_SUCH_LEAF, detail=f"{index} of {head.size}")
        path = inclusion_proof(index, head.size, nodes_from_tiles(tile_reader(tx)))
        return encode_tlog_proof(TlogProof(index, path, head.checkpoint.encode()))

    return _read(data, prove)


def growth_since(tx: sa.Connection, size: int) -> TrailGrowth:
    """Return the newest checkpoint with the proof that it begins with the tree of `size` leaves, and all declared restores.

    There is no proof for an empty tree, nor for one that is larger than the newest: the caller sees the sizes.
    """
    head = head_of(tx)
    path = consistency_proof(size, head.size, nodes_from_tiles(tile_reader(tx))) if 0 < size <= head.size else ()
    return TrailGrowth(
        checkpoint=head.checkpoint,
        proof=tuple(encode_base64(one) for one in path),
        restores=tuple(row.raw.decode() for row in restores_declared(tx)),
    )


def _read(data: Path, question: Callable[[sa.Connection], T]) -> T:
    folder = DataFolder(data)
    require_current(folder.database)
    readers = Readers(folder.database)
    try:
        return readers.read_now(question)
    finally:
        readers.close()
