"""A TCP proxy on loopback that breaks connections off after so many bytes, in either direction."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cut:
    """Break the next fitting connection off after `after` bytes of `body` have gone `up` (to the hub) or down.

    `what`: bytes that must have been seen on their way up first (a method and path). `served` bytes of the answer still go
    down when it is cut in the answer.
    """

    what: bytes
    after: int
    up: bool


@dataclass
class CuttingProxy:
    """The proxy's port, the cuts that are left, and those that were made."""

    to_port: int
    port: int
    left: list[Cut] = field(default_factory=list)
    made: list[Cut] = field(default_factory=list)

    async def _serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        ready.set()
        await stop.wait()
        server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.close()
            return
        line = _Line(self, (writer, up_writer))
        await asyncio.gather(line.carry(reader, up_writer, up=True), line.carry(up_reader, writer, up=False))


@dataclass
class _Line:
    proxy: CuttingProxy
    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    cut: Cut | None = None
    gone: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        """Carry bytes one way until either side ends or the cut is reached."""
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                if up:
                    self._look(chunk)
                if self.cut is not None and self.cut.up is up:
                    chunk = chunk[: max(0, self.cut.after - self.gone)]
                    self.gone += len(chunk)
                writer.write(chunk)
                await writer.drain()
                if self.cut is not None and self.cut.up is up and self.gone >= self.cut.after:
                    self._break()
                    return
        with contextlib.suppress(ConnectionError):
            writer.close()

    def _look(self, chunk: bytes) -> None:
        """A request that a cut waits for begins: count from here."""
        for cut in self.proxy.left:
            if self.cut is None and cut.what in chunk:
                self.cut, self.gone = cut, 0
                self.proxy.left.remove(cut)
                return

    def _break(self) -> None:
        assert self.cut is not None
        self.proxy.made.append(self.cut)
        self.cut = None
        for end in self.ends:
            # At once, as a cable that is pulled: what is buffered is lost.
            end.transport.abort()


@contextlib.contextmanager
def a_cutting_proxy(*, port: int, to_port: int) -> Iterator[CuttingProxy]:
    """The proxy, in a thread of its own."""
    proxy, ready, stop = CuttingProxy(to_port, port), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy._serve(ready, stop)), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
