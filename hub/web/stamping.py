"""Asking a time-stamp authority over HTTP (RFC 3161, 3.4), and the hub's task that does so now and then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from hub.exchange.hub import Hub
from hub.exchange.stamping import Ask, ask_own_authority, stamp_for_ever
from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable
from hub.signing.time_stamps import MAX_TOKEN

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
TIMEOUT_S = 30.0


def ask_over_http(session: aiohttp.ClientSession, url: str) -> Ask:
    """Return how the authority at `url` is asked."""

    async def ask(query: bytes) -> bytes:
        try:
            async with session.post(
                url,
                data=query,
                headers={"Content-Type": QUERY},
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                allow_redirects=False,
            ) as answer:
                if answer.status != 200 or answer.content_type != REPLY:
                    raise Unavailable(Code.TIME_STAMP_UNAVAILABLE, detail=f"HTTP {answer.status}")
                return await answer.content.read(MAX_TOKEN + 4096)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(Code.TIME_STAMP_UNAVAILABLE, detail=type(error).__name__) from error

    return ask


@asynccontextmanager
async def stamping(hub: Hub, passphrase: bytes) -> AsyncIterator[None]:
    """Have the trail time-stamped while the block lasts, where an authority is configured or a trial one was made.

    Raises: Refused (`key.*`) for the trial authority's key.
    """
    settings = hub.settings.time_stamp
    async with aiohttp.ClientSession() as session:
        ask = ask_over_http(session, settings.url) if settings.url else None
        ask = ask or await asyncio.to_thread(ask_own_authority, hub.folder, passphrase, hub.clock)
        task = None if ask is None else asyncio.create_task(stamp_for_ever(hub, ask, every_s=settings.every_s))
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
