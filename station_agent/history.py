"""Has the hub's trail only grown since this station last saw it? Asked after every sign-in, before anything else.

A trail that got shorter or tells another story stops exchange and gate, and what it showed is kept as proof. Only a signed
statement that an older backup was restored ends that: then what was acknowledged behind it is sent again. A trail that is
whole again, with everything it had before, ends it too; two histories that are proved never.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

import msgspec
from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.exchange import TrailGrowth
from hub.protocol.identifiers import Digest
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Check, Result
from hub.signing.jws import stated_payload
from hub.signing.receipts import open_receipt
from hub.signing.restores import SignedRestore, check_restore, open_restore, signatures_in
from hub.trail.checkpoint import Checkpoint, SignedCheckpoint, check_growth, open_checkpoint, parse_checkpoint
from hub.trail.fork import check_fork_proof, make_fork_proof
from hub.trail.hashing import EMPTY_ROOT
from hub.trail.lines import parse_hash
from station_agent.agent import Agent
from station_agent.certificates import PUBLISHED, ensure_named
from station_agent.hub_client import HubClient
from station_agent.misbehaviour import keep_proof
from station_agent.seal_states import has_administrators
from station_agent.store.envelopes import receipts_for
from station_agent.store.outbox import SENT, outbox_rows, send_again
from station_agent.store.restores import forget_settings, last_restore, take_restore
from station_agent.store.trail import keep_misbehaviour, log_again_from, rewind_witnesses
from station_agent.store.trust import (
    CheckpointRow,
    add_checkpoints,
    find_checkpoint,
    newest_checkpoint,
    remember,
    setting,
)

log = logging.getLogger(__name__)
ROLLBACK = "rollback"
FORK = "fork"
RESTORED = "restored"
ERASURES = "erasures"
INTRODUCED = "witness "
Clock = Callable[[], datetime]


def standstill(tx: Connection) -> Unavailable | None:
    """Return why nothing may be acted on now: the hub's trail went back, or this agent, restored, lacks what was since."""
    if (found := setting(tx, FORK) or setting(tx, ROLLBACK)) is not None:
        return Unavailable(Code.HUB_ROLLED_BACK, values=json.loads(found))
    return Unavailable(Code.CATCHING_UP) if setting(tx, RESTORED) is not None else None


def require_numbers_known(tx: Connection) -> None:
    """Raises: Unavailable (`station.numbers_unknown`) before a new machine has learnt which numbers its station has used.

    One restored from a backup leaves a range out instead, and may go on without the hub.
    """
    if not are_numbers_known(tx):
        raise Unavailable(Code.NUMBERS_UNKNOWN)


def are_numbers_known(tx: Connection) -> bool:
    """Whether this machine knows which numbers its station has used: a new one does once it has caught up."""
    marker = setting(tx, RESTORED)
    return marker is None or not json.loads(marker).get("new", False)


async def require_one_history(agent: Agent, client: HubClient, *, clock: Clock) -> None:
    """Return when the hub's trail adds to what was seen here, or a restore was declared and taken.

    Raises: Unavailable (`hub.rolled_back`); nothing is to be sent or fetched then, and the gate stays shut.
    """
    key = agent.log_key
    with agent.store.read() as tx:
        # Before the question: what is received meanwhile may be newer than its answer.
        seen, taken = newest_checkpoint(tx, key.name), last_restore(tx)
    growth = await client.growth(since=seen.size if seen else 0)
    statements = await _statements(agent, client, growth, after=taken, now=clock())
    if statements:
        await asyncio.to_thread(_take, agent, statements, clock())
        with agent.store.read() as tx:
            seen = newest_checkpoint(tx, key.name)
        growth = await client.growth(since=seen.size if seen else 0)
    newest = open_checkpoint(growth.checkpoint.encode(), origin=key.name, log_keys=(key,))
    check = _check(seen, newest, growth)
    if check.result is not Result.PASSED:
        await stand_still(agent, client, check, seen, newest, growth.proof, now=clock())
    with agent.store.write() as tx:
        if (proved := setting(tx, FORK)) is not None:
            raise Unavailable(Code.HUB_ROLLED_BACK, detail=FORK, values=json.loads(proved))
        forget_settings(tx, ROLLBACK)
        add_checkpoints(tx, (_row(newest, clock()),))


def _check(seen: CheckpointRow | None, newest: SignedCheckpoint, growth: TrailGrowth) -> Check:
    key = newest.checkpoint.origin
    old = Checkpoint(key, 0, EMPTY_ROOT) if seen is None else Checkpoint(key, seen.size, bytes.fromhex(seen.root))
    proof = tuple(parse_hash(line, code=Code.TRAIL_PROOF_FORM) for line in growth.proof)
    return check_growth(old, newest.checkpoint, proof)


async def stand_still(
    agent: Agent,
    client: HubClient,
    check: Check,
    seen: CheckpointRow | None,
    shown: SignedCheckpoint,
    proof: tuple[str, ...],
    *,
    now: datetime,
) -> NoReturn:
    """Keep the proof and stop: nothing is sent, fetched or acted on until this is explained. Raises: Unavailable, always."""
    values = {"size": shown.checkpoint.size, "seen": seen.size if seen else 0}
    log.error("trail went back size=%d seen=%d cause=%s", values["size"], values["seen"], check.cause)
    with agent.store.write() as tx:
        # First of all: what follows asks the hub again, and may break off.
        remember(tx, ROLLBACK, json.dumps(values))
    if seen is not None and await keep_proof(agent, client, seen, shown, proof, now=now):
        with agent.store.write() as tx:
            remember(tx, FORK, json.dumps(values))
    cause = None if check.cause is None else check.cause.value
    raise Unavailable(Code.HUB_ROLLED_BACK, detail=cause, values=values)


def note_two_roots(agent: Agent, raw: bytes, *, now: datetime) -> None:
    """Keep the proof and stop when the hub's receipt `raw` shows another root for a tree of a size that was seen before: two
    signed checkpoints of one size are a proof by themselves."""
    key = agent.log_key
    try:
        trail = open_receipt(raw, certificates=agent.knowledge.find).receipt.trail
        if trail is None:
            return
        shown = open_checkpoint(trail.checkpoint.encode(), origin=key.name, log_keys=(key,))
    except Refused:
        return  # not the log's word
    size = shown.checkpoint.size
    with agent.store.read() as tx:
        seen = find_checkpoint(tx, key.name, size)
    if seen is None or seen.root == shown.checkpoint.root.hex():
        return
    proof = make_fork_proof(seen.note.encode(), shown.raw)
    if not check_fork_proof(proof, key=key).passed:
        return
    values = json.dumps({"size": size, "seen": size})
    with agent.store.write() as tx:
        digest = keep_misbehaviour(tx, proof, now=now)
        remember(tx, ROLLBACK, values)
        remember(tx, FORK, values)
    log.error("two roots in a receipt size=%d proof=%s", size, digest)


async def _statements(
    agent: Agent, client: HubClient, growth: TrailGrowth, *, after: int, now: datetime
) -> list[SignedRestore]:
    """Return the hub's statements that were not taken yet and that hold, oldest first."""
    raws = [text.encode() for text in growth.restores]
    if not raws:
        return []
    await ensure_named(agent, client, [*raws, *(inner for raw in raws for inner in signatures_in(raw))])
    found = []
    for raw in raws:
        try:
            signed = open_restore(raw, certificates=agent.knowledge.find)
            if signed.statement.number <= after:
                continue
            await _learn_crl(agent, client, now)
            _require_good(agent, signed, now)
        except Refused as error:
            # Without it the trail is judged as it stands.
            log.error("restore statement not taken code=%s detail=%s", error.code.value, error.detail)
            continue
        found.append(signed)
    return sorted(found, key=lambda signed: signed.statement.number)


async def _learn_crl(agent: Agent, client: HubClient, now: datetime) -> None:
    # After an outage the list kept here may be too old to judge the hub's certificate by.
    try:
        await asyncio.to_thread(agent.knowledge.learn_crl, await client.crl(), now=now)
    except Refused as error:
        log.error("crl not taken code=%s", error.code.value)


def _require_good(agent: Agent, signed: SignedRestore, now: datetime) -> None:
    with agent.store.read() as tx:
        two_people = has_administrators(tx, agent)
    check_restore(signed, trust=agent.knowledge.trust(), now=now, two_people=two_people).require()
    statement, key = signed.statement, agent.log_key
    if statement.origin != key.name:
        raise Refused(Code.RESTORE_STATEMENT, detail=f"of {statement.origin}")
    kept = open_checkpoint(statement.checkpoint.encode(), origin=key.name, log_keys=(key,)).checkpoint
    with agent.store.read() as tx:
        seen = find_checkpoint(tx, key.name, statement.size)
    # A backup holds a tree that was once the hub's own: another tree of that size is no backup but another history.
    if kept.size != statement.size or (seen is not None and seen.root != kept.root.hex()):
        raise Refused(Code.RESTORE_STATEMENT, detail=f"another tree of {statement.size} leaves")


def _take(agent: Agent, statements: list[SignedRestore], now: datetime) -> None:
    with agent.store.write() as tx:
        for signed in statements:
            statement = signed.statement
            take_restore(
                tx, number=statement.number, origin=statement.origin, size=statement.size, raw=signed.raw, now=now
            )
            anchor = parse_checkpoint(statement.checkpoint.encode()).checkpoint
            note, origin = statement.checkpoint, statement.origin
            rewind_witnesses(tx, origin, size=anchor.size, root=anchor.root.hex(), note=note)
            log_again_from(tx, statement.size)
            lost = [row for row in outbox_rows(tx, SENT) if _is_behind(tx, row.envelope, statement.size)]
            for row in lost:
                send_again(tx, row, now=now)
            log.warning("hub restored number=%d size=%d sent_again=%d", statement.number, statement.size, len(lost))
        # Certificates and witness keys registered since the backup are gone there as well.
        forget_settings(tx, FORK, ROLLBACK, ERASURES, prefix=PUBLISHED)
        forget_settings(tx, prefix=INTRODUCED)


class _Trail(msgspec.Struct, frozen=True):
    index: int


class _Placed(msgspec.Struct, frozen=True):
    """Of a receipt that was verified when it came, the place of its leaf."""

    trail: _Trail


def _is_behind(tx: Connection, envelope: Digest, size: int) -> bool:
    """Whether the newest acknowledgement of `envelope` stood behind the tree of `size` leaves: the hub has lost it."""
    receipts = receipts_for(tx, envelope)
    if not receipts:
        return True  # to send once too often does no harm: the hub knows it by its digest
    return msgspec.json.decode(stated_payload(receipts[-1].raw), type=_Placed).trail.index >= size


def _row(signed: SignedCheckpoint, now: datetime) -> CheckpointRow:
    found = signed.checkpoint
    return CheckpointRow(found.origin, found.size, found.root.hex(), signed.raw.decode(), format_instant(now))
