"""The hub's side of the examining process: what one turn of the event loop brought is examined together, beside the loop.

It only ever saves work. Without the process (not yet there, killed, too slow, too little to ask), or when it found anything
wrong, the answer is "not examined", and the hub makes every check itself and says what is wrong. It starts when there is
first enough to ask.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from datetime import date

from hub.exchange.examining import PASSED, READY, Request, frame
from hub.signing.certificates import Certified

log = logging.getLogger(__name__)

FEWEST = 4  # fewer in one turn are examined sooner by the hub itself
MOST_CERTIFICATES = 20_000  # envelopes of further agents are examined by the hub itself


class Examiner(asyncio.Protocol):
    """Owns the examining process. Used on one event loop."""

    def __init__(self, arc: str, *, patience_s: float = 2.0, restart_s: float = 30.0) -> None:
        """`arc` is that of the deployment's certificate purposes. A process that keeps an answer back for `patience_s` is
        ended; another starts `restart_s` after the last start at the earliest."""
        self._arc = arc
        self._patience_s, self._restart_s = patience_s, restart_s
        self._asked: list[tuple[bytes, date, asyncio.Future[bool]]] = []
        self._pending: deque[asyncio.Future[bool]] = deque()
        self._new: dict[str, bytes] = {}
        self._introduced: set[str] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._ready = False
        self._alarm: asyncio.TimerHandle | None = None
        self._not_before = 0.0

    def passes(self, raw: bytes, *, today: date) -> "asyncio.Future[bool]":
        """Return whether the process found an envelope's signature, form and body right. False: look yourself."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._ask)
        future: asyncio.Future[bool] = loop.create_future()
        self._asked.append((raw, today, future))
        return future

    def introduce(self, certified: Certified) -> None:
        """Let the process know the certificate of an envelope that the hub has verified itself."""
        if certified.x5t not in self._introduced and len(self._introduced) + len(self._new) < MOST_CERTIFICATES:
            self._new[certified.x5t] = certified.der

    def close(self) -> None:
        """End the process. What it was asked is answered with False."""
        self._not_before = float("inf")
        if self._transport is not None:
            self._transport.abort()
        self._end()

    def data_received(self, data: bytes) -> None:
        """Hand out the answers, in the order of asking."""
        if not self._ready:
            self._ready, data = True, data.removeprefix(READY)
        for at in range(len(data)):
            _tell(self._pending.popleft(), data[at : at + 1] == PASSED)
        self._await_answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has ended: by itself, killed, or told to."""
        if self._not_before != float("inf"):
            log.error("examining process ended error=%s", exc)
        self._end()

    def _ask(self) -> None:
        asked, self._asked = self._asked, []
        if len(asked) >= FEWEST and self._process is None:
            self._start()
        # One date for a batch: at midnight those of the other day are looked at by the hub.
        if len(asked) < FEWEST or not self._ready or len({today for _, today, _ in asked}) != 1:
            for _, _, future in asked:
                _tell(future, False)
            return
        assert self._transport is not None
        new, self._new = self._new, {}
        self._introduced.update(new)
        self._transport.write(frame(Request(asked[0][1], tuple(new.values()), tuple(raw for raw, _, _ in asked))))
        self._pending.extend(future for _, _, future in asked)
        if self._alarm is None:
            self._await_answer()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            return
        self._not_before = loop.time() + self._restart_s
        ours, theirs = socket.socketpair()
        words = (sys.executable, "-P", "-m", "hub.exchange.examining", self._arc)
        # It needs no secret: nothing of the environment but where the packages are.
        environment = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        try:
            self._process = subprocess.Popen(words, stdin=theirs.fileno(), stdout=theirs.fileno(), env=environment)  # noqa: S603 - our own module
        except OSError as error:
            log.error("examining process not started error=%s", error)
            ours.close()
            return
        finally:
            theirs.close()
        self._connecting = loop.create_task(self._connect(ours))

    async def _connect(self, ours: socket.socket) -> None:
        self._transport, _ = await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)

    def _await_answer(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(self._patience_s, self._give_up) if self._pending else None

    def _give_up(self) -> None:
        log.error("examining process too slow pending=%d", len(self._pending))
        if self._transport is not None:
            self._transport.abort()

    def _end(self) -> None:
        process, self._process, self._transport, self._ready = self._process, None, None, False
        self._new, self._introduced = {}, set()
        while self._pending:
            _tell(self._pending.popleft(), False)
        self._await_answer()
        if process is not None:
            process.kill()
            process.wait()


def _tell(future: "asyncio.Future[bool]", passed: bool) -> None:
    if not future.done():  # its caller may have gone
        future.set_result(passed)
