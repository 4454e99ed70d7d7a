"""Keeping step with the hub's trail: its history checked, its keys learnt, trees cosigned, proofs fetched for what was received.

Whatever of it an older hub does not know is left out; the rest goes on.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.verdict import Result
from hub.protocol.witness import LeafProofs
from hub.signing.receipts import open_receipt
from hub.trail.checkpoint import open_checkpoint
from hub.trail.hashing import leaf_hash
from hub.trail.keys import TrustedKeys, open_trail_keys
from hub.trail.lines import parse_hash
from hub.trail.position import StandingLeaf, parse_position
from hub.trail.proofs import check_inclusion
from hub.trail.tlog_proof import TlogProof, encode_tlog_proof
from station_agent.agent import Agent
from station_agent.events import send_events
from station_agent.history import require_one_history
from station_agent.hub_client import HubClient
from station_agent.store.trail import (
    LeafProofRow,
    add_trail_keys,
    put_leaf_proof,
    receipts_without_proof,
    trail_keys_taken,
)
from station_agent.witness import cosign

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
AT_ONCE = 100


async def keep_step(agent: Agent, client: HubClient, *, clock: Clock) -> None:
    """Do all of it once. Raises: Unavailable (also `hub.rolled_back`); a refusal of one part is logged and the rest done."""
    await require_one_history(agent, client, clock=clock)
    for part in (_learn_keys, send_events, cosign, fetch_proofs):
        try:
            await part(agent, client, clock=clock)
        except Refused as error:
            log.warning("trail part=%s code=%s detail=%s", part.__name__, error.code.value, error.detail)


def lacks_proofs(agent: Agent) -> bool:
    """Whether something received or sent has no proof yet against a cosigned tree."""
    with agent.store.read() as tx:
        return bool(receipts_without_proof(tx, 1))


def trusted_keys(agent: Agent) -> tuple[TrustedKeys, ...]:
    """Return the statements of the trail's keys that this agent's roots vouch for, oldest first."""
    with agent.store.read() as tx:
        raws = trail_keys_taken(tx)
    return tuple(open_trail_keys(raw, trust=agent.knowledge.trust()) for raw in raws)


async def _learn_keys(agent: Agent, client: HubClient, *, clock: Clock) -> None:
    with agent.store.read() as tx:
        known = set(trail_keys_taken(tx))
    for text in (await client.trail_keys()).statements:
        raw = text.encode()
        if raw in known:
            continue
        keys = open_trail_keys(raw, trust=agent.knowledge.trust())
        if agent.log_key not in keys.log_keys:
            raise Refused(Code.TRAIL_KEYS_FORM, detail="of another log")
        with agent.store.write() as tx:
            add_trail_keys(tx, number=keys.stated.number, raw=raw, now=clock())
        log.info("trail keys learnt number=%d", keys.stated.number)


async def fetch_proofs(agent: Agent, client: HubClient, *, clock: Clock) -> int:
    """Fetch the proofs that are lacking, as far as the trail is cosigned; return how many came. Raises: Unavailable, Refused."""
    del clock
    with agent.store.read() as tx:
        lacking = list(_lacking(agent, tx))
    if not lacking:
        return 0
    answer = await client.proofs([one.leaf.index for one in lacking])
    rows = await asyncio.to_thread(lambda: list(_verified(agent, answer, lacking)))
    with agent.store.write() as tx:
        for row in rows:
            put_leaf_proof(tx, row)
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Lacking:
    receipt: Digest
    leaf: StandingLeaf


def _lacking(agent: Agent, tx: Connection) -> Iterator[_Lacking]:
    for digest, raw in receipts_without_proof(tx, AT_ONCE):
        receipt = open_receipt(raw, certificates=agent.knowledge.find).receipt
        if receipt.trail is not None:
            yield _Lacking(digest, parse_position(receipt.trail))


def _verified(agent: Agent, answer: LeafProofs, lacking: list[_Lacking]) -> Iterator[LeafProofRow]:
    key = agent.log_key
    signed = open_checkpoint(answer.checkpoint.encode(), origin=key.name, log_keys=(key,))
    size, root = signed.checkpoint.size, signed.checkpoint.root
    paths = {
        one.index: tuple(parse_hash(line, code=Code.TRAIL_PROOF_FORM) for line in one.proof) for one in answer.proofs
    }
    for one in lacking:
        path = paths.get(one.leaf.index)
        if path is None:
            continue
        leaf = leaf_hash(one.leaf.raw_record)
        stands = check_inclusion(leaf, index=one.leaf.index, size=size, proof=path, root=root)
        if stands.result is Result.PASSED:
            proof = encode_tlog_proof(TlogProof(one.leaf.index, path, signed.raw))
            yield LeafProofRow(one.receipt, size, proof)
        else:
            # Acknowledged before a declared restore and lost by it: another receipt has come, or will.
            log.warning("leaf is not in the trail index=%d", one.leaf.index)
            yield LeafProofRow(one.receipt, 0, b"")
