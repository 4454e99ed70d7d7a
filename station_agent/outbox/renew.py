"""Signing anew what was signed while this machine's clock was ahead: the hub has refused it, so nobody else has taken it.

Only the time, the id and, behind it in the lane, the reference to what came before are new; body, officer, acts and letter
are what they were. It happens once the clock is right: the signed time is then still to come.
"""

import logging
import secrets
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope
from hub.protocol.identifiers import Digest, digest_of, new_uuid7
from hub.protocol.instants import format_instant, parse_instant
from hub.signing.envelopes import open_envelope, sign_envelope
from station_agent.agent import Agent
from station_agent.store import outbox
from station_agent.store.envelopes import EnvelopeRow, find_envelope, replace_unsent
from station_agent.store.outbox import OutboxRow

log = logging.getLogger(__name__)


def renewed(agent: Agent, row: OutboxRow, *, now: datetime) -> OutboxRow:
    """Return the item to send: `row`, or what stands in its place when the hub has refused it for its time and that is still
    to come.

    What waits behind it in its lane is signed anew with it, all in one transaction. The refusal matters: a hub that has
    taken these very bytes before, and whose answer was lost, gives their receipt instead.
    """
    if row.sent_at is not None or row.trouble != Code.ENVELOPE_CREATED_AHEAD.value:
        return row
    with agent.store.read() as tx:
        envelope = _envelope(tx, agent, row.envelope)
    if envelope is None or parse_instant(envelope.created) <= now:
        return row
    with agent.store.write() as tx:
        new: dict[Digest, Digest] = {}
        for item in outbox.queued_after(tx, row):
            _sign_anew(tx, agent, item, new, now)
        (first, *_) = outbox.queued_after(tx, row)
    log.warning("signed anew case=%s items=%d", envelope.case, len(new))
    return first


def _sign_anew(tx: Connection, agent: Agent, item: OutboxRow, new: dict[Digest, Digest], now: datetime) -> None:
    old = _envelope(tx, agent, item.envelope)
    stored = find_envelope(tx, item.envelope)
    if old is None or stored is None or item.sent_at is not None:
        return
    previous = old.previous if old.previous is None else new.get(old.previous, old.previous)
    if previous == old.previous and parse_instant(old.created) <= now:
        return
    fresh = msgspec.structs.replace(
        old,
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        created=format_instant(now),
        previous=previous,
    )
    raw = sign_envelope(fresh, signer=agent.signer)
    digest = digest_of(raw)
    replace_unsent(
        tx, item.envelope, EnvelopeRow(digest, fresh.id, fresh.case, stored.kind, False, raw, stored.stored_at)
    )
    outbox.put_in_place(tx, item, digest, now=now)
    new[item.envelope] = digest


def _envelope(tx: Connection, agent: Agent, digest: Digest) -> Envelope | None:
    stored = find_envelope(tx, digest)
    return None if stored is None else open_envelope(stored.raw, certificates=agent.knowledge.find).envelope
