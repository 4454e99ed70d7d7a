"""The outbox's rounds: what is due goes out in order; a refusal stays with its problem and holds up only its case."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Damaged, Refused, Unavailable
from hub.protocol.identifiers import Digest
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.verdict import NotVerified
from hub.signing.envelopes import SignedEnvelope, open_envelope
from hub.signing.receipts import SignedReceipt, open_receipt
from hub.trail.position import parse_position
from station_agent.agent import Agent
from station_agent.certificates import ensure_named, publish_own
from station_agent.history import note_two_roots
from station_agent.hub_client import LONGEST_WAIT_S, HubClient, HubRefusal, Throttled
from station_agent.lateness import is_late
from station_agent.outbox.renew import renewed
from station_agent.outbox.upload import upload_attachments
from station_agent.receipts import check_receipt_for, checkpoint_of
from station_agent.store import outbox
from station_agent.store.cases import require_case, save_case
from station_agent.store.envelopes import ReceiptRow, add_receipts, find_envelope
from station_agent.store.outbox import OutboxRow
from station_agent.store.restores import last_restore_at
from station_agent.store.trust import add_checkpoints, find_checkpoint

log = logging.getLogger(__name__)
FIRST_PAUSE_S = 1.0
# Refused only for now: the hub's own revocation list is too old to let it decide.
# What a hub says that has not yet been sent again, by whichever station, what it lost by a restore; and how long that may last.
LACKING = frozenset({code.value for code in (Code.CASE_UNKNOWN, Code.ENVELOPE_PREVIOUS, Code.HANDOVER_UNKNOWN)})
REFILL = timedelta(days=30)
# The clock was ahead when it was signed: it waits, is shown with its remedy, and is signed anew once the clock is right.
PASSING_REFUSALS = frozenset({Code.STATUS_LIST_TOO_OLD.value, Code.ENVELOPE_CREATED_AHEAD.value})


async def send_due(agent: Agent, client: HubClient, *, clock: Callable[[], datetime]) -> int:
    """Send everything that is due, lane by lane in order, and return how many receipts were stored.

    Raises: Unavailable when the hub cannot be reached; what was not sent stays queued.
    """
    sent = 0
    while True:
        with agent.store.read() as tx:
            rows = outbox.due(tx, now=clock(), longest_pause=_longest_pause(agent))
        if not rows:
            return sent
        for row in rows:
            sent += await _try(agent, client, row, clock)


async def _try(agent: Agent, client: HubClient, row: OutboxRow, clock: Callable[[], datetime]) -> bool:
    try:
        row = await asyncio.to_thread(renewed, agent, row, now=clock())
        await _send(agent, client, row, clock)
    except HubRefusal as refusal:
        if refusal.problem.code in PASSING_REFUSALS or _comes_later(agent, row, refusal.problem.code, clock()):
            _postpone(agent, row, refusal.problem.code, clock())
        else:
            log.error("outbox refused seq=%d code=%s", row.seq, refusal.problem.code)
            with agent.store.write() as tx:
                outbox.mark_refused(tx, row, trouble=refusal.problem.code, problem=refusal.raw)
        return False
    except Throttled as error:
        _postpone(agent, row, error.code.value, clock(), at_least_s=error.seconds)
        raise
    except Unavailable as error:
        _postpone(agent, row, error.code.value, clock(), away=True)
        raise
    except (Refused, Damaged) as error:
        # A receipt that does not verify, or a file of ours that is gone: shown, and tried again later, never given up.
        log.error("outbox not sent seq=%d code=%s", row.seq, error.code.value)
        _postpone(agent, row, error.code.value, clock())
        return False
    return True


def _comes_later(agent: Agent, row: OutboxRow, code: str, now: datetime) -> bool:
    """Whether a refusal only means that a restored hub still lacks what comes before: from here, or from another station."""
    if row.sent_at is not None:
        return True  # it was accepted once, and the hub has lost it
    with agent.store.read() as tx:
        restored = last_restore_at(tx)
    return code in LACKING and restored is not None and now - parse_instant(restored) < REFILL


async def _send(agent: Agent, client: HubClient, row: OutboxRow, clock: Callable[[], datetime]) -> None:
    with agent.store.read() as tx:
        stored = find_envelope(tx, row.envelope)
    if stored is None:
        raise Damaged(Code.BLOB_MISSING, detail=row.envelope)
    signed = open_envelope(stored.raw, certificates=agent.knowledge.find)
    if any(attachment.role is Role.ACT for attachment in signed.envelope.attachments):
        # Before the acts: the receiver asks for their officers' certificates once, when the envelope arrives.
        await publish_own(agent, client)
    await upload_attachments(agent, client, signed.envelope)
    raw = await client.submit(stored.raw)
    await ensure_named(agent, client, [raw])
    receipt = open_receipt(raw, certificates=agent.knowledge.find)
    try:
        _require_good(agent, signed, receipt, clock())
    except NotVerified:
        await asyncio.to_thread(note_two_roots, agent, raw, now=clock())
        raise
    now = clock()
    found = checkpoint_of(receipt, seen_at=format_instant(now))
    about = ReceiptRow(receipt.digest, signed.digest, receipt.receipt.time, raw)
    # Only now is it sent: a crash before this commit sends the same bytes again and gets the same receipt.
    with agent.store.write() as tx:
        add_receipts(tx, (about,))
        add_checkpoints(tx, () if found is None else (found,))
        outbox.mark_sent(tx, row, now=now)
        if signed.envelope.kind is Kind.INQUIRY:
            _judge_by_receipt(tx, agent, signed, receipt, now)
    log.info("outbox sent seq=%d case=%s kind=%s", row.seq, signed.envelope.case, signed.envelope.kind.value)


def _judge_by_receipt(
    tx: Connection, agent: Agent, signed: SignedEnvelope, receipt: SignedReceipt, now: datetime
) -> None:
    # In time or late is said by the hub's clock; what the desk thought when it sent was this station's.
    case = require_case(tx, signed.envelope.case)
    late = is_late(tx, agent, signed, sent_at=parse_instant(receipt.receipt.time))
    if late != case.late:
        save_case(tx, replace(case, late=late), now=now)


def _require_good(agent: Agent, signed: SignedEnvelope, receipt: SignedReceipt, now: datetime) -> None:
    is_handover = signed.envelope.kind is Kind.HANDOVER
    about = Digest(str(signed.envelope.body["received"])) if is_handover else signed.digest
    key = agent.log_key
    with agent.store.read() as tx:
        size = parse_position(receipt.receipt.trail).signed.checkpoint.size if receipt.receipt.trail else 0
        seen = find_checkpoint(tx, key.name, size)
    check_receipt_for(
        receipt,
        envelope=about,
        handover=signed.digest if is_handover else None,
        trust=agent.knowledge.trust(),
        log_key=key,
        seen=seen,
        now=now,
    ).require()


def _postpone(
    agent: Agent, row: OutboxRow, trouble: str, now: datetime, *, at_least_s: int = 0, away: bool = False
) -> None:
    pause = min(FIRST_PAUSE_S * 2 ** min(row.attempts, 10), agent.settings.limits.longest_pause_s)
    until = now + timedelta(seconds=max(pause, at_least_s))
    with agent.store.write() as tx:
        outbox.postpone(tx, row, until=until, trouble=trouble, away_at=now if away else None)


def _longest_pause(agent: Agent) -> timedelta:
    return timedelta(seconds=max(agent.settings.limits.longest_pause_s, LONGEST_WAIT_S))
