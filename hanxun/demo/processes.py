"""The demo's processes: the hub and the agents, each a `hanxun … serve` of its own, and the desks; stopped together."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable

READY_S = 60.0
STOP_S = 5.0  # well within the 10 that are promised, on a busy machine too


class Processes:
    """Processes started for the demo. Leaving the `with` block stops them all, in the reverse order, within 10 seconds."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Processes":
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, *arguments: str, module: str = "hanxun") -> dict[str, Any]:
        """Start `hanxun ARGUMENTS` (or another `module`) and return the line of JSON it prints when ready.

        Raises: Unavailable (`demo.process`) when it ends or stays silent; its log says why.
        """
        out, err = self._logs / f"{name}.out", self._logs / f"{name}.log"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603 (our own interpreter, our own module)
                [sys.executable, "-m", module, *arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )
        self._running.append(process)
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and process.poll() is None:
            line, newline, _ = out.read_bytes().partition(b"\n")
            if newline:
                answer: dict[str, Any] = json.loads(line)
                return answer
            time.sleep(0.05)
        raise Unavailable(Code.DEMO_PROCESS, detail=str(err), values={"name": name})

    def stop(self) -> None:
        """Ask every process to stop, agents before the hub; kill what does not within a few seconds."""
        # Somebody who presses Ctrl-C again must not leave half of them running.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for process in reversed(self._running):
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
