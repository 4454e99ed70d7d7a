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
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import uvloop
from aiohttp import web

from hub.exchange.hub import Hub, open_hub, read_settings
from hub.exchange.settings import Settings, require_guarded
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged
from hub.store.layout import DataFolder
from hub.web.context import HUB, TOKENS
from hub.web.openapi import openapi_document
from hub.web.routes import ROUTES, add_routes
from hub.web.service_routes import OPENAPI
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
    return app


async def serve(
    data: Path,
    passphrase: bytes,
    *,
    host: str | None = None,
    port: int | None = None,
    announce: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve the data folder until SIGTERM, SIGINT or `stop`; `announce` gets the address once requests are taken.

    `host` and `port` replace those of `hub.toml`. Raises: Refused, Damaged (also when the store turns out damaged while
    serving), OSError when the address is taken.
    """
    settings = _with_address(read_settings(DataFolder(data)), host, port)
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    damaged = asyncio.Event()

    def on_damage() -> None:
        loop.call_soon_threadsafe(damaged.set)
        loop.call_soon_threadsafe(stop.set)

    hub = await open_hub(data, passphrase, settings=settings, on_damage=on_damage)
    try:
        await _serve_until(stop, hub, announce or _print_ready)
    finally:
        await hub.close()
    if damaged.is_set():
        raise Damaged(Code.STORE_DAMAGED)


def run(data: Path, passphrase: bytes, *, host: str | None = None, port: int | None = None) -> None:
    """Serve in this process, with uvloop, until told to stop. See `serve`."""
    uvloop.run(serve(data, passphrase, host=host, port=port))


async def _serve_until(stop: asyncio.Event, hub: Hub, announce: Callable[[str], None]) -> None:
    listen = hub.settings.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    server = socket.create_server((listen.host, listen.port), family=family, backlog=BACKLOG)
    address = _address_of(server)
    runner = make_runner(hub, audience=listen.public_url.rstrip("/") or address)
    try:
        await runner.setup()
        site = web.SockSite(runner, server, backlog=BACKLOG)
        await site.start()
        with _stopped_by_signals(stop):
            gc.collect()
            gc.freeze()  # what is loaded now stays: the collector need not walk it again
            gc.set_threshold(COLLECT_AFTER, 20, 50)
            announce(address)
            log.info("ready address=%s", address)
            await stop.wait()
        log.info("stopping")
        await site.stop()
        hub.wake_ups.close()
        # aiohttp would wait its whole time-out for a connection that was made in the very tick of stopping.
        await asyncio.sleep(SETTLE_S)
    finally:
        await runner.cleanup()


def make_runner(hub: Hub, *, audience: str) -> web.AppRunner:
    """Return the runner of the hub's application, with its limits."""
    limits = hub.settings.limits
    return web.AppRunner(
        make_app(hub, audience=audience),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=SHUTDOWN_S,
        max_line_size=limits.header_bytes,
        max_field_size=limits.header_bytes,
        read_bufsize=READ_BUFFER,
        auto_decompress=False,  # a small body must not become a large one
    )


def _address_of(server: socket.socket) -> str:
    host, port = server.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    listen = msgspec.structs.replace(
        settings.listen,
        host=settings.listen.host if host is None else host,
        port=settings.listen.port if port is None else port,
    )
    require_guarded(listen)
    return msgspec.structs.replace(settings, listen=listen)


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
