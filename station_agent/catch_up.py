"""An agent restored from a backup fetches what it lacks: deliveries and its own envelopes since, in the hub's order.

Until that is done its gate stays shut. Its own envelopes are verified like any delivery, by its own key and the receipt.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.exchange import MailboxItem
from hub.protocol.instants import SHANGHAI, parse_instant
from hub.protocol.verdict import Verdict
from hub.signing.envelopes import SignedEnvelope, check_envelope, open_envelope
from hub.signing.receipts import SignedReceipt, open_receipt
from station_agent.agent import Agent
from station_agent.certificates import ensure_named
from station_agent.history import RESTORED
from station_agent.hub_client import HubClient
from station_agent.inbox.own import file_own
from station_agent.inbox.pull import fetch, take
from station_agent.inbox.verify import handed_over
from station_agent.receipts import check_receipt_for
from station_agent.store.deliveries import cursor_of
from station_agent.store.numbers import leave_out_numbers
from station_agent.store.restores import forget_settings
from station_agent.store.trust import setting

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Own:
    """An envelope of this station as the hub has it, verified."""

    cursor: int
    signed: SignedEnvelope
    receipt: SignedReceipt


async def catch_up(agent: Agent, client: HubClient, *, clock: Clock) -> int:
    """Fetch what a restored agent lacks and return how much it was; nothing for any other agent.

    It may be broken off anywhere and done again. Raises: Unavailable, Refused (`station.catching_up`) for an own envelope
    that does not verify.
    """
    with agent.store.read() as tx:
        marker = setting(tx, RESTORED)
    if marker is None:
        return 0
    begun = json.loads(marker)
    await _learn_crl(agent, client, clock())
    own = await _sent_since(agent, client, begun["after"], clock)
    count = await _in_order(agent, client, own, clock)
    with agent.store.write() as tx:
        if begun.get("new", False) and (own or begun["replaces"]):
            # A machine was lost with all it had: it may have given out numbers that were never sent.
            leave_out_numbers(
                tx,
                f"{begun['at'][:10]} 顶替丢失的机器 / a lost machine was replaced",
                years=_years(own, clock()),
                now=clock(),
            )
        forget_settings(tx, RESTORED)
    log.info("caught up count=%d", count)
    return count


def _years(own: list[Own], now: datetime) -> tuple[int, ...]:
    first = min((parse_instant(item.receipt.receipt.time) for item in own), default=now)
    return tuple(range(first.astimezone(SHANGHAI).year, now.astimezone(SHANGHAI).year + 1))


async def _learn_crl(agent: Agent, client: HubClient, now: datetime) -> None:
    # A machine that is new has no list at all, and nothing can be judged without one.
    try:
        await asyncio.to_thread(agent.knowledge.learn_crl, await client.crl(), now=now)
    except Refused as error:
        log.error("crl not taken code=%s", error.code.value)


async def _in_order(agent: Agent, client: HubClient, own: list[Own], clock: Clock) -> int:
    count = 0
    waiting = iter(own)
    mine = next(waiting, None)
    async for item in _deliveries(agent, client):
        while mine is not None and mine.cursor < item.cursor:
            count += await _file(agent, client, mine, clock)
            mine = next(waiting, None)
        await take(agent, client, item, clock)
        count += 1
    while mine is not None:
        count += await _file(agent, client, mine, clock)
        mine = next(waiting, None)
    return count


async def _deliveries(agent: Agent, client: HubClient) -> AsyncIterator[MailboxItem]:
    more = True
    while more:
        with agent.store.read() as tx:
            after = cursor_of(tx)
        page = await client.mailbox(after=after, limit=agent.settings.limits.mailbox_page)
        for item in page.items:
            yield item
        more = page.more


async def _sent_since(agent: Agent, client: HubClient, after: int, clock: Clock) -> list[Own]:
    found: list[Own] = []
    more = True
    while more:
        page = await client.sent(after=after, limit=agent.settings.limits.mailbox_page)
        for item in page.items:
            found.append(await _verified(agent, client, item, clock))
            after = item.cursor
        more = page.more
    return found


async def _verified(agent: Agent, client: HubClient, item: MailboxItem, clock: Clock) -> Own:
    if item.envelope is None or not item.receipts:
        raise Refused(Code.CATCHING_UP, detail=f"cursor {item.cursor}")
    raws = (item.envelope.encode(), item.receipts[0].encode())
    await ensure_named(agent, client, raws)
    signed = open_envelope(raws[0], certificates=agent.knowledge.find)
    receipt = open_receipt(raws[1], certificates=agent.knowledge.find)
    if signed.envelope.from_ != agent.station:
        raise Refused(Code.CATCHING_UP, detail=f"cursor {item.cursor}: of {signed.envelope.from_}")
    await asyncio.to_thread(_require_good, agent, signed, receipt, clock())
    return Own(item.cursor, signed, receipt)


def _require_good(agent: Agent, signed: SignedEnvelope, receipt: SignedReceipt, now: datetime) -> None:
    at, trust = parse_instant(receipt.receipt.time), agent.knowledge.trust()
    checks = check_envelope(signed, trust=trust, at=at, now=now).checks
    # The lost machine's key is doubted since a time: what was sent in the station's name since then was sent all the same. Its
    # numbers are used and its case stands so at the other side; whether it was the station is for people to say.
    certain = tuple(check for check in checks if check.cause is not Code.CERT_DOUBTED_SINCE)
    if len(certain) != len(checks):
        log.warning("own envelope under a doubted key case=%s digest=%s", signed.envelope.case, signed.digest)
    Verdict(certain).require()
    handover = signed.envelope.kind is Kind.HANDOVER
    check_receipt_for(
        receipt,
        envelope=handed_over(signed) if handover else signed.digest,
        handover=signed.digest if handover else None,
        trust=trust,
        log_key=agent.log_key,
        seen=None,
        now=now,
    ).require()


async def _file(agent: Agent, client: HubClient, own: Own, clock: Clock) -> bool:
    for digest, size in dict.fromkeys((item.digest, item.size) for item in own.signed.envelope.attachments):
        await fetch(agent, client, digest, size=size)
    acts = [item.digest for item in own.signed.envelope.attachments if item.role is Role.ACT]
    await ensure_named(agent, client, [agent.store.blobs.get(digest) for digest in acts])
    return await asyncio.to_thread(file_own, agent, own.signed, own.receipt, now=clock())
