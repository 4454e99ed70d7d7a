"""Keeping step with the hub's trail: its history checked, its keys learnt, trees cosigned, proofs fetched for what was received.

Whatever of it an older hub does not know is left out; the rest goes on.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.verdict import Result
from hub.protocol.witness import LeafProofs
from hub.signing.receipts import open_receipt
from hub.trail.checkpoint import open_checkpoint, parse_checkpoint
from hub.trail.evidence.stamps import check_stamp
from hub.trail.hashing import leaf_hash
from hub.trail.keys import TrustedKeys, open_trail_keys
from hub.trail.lines import parse_base64, parse_hash
from hub.trail.position import StandingLeaf, parse_position
from hub.trail.proofs import check_inclusion
from hub.trail.tlog_proof import TlogProof, encode_tlog_proof
from station_agent.agent import Agent
from station_agent.events import send_events
from station_agent.evidence import write_version
from station_agent.history import require_one_history
from station_agent.hub_client import HubClient
from station_agent.store.cases import require_case
from station_agent.store.gates import evidence_of
from station_agent.store.trail import (
    LeafProofRow,
    add_trail_keys,
    cases_of_receipts,
    proofs_without_stamp,
    put_leaf_proof,
    put_time_stamp,
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
    for part in (_learn_keys, send_events, cosign, fetch_proofs, fetch_stamps):
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
        lacking = list(_placed(agent, receipts_without_proof(tx, AT_ONCE)))
    if not lacking:
        return 0
    answer = await client.proofs([one.leaf.index for one in lacking])
    rows = await asyncio.to_thread(lambda: list(_verified(agent, answer, lacking)))
    with agent.store.write() as tx:
        for row in rows:
            put_leaf_proof(tx, row)
    return len(rows)


async def fetch_stamps(agent: Agent, client: HubClient, *, clock: Clock) -> int:
    """Fetch the time-stamps that have come for what is proved already, and write the evidence files concerned anew; return for
    how many receipts. Only where the keys' statement names an authority. Raises: Unavailable, Refused."""
    statements = trusted_keys(agent)
    with agent.store.read() as tx:
        rows = proofs_without_stamp(tx, AT_ONCE) if any(keys.authorities for keys in statements) else ()
        lacking = list(_placed(agent, rows))
    if not lacking:
        return 0
    answer = await client.proofs([one.leaf.index for one in lacking])
    if answer.time_stamp is None:
        return 0
    token = parse_base64(answer.time_stamp, code=Code.TIME_STAMP_INVALID)
    text = parse_checkpoint(answer.checkpoint.encode()).note.text
    check = check_stamp(token, text, statements)
    if check.result is Result.FAILED:
        raise Refused(Code.TIME_STAMP_INVALID, detail=check.detail)
    proofs = await asyncio.to_thread(lambda: [row for row in _verified(agent, answer, lacking) if row.raw])
    with agent.store.write() as tx:
        for row in proofs:
            put_leaf_proof(tx, row)
            put_time_stamp(tx, row.size, token)
        cases = cases_of_receipts(tx, (row.receipt for row in proofs))
    await asyncio.to_thread(_write_anew, agent, cases, clock())
    return len(proofs)


def _write_anew(agent: Agent, cases: Iterable[CaseId], now: datetime) -> None:
    """Write the next version of every closed case that has an evidence file: the stamp completes it, the old one stays."""
    for case in cases:
        with agent.store.read() as tx:
            due = bool(evidence_of(tx, case)) and require_case(tx, case).state == "closed"
        if due:
            write_version(agent, case, now=now)


@dataclass(frozen=True, slots=True)
class _Lacking:
    receipt: Digest
    leaf: StandingLeaf


def _placed(agent: Agent, rows: Iterable[tuple[Digest, bytes]]) -> Iterator[_Lacking]:
    for digest, raw in rows:
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
