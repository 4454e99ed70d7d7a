"""A demo that leaves its desks up, for tests that look at them: real processes, ended by a signal as an operator does it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STOPS_WITHIN_S = 10.0


@dataclass
class Played:
    """A demo whose desks are up: what it printed, its folder and process."""

    said: dict[str, Any]
    folder: Path
    process: "subprocess.Popen[bytes]"
    _sessions: dict[str, str] = field(default_factory=dict)

    def session(self, number: str) -> tuple[str, str]:
        """The desk's address and the session's cookie (`name=value`) of a person; their link is followed once."""
        link = self.link(number)
        parts = urlsplit(link)
        if number not in self._sessions:
            response = get(link)
            assert (response.status, response.getheader("Location")) == (303, "/desk"), response.read().decode()
            cookies = [value for name, value in response.getheaders() if name == "Set-Cookie"]
            (self._sessions[number],) = (value.partition(";")[0] for value in cookies if "language" not in value)
        return f"{parts.scheme}://{parts.netloc}", self._sessions[number]

    def link(self, number: str) -> str:
        """The link of a person."""
        (found,) = (each["url"] for desk in self.said["desks"] for each in desk["links"] if each["number"] == number)
        return str(found)

    def links(self, role: str) -> list[str]:
        """The links of everybody in a role, on all desks."""
        return [link["url"] for desk in self.said["desks"] for link in desk["links"] if link["role"] == role]

    @property
    def children(self) -> list[int]:
        """The processes of the demo that run now."""
        return running_in(self.folder)

    def end(self, number: signal.Signals) -> float:
        """Send a signal, wait for the end and return how long it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - started


def get(url: str, *, method: str = "GET", cookie: str = "", host: str = "") -> http.client.HTTPResponse:
    """One plain request."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    headers = {"Cookie": cookie} | ({"Host": host} if host else {})
    connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=headers)
    return connection.getresponse()


@contextmanager
def a_demo(folder: Path) -> Iterator[Played]:
    """Play the demo in `folder` and give it with its desks up."""
    place = folder / "demo"
    command = [sys.executable, "-m", "hanxun", "demo", "--json", "--dir", str(place)]
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "demo.log").read_text("utf-8")[-3000:]
        yield Played(json.loads(line), place, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def running_in(folder: Path) -> list[int]:
    """The processes that were started with something in `folder` as argument, but the demo itself."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if b"demo" not in words and any(word.startswith(bytes(folder)) for word in words):
                found.append(int(entry.name))
    return found
