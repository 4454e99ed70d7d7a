"""A closed loop over raw HTTP/1.1: each client sends its next body when the last answer has come.

    python -m benchmarks.load.closed_loop HOST PORT TOKEN BODIES CLIENTS SECONDS WARM_SECONDS

BODIES holds records, each its length in 4 bytes (big-endian) and its bytes; every body is sent once. Prints one JSON line:
answers 201 inside the measured time, all answers 201, other answers, latencies. A light client: its own cost is about
20 us for each request, so that the figure is the hub's.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

CREATED = b"HTTP/1.1 201 "


@dataclass
class Tally:
    """What one run has seen."""

    measure_from: float
    until: float
    measured: int = 0
    accepted: int = 0
    others: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    exhausted: bool = False


class Client(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self, requests: Iterator[bytes], tally: Tally, finished: "asyncio.Future[None]") -> None:
        self.requests = requests
        self.tally = tally
        self.finished = finished
        self.received = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self.send()

    def send(self) -> None:
        """Send the next request, or end."""
        now = time.perf_counter()
        request = next(self.requests, None) if now < self.tally.until else None
        if request is None:
            self.tally.exhausted |= now < self.tally.until
            self.transport.close()
            return
        self.sent_at = now
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, count it and go on."""
        self.received = received = self.received + data if self.received else data
        head_end = received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = received[:head_end].lower()
        at = head.index(b"content-length:") + 15
        line_end = head.find(b"\r\n", at)
        length = int(head[at : line_end if line_end >= 0 else None])
        if len(received) < head_end + 4 + length:
            return
        self.count(received)
        self.received = b""
        self.send()

    def count(self, answer: bytes) -> None:
        """Count one answer; only a 201 is good."""
        tally, now = self.tally, time.perf_counter()
        if not answer.startswith(CREATED):
            status = answer[9:12].decode("ascii", "replace")
            if not tally.others:
                sys.stderr.write(answer[:1500].decode("utf-8", "replace") + "\n")
            tally.others[status] = tally.others.get(status, 0) + 1
            return
        tally.accepted += 1
        if tally.measure_from <= now < tally.until:
            tally.measured += 1
            tally.latencies.append(now - self.sent_at)

    def connection_lost(self, _error: Exception | None) -> None:
        """The end of this client."""
        if not self.finished.done():
            self.finished.set_result(None)


def read_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file."""
    raw, at = path.read_bytes(), 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 4], "big")
        yield raw[at + 4 : at + 4 + length]
        at += 4 + length


def make_requests(bodies: Iterator[bytes], host: str, token: str) -> list[bytes]:
    """Return whole requests, made before the clock runs."""
    head = f"POST /v1/envelopes HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/jose\r\n"
    return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


async def run(host: str, port: int, requests: list[bytes], clients: int, seconds: float, warm: float) -> Tally:
    """Send `requests` by `clients` connections for `seconds` after `warm` seconds."""
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    tally = Tally(start + warm, start + warm + seconds)
    source = iter(requests)
    ends = [loop.create_future() for _ in range(clients)]
    for end in ends:
        await loop.create_connection(lambda end=end: Client(source, tally, end), host, port)  # type: ignore[misc]
    await asyncio.wait(ends, timeout=warm + seconds + 30)
    return tally


def main() -> None:
    """See the module's text."""
    host, port, token, bodies, clients, seconds, warm = sys.argv[1:]
    requests = make_requests(read_records(Path(bodies)), host, token)
    tally = uvloop.run(run(host, int(port), requests, int(clients), float(seconds), float(warm)))
    ordered = sorted(tally.latencies) or [0.0]
    result = {
        "per_s": tally.measured / float(seconds),
        "accepted": tally.accepted,
        "others": tally.others,
        "exhausted": tally.exhausted,
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
        "max_ms": ordered[-1] * 1e3,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
