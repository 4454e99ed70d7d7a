"""Taking connections, within limits: how many in all, how many from one address, how long a TLS handshake may last.

A connection too many is closed at once, before TLS and before anything of it is read: an answer would cost what is saved.
"""

import asyncio
import contextlib
import errno
import logging
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

log = logging.getLogger(__name__)
ACCEPT_PAUSE_S = 0.2
SAY_EVERY_S = 10.0
SPARE_DESCRIPTORS = 256  # database, letters, logs
Factory = Callable[[], asyncio.Protocol]


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Most connections in all and from one address (None: no limit of its own), seconds for a TLS handshake."""

    whole: int
    per_address: int | None
    handshake_s: float


class Listener:
    """Accepts on a listening socket and gives each connection a protocol of `factory`. Used on the event loop."""

    def __init__(
        self, server: socket.socket, factory: Factory, *, limits: ConnectionLimits, tls: ssl.SSLContext | None
    ) -> None:
        self._server = server
        self._factory = factory
        self._limits = limits
        self._tls = tls
        self._open: Counter[str] = Counter()
        self._count = 0
        self._said_at = float("-inf")
        self._tasks: dict[asyncio.Task[None], _Watched] = {}
        self._accepting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._server.setblocking(False)
        allow_descriptors(self._limits.whole + SPARE_DESCRIPTORS)
        self._accepting = asyncio.create_task(self._accept())

    async def stop(self) -> None:
        """Accept no more, and break off handshakes; what is connected stays."""
        tasks = dict(self._tasks)
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
        for task, watched in tasks.items():
            # Once connected, a request may be on its way already: its answer must not be cut off.
            if not watched.connected:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._server.close()

    @property
    def connections(self) -> int:
        """How many connections are open, handshakes included."""
        return self._count

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(self._server)
            except OSError as error:
                # No descriptors or memory left, or the peer is gone already: go on, when there may be some.
                if error.errno not in (errno.ECONNABORTED, errno.EINTR):
                    log.error("accept failed reason=%s", error.strerror)
                    await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            address = peer[0] if isinstance(peer, tuple) else ""
            if self._is_full(address):
                connection.close()
                continue
            self._count += 1
            self._open[address] += 1
            watched = _Watched(self._factory(), partial(self._release, address))
            task = loop.create_task(self._connect(connection, watched))
            self._tasks[task] = watched
            task.add_done_callback(self._tasks.pop)

    def _is_full(self, address: str) -> bool:
        limits, most = self._limits, self._limits.per_address
        whole = self._count >= limits.whole
        if not whole and (most is None or self._open[address] < most):
            return False
        now = asyncio.get_running_loop().time()
        if now - self._said_at > SAY_EVERY_S:
            self._said_at = now
            log.warning("connection refused limit=%s open=%d", "whole" if whole else "address", self._count)
        return True

    async def _connect(self, connection: socket.socket, watched: "_Watched") -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: watched,
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=self._limits.handshake_s if self._tls is not None else None,
            )
        except BaseException as error:
            # The protocol never saw it: a handshake that failed or lasted too long, or we stop.
            watched.release()
            connection.close()
            if not isinstance(error, OSError | asyncio.CancelledError):
                raise

    def _release(self, address: str) -> None:
        self._count -= 1
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


class _Watched(asyncio.Protocol):
    """Another protocol, with a word at its end, once."""

    def __init__(self, inner: asyncio.Protocol, on_end: Callable[[], None]) -> None:
        self._inner = inner
        self._on_end = on_end
        self._ended = False
        self.connected = False

    def release(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_end()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connected = True
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.release()
        self._inner.connection_lost(exc)


def allow_descriptors(wanted: int) -> None:
    """Raise this process's limit of open files towards `wanted`, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    aim = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < aim:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
    now = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if now != resource.RLIM_INFINITY and now < wanted:
        log.warning("open files limit=%d wanted=%d", now, wanted)
