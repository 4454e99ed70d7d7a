"""A hub in a process of its own, to be watched, hurt and killed."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.exchange.builders import PASSPHRASE

SERVE = "import os, sys, pathlib; from hub.web.server import run; run(pathlib.Path(sys.argv[1]), os.environb[b'PASS'], port=0)"
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed on this machine")


@dataclass
class HubProcess:
    """A hub's process; `pid` is the hub's own, also under strace."""

    process: "subprocess.Popen[bytes]"
    url: str
    pid: int

    def kill(self) -> None:
        """SIGKILL, as a power failure of the process."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(20)


@contextlib.contextmanager
def a_hub_process(data: Path, *, under: tuple[str, ...] = ()) -> Iterator[HubProcess]:
    """The hub of `data`, serving; `under` is a command that runs it (strace)."""
    command = [*under, sys.executable, "-c", SERVE, str(data)]
    environment = {**os.environ, "PASS": PASSPHRASE.decode()}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the hub did not start"
    hub = HubProcess(process, json.loads(line)["url"], _hub_pid(process.pid, bool(under)))
    try:
        yield hub
    finally:
        if process.poll() is None:
            os.kill(hub.pid, signal.SIGTERM)
            process.wait(30)


def _hub_pid(pid: int, below: bool) -> int:
    if not below:
        return pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def hurt(hub: HubProcess, calls: str, error: str, log: Path) -> contextlib.AbstractContextManager[None]:
    """While it lasts, the system calls `calls` of the hub fail with `error` (strace's fault injection)."""
    return hurt_process(hub.pid, calls, error, log)


@contextlib.contextmanager
def hurt_process(pid: int, calls: str, error: str, log: Path, *, paths: tuple[Path, ...] = ()) -> Iterator[None]:
    """The same for any process; only on the files `paths` where any are named."""
    command = ["strace", "-f", "-y", "-o", str(log), "-p", str(pid), "-e", f"trace={calls}"]
    for path in paths:
        command += ["-P", str(path)]
    strace = subprocess.Popen([*command, "-e", f"inject={calls}:error={error}"], stderr=subprocess.PIPE)
    assert strace.stderr is not None
    said = strace.stderr.readline()
    if b"attached" not in said:
        strace.wait(10)
        pytest.skip(f"strace may not attach here: {said.decode().strip()}")
    time.sleep(0.3)  # the threads are attached one by one
    try:
        yield
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait(20)


@dataclass(frozen=True)
class Call:
    """One finished system call: `name`, the path of its first descriptor or its text, `result`."""

    name: str
    text: str
    result: str


_WHOLE = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<text>.*)\) += (?P<result>.*)$")
_BEGUN = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<text>.*) <unfinished \.\.\.>$")
_ENDED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<text>.*)\) += (?P<result>.*)$")


def calls_in(log: Path) -> list[Call]:
    """The calls of a strace log in the order in which they ended."""
    begun: dict[tuple[str, str], str] = {}
    calls = []
    for line in log.read_text(errors="replace").splitlines():
        if match := _BEGUN.match(line):
            begun[match["pid"], match["name"]] = match["text"]
        elif match := _ENDED.match(line):
            text = begun.pop((match["pid"], match["name"]), "") + match["text"]
            calls.append(Call(match["name"], text, match["result"]))
        elif match := _WHOLE.match(line):
            calls.append(Call(match["name"], match["text"], match["result"]))
    return calls
