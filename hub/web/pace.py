"""Bodies that come, or are taken, too slowly: nobody holds a connection and its memory by dripping (slowloris, slow read)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from hub.exchange.settings import Limits
from hub.protocol.codes import Code
from hub.protocol.errors import Refused


@dataclass(slots=True)
class Pace:
    """What has passed so far, and until when more must have: `slowest_bytes_per_s` on the whole, after the first `body_s`
    seconds, and never `body_s` seconds of nothing, however fast it was before."""

    limits: Limits
    begun_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    passed: int = 0

    def until(self, size: int = 0) -> float:
        """The loop's time at which the next bytes, or a piece of `size` bytes, are too late."""
        rate, grace = self.limits.slowest_bytes_per_s, self.limits.body_s
        still = asyncio.get_running_loop().time() + grace + size / rate
        return min(still, self.begun_at + grace + (self.passed + size) / rate)


async def read_body(request: web.Request, limits: Limits) -> bytes:
    """Return a small body whole. Raises: Refused (`request.slow`) when it takes longer than `body_s`; as `Request.read`."""
    if request.content.is_eof():
        return await request.read()  # all of it is here: the usual case, without a timer
    try:
        async with asyncio.timeout(limits.body_s):
            return await request.read()
    except TimeoutError as error:
        raise Refused(Code.REQUEST_SLOW) from error


async def body_chunks(request: web.Request, limits: Limits, *, size: int) -> AsyncIterator[bytes]:
    """Yield a large body in pieces of at most `size` bytes. Raises: Refused (`request.slow`) when it falls behind the pace."""
    pace = Pace(limits)
    while True:
        try:
            async with asyncio.timeout_at(pace.until()):
                chunk = await request.content.read(size)
        except TimeoutError as error:
            raise Refused(Code.REQUEST_SLOW) from error
        if not chunk:
            return
        pace.passed += len(chunk)
        yield chunk


async def write_chunks(
    request: web.Request, response: web.StreamResponse, chunks: AsyncIterator[bytes], limits: Limits
) -> None:
    """Write `chunks` to a prepared answer; a reader that falls behind the pace is cut off, for nothing can be said any more."""
    pace = Pace(limits)
    try:
        async for chunk in chunks:
            async with asyncio.timeout_at(pace.until(len(chunk))):
                await response.write(chunk)
            pace.passed += len(chunk)
        await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
