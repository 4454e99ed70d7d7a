"""The hub's process: opens the hub, listens, says so, and stops in order when it is told to.

Order of stopping: take no new connections, end the event streams, let handlers in flight finish (what is queued is
committed and answered), then close the store.
"""

import asyncio
import contextlib
import gc
import json
import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import cast

import msgspec
import uvloop
from aiohttp import web

from hub.exchange.hub import Hub, open_hub, read_settings
from hub.exchange.settings import Settings, require_guarded
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged
from hub.store.layout import DataFolder
from hub.web.context import HUB, TOKENS
from hub.web.cut_off import watching
from hub.web.listener import ConnectionLimits, Factory, Listener
from hub.web.openapi import openapi_document
from hub.web.routes import ROUTES, add_routes
from hub.web.service_routes import OPENAPI
from hub.web.stamping import stamping
from hub.web.tls import TlsFiles, keep_fresh, server_context, tls_files
from hub.web.tokens import TokenOffice

log = logging.getLogger(__name__)
SHUTDOWN_S = 10.0  # for handlers in flight; an upload that takes longer goes on after the restart
SETTLE_S = 0.05
BACKLOG = 1024
COLLECT_AFTER = 20_000  # new objects; a request makes hundreds, nearly all freed at once by their counts
READ_BUFFER = 1 << 20  # uploads: fewer, larger pieces; bounded for each connection


def make_app(hub: Hub, *, audience: str) -> web.Application:
    """Return the hub's application. `audience` is the public address that agents sign in to."""
    app = web.Application(client_max_size=hub.settings.limits.envelope_bytes)
    app[HUB] = hub
    app[TOKENS] = TokenOffice(hub, audience=audience)
    app[OPENAPI] = openapi_document(ROUTES, version=version("hanxun"))
    add_routes(app)
    app.cleanup_ctx.append(watching)
    return app


async def serve(
    data: Path,
    passphrase: bytes,
    *,
    host: str | None = None,
    port: int | None = None,
    announce: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve the data folder until SIGTERM, SIGINT or `stop`; `announce` gets the address once requests are taken, `stopping` is
    called when the ordered stop begins.

    `host` and `port` replace those of `hub.toml`. Raises: Refused, Damaged (also when the store turns out damaged while
    serving), OSError when the address is taken.
    """
    settings = _with_address(read_settings(DataFolder(data)), host, port)
    tls = _Tls.of(data, settings, passphrase)
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    damaged = asyncio.Event()

    def on_damage() -> None:
        loop.call_soon_threadsafe(damaged.set)
        loop.call_soon_threadsafe(stop.set)

    hub = await open_hub(data, passphrase, settings=settings, on_damage=on_damage)
    try:
        async with stamping(hub, passphrase):
            await _serve_until(stop, hub, announce or _print_ready, stopping, tls)
    finally:
        await hub.close()
    if damaged.is_set():
        raise Damaged(Code.STORE_DAMAGED)


def run(
    data: Path,
    passphrase: bytes,
    *,
    host: str | None = None,
    port: int | None = None,
    announce: Callable[[str], None] | None = None,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve in this process, with uvloop, until told to stop. See `serve`."""
    uvloop.run(serve(data, passphrase, host=host, port=port, announce=announce, stopping=stopping))


@dataclass(frozen=True, slots=True)
class _Tls:
    """The listener's TLS, and where its pair comes from."""

    context: ssl.SSLContext
    files: TlsFiles
    passphrase: bytes = field(repr=False)

    @classmethod
    def of(cls, data: Path, settings: Settings, passphrase: bytes) -> "_Tls | None":
        if settings.tls is None:
            return None
        files = tls_files(data, settings.tls)
        return cls(server_context(files, passphrase), files, passphrase)


async def _serve_until(
    stop: asyncio.Event,
    hub: Hub,
    announce: Callable[[str], None],
    stopping: Callable[[], None],
    tls: _Tls | None,
) -> None:
    listen = hub.settings.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    server = socket.create_server((listen.host, listen.port), family=family, backlog=BACKLOG)
    address = _address_of(server, scheme="http" if tls is None else "https")
    runner = make_runner(hub, audience=listen.public_url.rstrip("/") or address)
    renewing: asyncio.Task[None] | None = None
    try:
        await runner.setup()
        if tls is not None:
            renewing = asyncio.create_task(keep_fresh(tls.context, tls.files, tls.passphrase))
        listener = _listener(server, runner, hub.settings, tls)
        listener.start()
        with _stopped_by_signals(stop):
            gc.collect()
            gc.freeze()  # what is loaded now stays: the collector need not walk it again
            gc.set_threshold(COLLECT_AFTER, 20, 50)
            announce(address)
            log.info("ready address=%s", address)
            await stop.wait()
        log.info("stopping")
        hub.watch.stopping = True
        stopping()
        await listener.stop()
        hub.wake_ups.close()
        # aiohttp would wait its whole time-out for a connection that was made in the very tick of stopping.
        await asyncio.sleep(SETTLE_S)
    finally:
        if renewing is not None:
            renewing.cancel()
        await runner.cleanup()


def _listener(server: socket.socket, runner: web.AppRunner, settings: Settings, tls: _Tls | None) -> Listener:
    limits = settings.limits
    per_address = None if settings.listen.behind_proxy else limits.connections_per_address
    return Listener(
        server,
        cast(Factory, runner.server),
        limits=ConnectionLimits(limits.connections, per_address, float(limits.head_s)),
        tls=None if tls is None else tls.context,
    )


def make_runner(hub: Hub, *, audience: str) -> web.AppRunner:
    """Return the runner of the hub's application, with its limits."""
    limits = hub.settings.limits
    return web.AppRunner(
        make_app(hub, audience=audience),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=SHUTDOWN_S,
        # From the making of a connection, or its last answer, until the next head is complete: also a head that drips.
        keepalive_timeout=float(limits.head_s),
        max_line_size=limits.header_bytes,
        max_field_size=limits.header_bytes,
        max_headers=limits.header_fields,
        logger=_protocol_log(),
        read_bufsize=READ_BUFFER,
        auto_decompress=False,  # a small body must not become a large one
    )


def _protocol_log() -> logging.Logger:
    # What a client sent that is no HTTP stays out of the log: a traceback would quote it, tokens included.
    quiet = logging.getLogger("hub.web.http")
    quiet.setLevel(logging.CRITICAL)
    return quiet


def _address_of(server: socket.socket, *, scheme: str) -> str:
    host, port = server.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    listen = msgspec.structs.replace(
        settings.listen,
        host=settings.listen.host if host is None else host,
        port=settings.listen.port if port is None else port,
    )
    addressed = msgspec.structs.replace(settings, listen=listen)
    require_guarded(addressed)
    return addressed


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _print_ready(address: str) -> None:
    sys.stdout.write(json.dumps({"ready": True, "url": address}) + "\n")
    sys.stdout.flush()
