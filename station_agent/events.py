"""What happens here goes into the trail: signed with the act in one transaction, sent when the hub can be reached.

Until the hub has logged it and the proof of that is verified, it shows as not in the trail yet.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.station_event import MAX_EVENTS, StationEvent, StationEventKind
from hub.signing.station_events import sign_station_event
from hub.trail.position import check_position
from station_agent.agent import Agent
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.trail import (
    TrailEventRow,
    add_trail_event,
    note_logged,
    note_trouble,
    trail_events_waiting,
)

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
# The hub does not know such events yet: they wait for its upgrade.
TOO_OLD = frozenset({Code.REQUEST_NOT_FOUND.value, Code.REQUEST_METHOD.value})


def note_event(
    tx: Connection, agent: Agent, event: StationEventKind, *, case: CaseId, subject: Digest, now: datetime
) -> Digest:
    """Sign and queue an event for the trail, in the caller's transaction; return its digest."""
    stated = StationEvent(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        event=event,
        station=agent.station,
        case=case,
        subject=subject,
        at=format_instant(now),
    )
    raw = sign_station_event(stated, signer=agent.signer)
    add_trail_event(tx, TrailEventRow(digest_of(raw), case, event.value, stated.at, raw))
    return digest_of(raw)


def events_wait(agent: Agent) -> bool:
    """Whether something is to be sent to the trail."""
    with agent.store.read() as tx:
        return bool(trail_events_waiting(tx, 1))


async def send_events(agent: Agent, client: HubClient, *, clock: Clock) -> int:
    """Hand in everything that waits, oldest first; return how much was logged. Raises: Unavailable, HubRefusal."""
    del clock
    logged = 0
    while True:
        with agent.store.read() as tx:
            rows = trail_events_waiting(tx, MAX_EVENTS)
        if not rows:
            return logged
        try:
            logged += await _send(agent, client, rows)
        except HubRefusal as refusal:
            if refusal.problem.code in TOO_OLD:
                raise
            # One of them is refused: find it, and let the others through.
            for row in rows:
                logged += await _send_one(agent, client, row)


async def _send_one(agent: Agent, client: HubClient, row: TrailEventRow) -> int:
    try:
        return await _send(agent, client, (row,))
    except HubRefusal as refusal:
        log.error("event refused digest=%s code=%s", row.digest, refusal.problem.code)
        with agent.store.write() as tx:
            note_trouble(tx, row.digest, refusal.problem.code)
        return 0


async def _send(agent: Agent, client: HubClient, rows: Sequence[TrailEventRow]) -> int:
    answer = await client.log_events([row.raw for row in rows])
    if len(answer.positions) != len(rows):
        raise Refused(Code.TRAIL_PROOF_FORM, detail=f"{len(answer.positions)} positions of {len(rows)}")
    key = agent.log_key
    for row, position in zip(rows, answer.positions, strict=True):
        check_position(position, digest=row.digest, origin=key.name, log_keys=(key,)).require()
    with agent.store.write() as tx:
        for row, position in zip(rows, answer.positions, strict=True):
            note_logged(tx, row.digest, leaf=position.index, position=msgspec.json.encode(position))
    return len(rows)
