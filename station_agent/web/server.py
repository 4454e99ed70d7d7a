"""The pages' process: opens the agent, listens, says so, and stops in order when it is told to."""

import asyncio
import contextlib
import ipaddress
import logging
import signal
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.cases.stations import default_sites
from hub.letters.limits import default_limits
from hub.letters.preview import render_page
from hub.letters.report import PdfPolicy
from hub.letters.scan import require_scan
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.tls import hosts_of, read_chain
from station_agent.agent import Agent, open_agent
from station_agent.readers import gate_readers, scan_check
from station_agent.register.interface import Register
from station_agent.settings import DeskSettings
from station_agent.sync import Clock
from station_agent.web.accounts import Accounts, desk_keys
from station_agent.web.desk import Desk, Pictures
from station_agent.web.edge import FORM_BYTES, Edge, finish
from station_agent.web.routes import ROUTES
from station_agent.web.rules import Route
from station_agent.web.sessions import Sessions
from station_agent.web.uploads import Uploads

log = logging.getLogger(__name__)
SHUTDOWN_S = 5.0
SWEEP_EVERY_S = 60.0
HEAD_S = 30.0
MOST_CONNECTIONS = 256


def make_desk(agent: Agent, passphrase: bytes, *, register: Callable[[], Register]) -> Desk:
    """Return the pages' ground for an opened agent."""
    keys, limits = desk_keys(agent, passphrase), default_limits()
    accounts = Accounts(agent, keys)
    count = partial(require_scan, limits=limits, policy=PdfPolicy.SEALED_LETTER)
    draw = partial(render_page, limits=limits)
    return Desk(
        agent=agent,
        accounts=accounts,
        sessions=Sessions(keys.cookies, in_force=accounts.in_force),
        pictures=Pictures(lambda raw, page, dpi: draw(raw, page, dpi), count),
        check_scan=scan_check(),
        readers=gate_readers(),
        register=register,
        sites=default_sites(),
        uploads=Uploads(agent.folder.root / "desk-uploads", limits.file_bytes),
    )


def make_app(desk: Desk, *, hosts: frozenset[str], secure: bool, clock: Clock) -> web.Application:
    """Return the application; every answer passes `finish`, errors of the routing included."""
    edge = Edge(desk, hosts=hosts, secure=secure, clock=clock)
    app = web.Application(client_max_size=FORM_BYTES)

    def handler(route: Route | None) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await edge.answer(request, route)

        return handle

    for route in ROUTES:
        app.router.add_route(route.method, route.path, handler(route))
    app.router.add_route("*", "/{rest:.*}", handler(None))

    async def on_prepare(_request: web.Request, response: web.StreamResponse) -> None:
        finish(response, secure=secure)

    app.on_response_prepare.append(on_prepare)
    return app


async def serve_desk(
    data: Path,
    passphrase: bytes,
    *,
    register: Callable[[Agent], Register],
    host: str | None = None,
    port: int | None = None,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
    clock: Clock = lambda: datetime.now(UTC),
) -> None:
    """Serve the pages of the agent in `data` until SIGTERM, SIGINT or `stop`; `ready` gets the address.

    `host` and `port` replace those of `[desk]`. Raises: Refused (`desk.listen`, as `open_agent`), OSError when the address is
    taken.
    """
    agent = open_agent(data, passphrase)
    try:
        settings = _with_address(agent.settings.desk, host, port)
        tls, names = _tls(data, settings, passphrase)
        secure = tls is not None or settings.behind_proxy
        desk = make_desk(agent, passphrase, register=lambda: register(agent))
        hosts = frozenset(name.lower() for name in (settings.host, *settings.names, *names, *_LOOPBACK_NAMES))
        app = make_app(desk, hosts=hosts, secure=secure, clock=clock)
        await _serve_until(stop or asyncio.Event(), app, desk, settings, tls, ready, clock)
    finally:
        agent.close()


_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


async def _serve_until(
    stop: asyncio.Event,
    app: web.Application,
    desk: Desk,
    settings: DeskSettings,
    tls: ssl.SSLContext | None,
    ready: Callable[[str], None],
    clock: Clock,
) -> None:
    loop = asyncio.get_running_loop()
    runner = web.AppRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    manager = runner.server
    assert manager is not None
    secure = tls is not None or settings.behind_proxy

    def protocol() -> asyncio.Protocol:
        return _Protocol(manager, loop=loop, keepalive_timeout=HEAD_S, access_log=None, secure=secure)

    server = await loop.create_server(protocol, settings.host, settings.port, ssl=tls)
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    sweeper = asyncio.create_task(_sweep(desk, clock))
    try:
        ready(_address(server, scheme="http" if tls is None else "https"))
        await stop.wait()
    finally:
        sweeper.cancel()
        server.close()
        await runner.cleanup()


async def _sweep(desk: Desk, clock: Clock) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        desk.sessions.sweep(clock())


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
        finish(response, secure=self._secure)
        return response


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
