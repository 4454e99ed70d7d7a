"""Each limit of the hub's listener, exceeded against the real server: one clear answer or a closed door, and others go on."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from hub.exchange.check import check_hub
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.web.rate import Rates
from station_agent.transport import client_context
from tests.exchange.builders import PROOF, A, B, a_province, an_attachment, an_envelope, signed, some_bytes
from tests.web.builders import Client, a_served_hub
from tests.web.test_events import Stream, listen
from tests.web.tls_pairs import a_pair, a_tls_hub_folder, served

CUT_S = 8.0  # within this a limit of one second must have cut


def limits(**values: int) -> bytes:
    """The settings that say so."""
    return b"[limits]\n" + b"".join(f"{name} = {value}\n".encode() for name, value in values.items())


class Raw:
    """One bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self) -> bytes:
        """Ask for /healthz and return the status line, empty when the door is closed."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            line = await self.reader.readline()
            await self.reader.readuntil(b"ok\n")
            return line
        return b""

    async def is_cut(self, drip: bytes = b"") -> bool:
        """Whether the hub closes the connection, although `drip` goes on coming."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(CUT_S):
                while True:
                    self.writer.write(drip)
                    await self.writer.drain()
                    with contextlib.suppress(TimeoutError):
                        if not await asyncio.wait_for(self.reader.read(4096), 0.2):
                            return True
        return True


@contextlib.asynccontextmanager
async def raw(url: str, *, source: str | None = None) -> AsyncIterator[Raw]:
    """A bare connection to the hub, from the address `source`."""
    port = int(url.rpartition(":")[2])
    local = None if source is None else (source, 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


async def is_let_in(url: str, *, source: str | None = None) -> bool:
    """Whether a new connection is served."""
    try:
        async with raw(url, source=source) as connection:
            return await connection.ask() == b"HTTP/1.1 200 OK\r\n"
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


async def let_in_again(url: str) -> None:
    """Wait until a new connection is served."""
    async with asyncio.timeout(CUT_S):
        while not await is_let_in(url):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)


async def test_a_connection_too_many_is_closed_and_those_before_it_go_on(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path, settings=limits(connections=4)) as hub, contextlib.AsyncExitStack() as stack:
        held = [await stack.enter_async_context(raw(hub.url)) for _ in range(4)]
        assert [await one.ask() for one in held] == [b"HTTP/1.1 200 OK\r\n"] * 4
        assert not await is_let_in(hub.url)
        assert await held[0].ask() == b"HTTP/1.1 200 OK\r\n"
        held[1].writer.transport.abort()
        await let_in_again(hub.url)


async def test_one_address_cannot_take_all_connections(tmp_path: Path) -> None:
    settings = limits(connections=20, connections_per_address=3)
    async with a_served_hub(tmp_path, settings=settings) as hub, contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await (await stack.enter_async_context(raw(hub.url))).ask()
        assert not await is_let_in(hub.url)
        assert await is_let_in(hub.url, source="127.0.0.2")


async def test_behind_a_proxy_one_address_is_everybody(tmp_path: Path) -> None:
    settings = b'[listen]\nbehind_proxy = "nginx"\n' + limits(connections_per_address=1)
    async with a_served_hub(tmp_path, settings=settings) as hub, raw(hub.url) as first:
        await first.ask()
        assert await is_let_in(hub.url)


@pytest.mark.parametrize("begin", [b"", b"GET /healthz HTTP/1.1\r\nX-Slow: "], ids=["silent", "dripping"])
async def test_a_head_that_does_not_come_is_cut(tmp_path: Path, begin: bytes) -> None:
    async with a_served_hub(tmp_path, settings=limits(head_s=1)) as hub, raw(hub.url) as new, raw(hub.url) as kept:
        await kept.ask()
        for connection in (new, kept):
            connection.writer.write(begin)
        drip = b"a" if begin else b""
        assert await asyncio.gather(new.is_cut(drip), kept.is_cut(drip)) == [True, True]


async def test_a_tls_handshake_that_does_not_come_is_cut_and_no_longer_counted(tmp_path: Path) -> None:
    province = a_province()
    settings = limits(head_s=1, connections=2)
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(province.root), settings=settings)
    context = client_context((province.root.certified,))
    async with served(data) as url:
        async with raw(url) as one, raw(url) as other:
            assert await asyncio.gather(one.is_cut(), other.is_cut()) == [True, True]
        port = int(url.rpartition(":")[2])
        async with asyncio.timeout(CUT_S):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.close()


@pytest.mark.parametrize(
    "head",
    [b"X-Long: " + b"a" * 3000 + b"\r\n", b"".join(b"X-%d: a\r\n" % number for number in range(100))],
    ids=["one long line", "many lines"],
)
async def test_a_head_too_large_is_refused(tmp_path: Path, head: bytes) -> None:
    settings = limits(header_bytes=2000, header_fields=50)
    async with a_served_hub(tmp_path, settings=settings) as hub, raw(hub.url) as connection:
        connection.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        assert (await connection.reader.readline()).partition(b" ")[2].startswith(b"400 ")
        assert await connection.is_cut()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_too_large_is_refused_with_its_code(tmp_path: Path, chunked: bool) -> None:
    async with a_served_hub(tmp_path, settings=limits(envelope_bytes=5000)) as hub:
        a = await hub.client(A)
        body = some_bytes(20_000)

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        async with a.call("POST", "/v1/envelopes", data=pieces() if chunked else body) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (413, "request.too_large")
        assert "5000" in problem["remedy"]


def head_of(client: Client, method: str, path: str, size: int, **headers: str) -> bytes:
    """The head of a request whose body is `size` bytes."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
        f"Content-Length: {size}\r\n{more}\r\n"
    ).encode()


async def dripped(connection: Raw, body: bytes) -> tuple[bytes, dict[str, object]]:
    """Drip `body` until the hub answers; return the status line and the problem."""
    answer = asyncio.create_task(connection.reader.readuntil(b"\r\n\r\n"))
    async with asyncio.timeout(CUT_S):
        for byte in itertools.cycle(body):
            if answer.done():
                break
            connection.writer.write(bytes([byte]))
            await asyncio.sleep(0.1)
    head = answer.result()
    size = int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")).split(b":")[1])
    return head.partition(b"\r\n")[0], json.loads(await connection.reader.readexactly(size))


async def test_a_body_that_drips_is_broken_off_and_nothing_is_stored(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path, settings=limits(body_s=1)) as hub:
        a = await hub.client(A)
        before = check_hub(hub.data).trail.size
        body = signed(hub.province, an_envelope())
        async with raw(hub.url) as connection:
            connection.writer.write(head_of(a, "POST", "/v1/envelopes", len(body)) + body[:-200])
            status, problem = await dripped(connection, body[-200:])
        assert (status, problem["code"]) == (b"HTTP/1.1 408 Request Timeout", "request.slow")
        await a.upload(PROOF)
        await a.send(an_envelope())  # others are served all the while and afterwards
    assert check_hub(hub.data).trail.size == before + 2


async def test_an_upload_that_drips_is_broken_off_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path, settings=limits(body_s=1, slowest_bytes_per_s=1000)) as hub:
        a = await hub.client(A)
        body = some_bytes(50_000)
        digest = digest_of(body)
        async with a.call("POST", f"/v1/blobs/{digest}", headers={"Upload-Length": str(len(body))}):
            pass
        async with raw(hub.url) as connection:
            head = head_of(a, "PATCH", f"/v1/blobs/{digest}", len(body), Upload_Offset="0")
            connection.writer.write(head + body[:1000])
            status, problem = await dripped(connection, body[1000:])
        assert (status, problem["code"]) == (b"HTTP/1.1 408 Request Timeout", "request.slow")
        async with a.call("HEAD", f"/v1/blobs/{digest}") as response:
            assert int(response.headers["Upload-Offset"]) >= 1000
        await a.upload(body)


async def test_a_reader_that_does_not_read_is_cut_off(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path, settings=limits(body_s=1, slowest_bytes_per_s=10_000_000)) as hub:
        a, b = await hub.client(A), await hub.client(B)
        large = some_bytes(64, 7) * 200_000
        await a.upload(large)
        await a.upload(PROOF)
        files = (an_attachment(PROOF), an_attachment(large, role=Role.OTHER, name="其他.pdf"))
        await a.send(an_envelope(attachments=files))
        port = int(hub.url.rpartition(":")[2])
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect(("127.0.0.1", port))
            lazy.sendall(head_of(b, "GET", f"/v1/blobs/{digest_of(large)}", 0))
            await asyncio.sleep(1.6)
            lazy.settimeout(CUT_S)
            received = 0
            with contextlib.suppress(ConnectionError):
                while piece := await asyncio.to_thread(lazy.recv, 1 << 20):
                    received += len(piece)
            assert received < len(large)


async def test_a_station_that_asks_too_often_is_told_to_wait_and_others_are_not(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path, settings=limits(requests_per_s=2, requests_burst=5)) as hub:
        a, b = await hub.client(A), await hub.client(B)
        answers = [await asked(a) for _ in range(8)]
        assert [status for status, _, _ in answers[:5]] == [200] * 5
        status, problem, wait = answers[-1]
        assert (status, problem["code"], wait) == (429, "request.rate", "1")
        assert (await asked(b))[0] == 200
        await asyncio.sleep(1.1)
        assert (await asked(a))[0] == 200


async def asked(client: Client) -> tuple[int, dict[str, object], str | None]:
    """Ask for the mailbox: status, answer, Retry-After."""
    async with client.call("GET", "/v1/mailbox") as response:
        return response.status, await response.json(), response.headers.get("Retry-After")


def test_a_rate_allows_its_burst_and_then_its_even_pace() -> None:
    now = 1000.0
    rates = Rates(per_s=10, burst=3, clock=lambda: now)

    def allowed() -> int:
        for number in itertools.count():
            try:
                rates.take(A)
            except Refused:
                return number
        raise AssertionError

    assert allowed() == 3
    for passed, more in ((0.1, 1), (0.05, 0), (0.05, 1), (100.0, 3)):
        now += passed
        assert allowed() == more


async def test_of_too_many_event_streams_of_a_station_the_oldest_ends(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path, settings=limits(streams_per_station=2)) as hub:
        a, b = await hub.client(A), await hub.client(B)
        streams = [await listen(a) for _ in range(2)]
        other = await listen(b)
        newest = await listen(a)
        async with asyncio.timeout(CUT_S):
            await ended(streams[0])
        for response in (streams[1], newest, other):
            await Stream(response).next()
            assert not response.content.at_eof()
            response.close()


async def ended(response: aiohttp.ClientResponse) -> None:
    """Return when the stream has ended."""
    while await response.content.readline():
        pass


async def test_a_flood_of_half_open_requests_leaves_room_for_a_station(tmp_path: Path) -> None:
    settings = limits(head_s=1, connections_per_address=100)
    async with a_served_hub(tmp_path, settings=settings) as hub, contextlib.AsyncExitStack() as stack:
        for _ in range(100):
            connection = await stack.enter_async_context(raw(hub.url))
            connection.writer.write(b"GET / HTTP/1.1\r\nX: ")
        await let_in_again(hub.url)
