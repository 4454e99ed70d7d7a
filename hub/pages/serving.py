"""The pages' process: listens, over TLS or on this machine only, says so, and stops in order when it is told to."""

import asyncio
import contextlib
import ipaddress
import logging
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.pages.edge import FORM_BYTES, Edge, Pages, finish
from hub.pages.routing import D, Route
from hub.pages.sessions import Sessions
from hub.pages.settings import DeskSettings
from hub.pages.visit import P
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.tls import hosts_of, read_chain

log = logging.getLogger(__name__)
SHUTDOWN_S = 5.0
SWEEP_EVERY_S = 60.0
HEAD_S = 30.0
MOST_CONNECTIONS = 256
_FAULT = "程序错误,请稍后重试。 / The program failed; try again later.\n"
_NO_HTTP = "请求无法读取。 / The request cannot be read.\n"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where pages are served: the address, the names that browsers may use, and how they come."""

    host: str
    port: int
    names: frozenset[str]
    tls: ssl.SSLContext | None
    secure: bool


def listening(
    data: Path, settings: DeskSettings, passphrase: bytes, *, host: str | None, port: int | None
) -> Listening:
    """Return where to serve; `host` and `port` replace those of the settings. Raises: Refused (`desk.listen`, `tls.*`)."""
    addressed = _with_address(settings, host, port)
    tls, names = _tls(data, addressed, passphrase)
    known = frozenset(name.lower() for name in (addressed.host, *addressed.names, *names, *_LOOPBACK_NAMES))
    return Listening(addressed.host, addressed.port, known, tls, tls is not None or addressed.behind_proxy)


def make_app(
    pages: Pages[D, P],
    desk: D,
    sessions: Sessions[P],
    *,
    hosts: frozenset[str],
    secure: bool,
    clock: Callable[[], datetime],
) -> web.Application:
    """Return the application; every answer passes `finish`, errors of the routing included."""
    edge = Edge(pages, desk, sessions, hosts=hosts, secure=secure, clock=clock)
    app = web.Application(client_max_size=FORM_BYTES)

    def handler(route: Route[D, P] | None) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await edge.answer(request, route)

        return handle

    for route in pages.routes:
        app.router.add_route(route.method, route.path, handler(route))
    app.router.add_route("*", "/{rest:.*}", handler(None))

    async def on_prepare(_request: web.Request, response: web.StreamResponse) -> None:
        finish(response, secure=secure)

    app.on_response_prepare.append(on_prepare)
    return app


async def serve_pages(
    pages: Pages[D, P],
    desk: D,
    sessions: Sessions[P],
    where: Listening,
    *,
    ready: Callable[[str], None],
    stop: asyncio.Event | None,
    clock: Callable[[], datetime],
) -> None:
    """Serve until SIGTERM, SIGINT or `stop`; `ready` gets the address. Raises: OSError when the address is taken."""
    app = make_app(pages, desk, sessions, hosts=where.names, secure=where.secure, clock=clock)
    stopped = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    runner = web.AppRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    manager = runner.server
    assert manager is not None

    def protocol() -> asyncio.Protocol:
        return _Protocol(manager, loop=loop, keepalive_timeout=HEAD_S, access_log=None, secure=where.secure)

    server = await loop.create_server(protocol, where.host, where.port, ssl=where.tls)
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
    sweeper = asyncio.create_task(_sweep(sessions, clock))
    try:
        ready(_address(server, scheme="http" if where.tls is None else "https"))
        await stopped.wait()
    finally:
        sweeper.cancel()
        server.close()
        await runner.cleanup()


async def _sweep(sessions: Sessions[P], clock: Callable[[], datetime]) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        sessions.sweep(clock())


class _Protocol(RequestHandler):
    """aiohttp's protocol; also what it answers by itself to what is no HTTP carries our headers. Too many: closed at once."""

    __slots__ = ("_manager_of", "_secure")

    def __init__(self, manager: Any, *, secure: bool, **options: Any) -> None:
        super().__init__(manager, **options)
        self._manager_of = manager
        self._secure = secure

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self._manager_of.connections) > MOST_CONNECTIONS:
            transport.abort()  # type: ignore[attr-defined]

    def handle_error(self, *arguments: Any, **options: Any) -> web.StreamResponse:
        response = super().handle_error(*arguments, **options)
        # Not aiohttp's own words: they are English only, and repeat what was sent.
        told = web.Response(status=response.status, text=_FAULT if response.status >= 500 else _NO_HTTP)
        told.force_close()
        finish(told, secure=self._secure)
        return told


def _with_address(settings: DeskSettings, host: str | None, port: int | None) -> DeskSettings:
    addressed = msgspec.structs.replace(
        settings, host=settings.host if host is None else host, port=settings.port if port is None else port
    )
    if addressed.certificate is None and not addressed.behind_proxy and not _is_loopback(addressed.host):
        raise Refused(Code.DESK_LISTEN, field="desk.host", detail=addressed.host)
    return addressed


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(data: Path, settings: DeskSettings, passphrase: bytes) -> tuple[ssl.SSLContext | None, tuple[str, ...]]:
    """Return the context of the configured pair and the names in its certificate."""
    if settings.certificate is None:
        return None, ()
    certificate, key = data / settings.certificate, data / (settings.key or "")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        names = tuple(hosts_of(read_chain(certificate.read_bytes())[0]))
        context.load_cert_chain(certificate, key, password=passphrase)
    except (ssl.SSLError, OSError) as error:
        raise Refused(Code.TLS_CERTIFICATE, detail=getattr(error, "reason", None) or error.strerror) from error
    return context, names


def _address(server: asyncio.Server, *, scheme: str) -> str:
    host, port = server.sockets[0].getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
