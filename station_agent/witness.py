"""This station as a witness of the hub's trail: it cosigns each tree that adds to the last one it has cosigned.

The state is stored before anything is signed. Source: C2SP tlog-witness, tlog-cosignature.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.protocol.verdict import failed
from hub.trail.checkpoint import add_signatures
from hub.trail.hashing import EMPTY_ROOT
from hub.trail.lines import encode_base64
from hub.trail.note import NoteSigner, parse_signature_lines
from hub.trail.witness import Rejected, WitnessState, add_checkpoint, parse_add_checkpoint
from hub.trail.witness_key import introduce_witness
from station_agent.agent import Agent
from station_agent.history import INTRODUCED, stand_still
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.engine import Store
from station_agent.store.trail import WitnessRow, swap_witness, witness_row
from station_agent.store.trust import CheckpointRow, remember, setting

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class StoredWitness:
    """The state of one witness key in the agent's store (see `hub.trail.witness.WitnessStore`)."""

    store: Store
    key: str

    def load(self, origin: str) -> WitnessState | None:
        """See `WitnessStore.load`. Raises: Damaged (`station.store_damaged`) when the key's state was lost."""
        with self.store.read() as tx:
            row = witness_row(tx, self.key, origin)
        if row is None:
            raise Damaged(Code.AGENT_STORE_DAMAGED, detail="witness state")
        return WitnessState(row.origin, row.size, bytes.fromhex(row.root), row.note.encode()) if row.size else None

    def swap(self, before: WitnessState | None, after: WitnessState) -> bool:
        """See `WitnessStore.swap`."""
        old = WitnessState(after.origin, 0, EMPTY_ROOT, b"") if before is None else before
        with self.store.write() as tx:
            return swap_witness(tx, self._row(old), self._row(after))

    def _row(self, state: WitnessState) -> WitnessRow:
        return WitnessRow(self.key, state.origin, state.size, state.root.hex(), state.checkpoint.decode())


async def cosign(agent: Agent, client: HubClient, *, clock: Clock) -> bool:
    """Cosign what the hub offers, if it is new, and say whether it was. Raises: Unavailable, Refused, Damaged.

    The caller has made sure that the hub's history is the one seen before (`require_one_history`).
    """
    signer = await asyncio.to_thread(agent.witness)
    await _introduce(agent, client, signer, clock)
    store, origin = StoredWitness(agent.store, signer.key.text), agent.log_key.name
    state = store.load(origin)
    raw = await client.offer(old=0 if state is None else state.size)
    if raw is None:
        return False
    answer = await asyncio.to_thread(
        add_checkpoint, raw, store=store, logs={origin: (agent.log_key,)}, signer=signer, at=clock()
    )
    if answer.rejected is not None:
        await _refuse(agent, client, raw, state, answer.rejected, clock())
    note = parse_add_checkpoint(raw).signed.raw
    await client.cosigned(add_signatures(note, parse_signature_lines(answer.body)))
    return True


async def _refuse(
    agent: Agent, client: HubClient, raw: bytes, state: WitnessState | None, rejected: Rejected, now: datetime
) -> NoReturn:
    log.error("not cosigned code=%s detail=%s", rejected.code.value, rejected.detail)
    if rejected.code in (Code.TRAIL_CONSISTENCY, Code.TRAIL_ROLLBACK) and state is not None:
        request = parse_add_checkpoint(raw)
        seen = CheckpointRow(state.origin, state.size, state.root.hex(), state.checkpoint.decode(), "")
        check = failed("trail.consistency", rejected.code)
        proof = tuple(map(encode_base64, request.proof))
        await stand_still(agent, client, check, seen, request.signed, proof, now=now)
    raise Refused(Code.WITNESS_FORM, detail=f"{rejected.code.value} {rejected.detail}")


async def _introduce(agent: Agent, client: HubClient, signer: NoteSigner, clock: Clock) -> None:
    mark = f"{INTRODUCED}{agent.settings.hub} {signer.key.text}"
    with agent.store.read() as tx:
        if setting(tx, mark) is not None:
            return
    raw = introduce_witness(signer.key, station=agent.station, at=clock(), signer=agent.signer)
    try:
        await client.introduce_witness(raw)
    except HubRefusal as refusal:
        log.warning("witness key not published code=%s", refusal.problem.code)
        raise
    with agent.store.write() as tx:
        remember(tx, mark, "yes")
