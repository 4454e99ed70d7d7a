"""Keeping the proof when the hub's trail tells another story than before: a file that anybody with the log's key can check."""

import logging
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.trail.checkpoint import SignedCheckpoint
from hub.trail.fork import check_fork_proof, make_fork_proof
from hub.trail.hashing import HASH_SIZE, subtree_root
from hub.trail.lines import parse_hash
from hub.trail.proofs import roots_by_consistency
from hub.trail.tiles import TILE_HEIGHT, TILE_WIDTH, Tile
from station_agent.agent import Agent
from station_agent.hub_client import HubClient
from station_agent.store.trail import keep_misbehaviour
from station_agent.store.trust import CheckpointRow

log = logging.getLogger(__name__)


async def keep_proof(
    agent: Agent,
    client: HubClient,
    seen: CheckpointRow,
    shown: SignedCheckpoint,
    proof: tuple[str, ...],
    *,
    now: datetime,
) -> bool:
    """Keep what the hub showed beside what it had shown, and say whether that alone proves two histories.

    `proof`: what it gave as the consistency proof from the one to the other.
    """
    root, hashes = b"", tuple[bytes, ...]()
    if 0 < seen.size < shown.checkpoint.size:
        try:
            hashes = tuple(parse_hash(line, code=Code.TRAIL_PROOF_FORM) for line in proof)
            root = await _other_root(client, seen.size, shown, hashes)
        except HanxunError as error:
            log.warning("no proof of a fork code=%s", error.code.value)
    raw = make_fork_proof(seen.note.encode(), shown.raw, root=root, proof=hashes if root else ())
    with agent.store.write() as tx:
        digest = keep_misbehaviour(tx, raw, now=now)
    proved = check_fork_proof(raw, key=agent.log_key).passed
    log.error("proof kept digest=%s proved=%s", digest, proved)
    return proved


async def _other_root(client: HubClient, old: int, shown: SignedCheckpoint, hashes: tuple[bytes, ...]) -> bytes:
    """Return the root of the first `old` leaves in the tree that the hub shows now, by its own proof."""
    level = old.bit_length() - 1
    seed = b"\x00" * HASH_SIZE
    if old == 1 << level:
        # The proof leaves the root out when it is one node of the tree: that node stands in a tile.
        height = level % TILE_HEIGHT
        width = min(TILE_WIDTH, shown.checkpoint.size >> (level - height))
        tile = await client.tile(Tile(level // TILE_HEIGHT, 0, width).path)
        seed = subtree_root(tile[: HASH_SIZE << height])
    roots = roots_by_consistency(old, shown.checkpoint.size, hashes, old_root=seed)
    if roots is None or roots[1] != shown.checkpoint.root:
        raise Refused(Code.TRAIL_CONSISTENCY, detail="the proof does not lead to the checkpoint")
    return roots[0]
