"""Emptying the mailbox: page by page from the cursor; what does not verify is kept aside and stops nothing."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope, Role
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.exchange import MailboxItem
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import format_instant
from hub.protocol.verdict import NotVerified, Verdict, failed, failures
from station_agent.agent import Agent
from station_agent.certificates import ensure_named
from station_agent.erasures import is_erased_here
from station_agent.history import note_two_roots
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.inbox.file import file_delivery, receipts_from, receipts_json
from station_agent.inbox.verify import Verified, verify_delivery
from station_agent.room import require_room_to_receive
from station_agent.store.deliveries import (
    ERASED,
    QUARANTINED,
    DeliveryRow,
    cursor_of,
    insert_delivery,
    judge_again,
    quarantined,
)
from station_agent.store.erasures import erased_case
from station_agent.store.verdicts import encode_checks

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


async def pull(agent: Agent, client: HubClient, *, clock: Clock) -> int:
    """Fetch, verify and store everything that waits, and return how many deliveries there were.

    Raises: Unavailable when the hub cannot be reached; the cursor stands behind the last delivery stored.
    """
    count = 0
    while True:
        require_room_to_receive(agent, 0)
        with agent.store.read() as tx:
            after = cursor_of(tx)
        page = await client.mailbox(after=after, limit=agent.settings.limits.mailbox_page)
        with agent.store.read() as tx:
            stored = cursor_of(tx)
        # The question may have begun with a sign-in, and that with a restored agent's catching up: what is here is here.
        for item in page.items:
            if item.cursor > stored:
                await take(agent, client, item, clock)
                count += 1
        if not page.more:
            return count


async def judge_quarantined(agent: Agent, client: HubClient, *, clock: Clock) -> int:
    """Look again at what did not verify (a revocation list or certificate may have come since); return how many do now."""
    with agent.store.read() as tx:
        rows = quarantined(tx)
    healed = 0
    for row in rows:
        receipts = receipts_from(row.receipts)
        try:
            verified = await _verify(agent, client, row.envelope, receipts, clock)
            with agent.store.write() as tx:
                state, verdict = file_delivery(tx, agent, verified, now=clock())
                judge_again(tx, row.cursor, state=state, checks=encode_checks(verdict.checks))
        except NotVerified as error:
            with agent.store.write() as tx:
                judge_again(tx, row.cursor, state=QUARANTINED, checks=encode_checks(error.verdict.checks))
        except HanxunError:
            raise
        except Exception:
            log.exception("delivery fault cursor=%d", row.cursor)
        else:
            healed += 1
    return healed


async def take(agent: Agent, client: HubClient, item: MailboxItem, clock: Clock) -> None:
    """Verify and store one delivery, or put it aside; its cursor is then behind this station. Raises: Unavailable, Damaged."""
    envelope = None if item.envelope is None else item.envelope.encode("utf-8", "replace")
    receipts = tuple(receipt.encode("utf-8", "replace") for receipt in item.receipts)
    if is_erased_here(agent, envelope):
        # It was on its way when the case was erased: nothing of it is kept but that it came.
        with agent.store.write() as tx:
            insert_delivery(tx, _row(item.cursor, ERASED, None, (), Verdict(()), clock()))
        log.info("delivery of an erased case cursor=%d", item.cursor)
        return
    try:
        verified = await _verify(agent, client, envelope, receipts, clock)
        with agent.store.write() as tx:
            _require_not_erased(tx, verified)
            state, verdict = file_delivery(tx, agent, verified, now=clock())
            # The cursor moves in this transaction: a crash before it fetches the same delivery again.
            insert_delivery(tx, _row(item.cursor, state, envelope, receipts, verdict, clock()))
    except NotVerified as error:
        verdict = error.verdict
        for raw in receipts[:1]:
            await asyncio.to_thread(note_two_roots, agent, raw, now=clock())
    except _ErasedMeanwhile:
        await take(agent, client, item, clock)
        return
    except HanxunError:
        raise
    except Exception as error:
        log.exception("delivery fault cursor=%d", item.cursor)
        verdict = Verdict((failed("delivery.open", Code.DELIVERY_FAULT, type(error).__name__),))
    else:
        log.info("delivery %s cursor=%d case=%s", state, item.cursor, verified.signed.envelope.case)
        return
    log.error("delivery quarantined cursor=%d", item.cursor)
    with agent.store.write() as tx:
        insert_delivery(tx, _row(item.cursor, QUARANTINED, envelope, receipts, verdict, clock()))


class _ErasedMeanwhile(Refused):
    """The case was erased here while the delivery was being verified."""


def _require_not_erased(tx: Connection, verified: Verified) -> None:
    if erased_case(tx, verified.signed.envelope.case) is not None:
        raise _ErasedMeanwhile(Code.CASE_ERASED, detail=verified.signed.envelope.case)


async def _verify(
    agent: Agent, client: HubClient, envelope: bytes | None, receipts: tuple[bytes, ...], clock: Clock
) -> Verified:
    await ensure_named(agent, client, (*receipts, *(() if envelope is None else (envelope,))))
    verified = await asyncio.to_thread(verify_delivery, agent, envelope, receipts, now=clock())
    await _fetch_attachments(agent, client, verified)
    return verified


async def _fetch_attachments(agent: Agent, client: HubClient, verified: Verified) -> None:
    envelope = verified.signed.envelope
    try:
        for attachment in envelope.attachments:
            await fetch(agent, client, attachment.digest, size=attachment.size)
    except Refused as error:
        cause = Refused(Code.FILE_NOT_HERE, detail=error.detail) if isinstance(error, HubRefusal) else error
        checks = Verdict(failures("delivery.attachments", (cause,)))
        raise NotVerified(verified.verdict + checks) from error
    await ensure_named(agent, client, _acts(agent, envelope))


async def fetch(agent: Agent, client: HubClient, digest: Digest, *, size: int) -> None:
    """Return when the blob is here, complete. Raises: Refused (E401), HubRefusal, Unavailable."""
    blobs = agent.store.blobs
    if not blobs.has(digest):
        require_room_to_receive(agent, size)
        await client.download(digest, blobs.part(digest), size=size)
        await asyncio.to_thread(blobs.finish, digest)
    if blobs.size(digest) != size:
        raise Refused(Code.SEAL_INVALID, detail=f"attachment {digest}: other size")


def _acts(agent: Agent, envelope: Envelope) -> tuple[bytes, ...]:
    return tuple(
        agent.store.blobs.get(attachment.digest) for attachment in envelope.attachments if attachment.role is Role.ACT
    )


def _row(
    cursor: int, state: str, envelope: bytes | None, receipts: tuple[bytes, ...], verdict: Verdict, now: datetime
) -> DeliveryRow:
    return DeliveryRow(
        cursor=cursor,
        state=state,
        envelope=envelope,
        digest=None if envelope is None else digest_of(envelope),
        receipts=receipts_json(receipts),
        checks=encode_checks(verdict.checks),
        received_at=format_instant(now),
    )
