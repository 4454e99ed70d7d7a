"""The check of the whole log, run in view: one at a time, in a thread of its own, its progress looked at from pages."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from hub.exchange.verify_trail import TrailReport, verify_trail
from hub.protocol.errors import HanxunError
from hub.trail.sequence import Frontier


@dataclass(frozen=True, slots=True)
class CheckState:
    """How far the check is. `report` when it is through; `trouble` the code of what broke it off."""

    running: bool
    begun_at: datetime | None
    ended_at: datetime | None
    done: int
    size: int
    report: TrailReport | None
    trouble: str | None


_NEVER = CheckState(False, None, None, 0, 0, None, None)


class ChainCheck:
    """The newest check of one hub's log."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = _NEVER

    @property
    def state(self) -> CheckState:
        """How far it is."""
        return self._state

    def start(self, data: Path, *, clock: Callable[[], datetime]) -> bool:
        """Begin a check, unless one runs; it takes as long as the log is."""
        with self._lock:
            if self._state.running:
                return False
            self._state = replace(_NEVER, running=True, begun_at=clock())
        # A daemon: the process may end whenever it is told to, a check changes nothing.
        threading.Thread(target=self._run, args=(data, clock), name="chain-check", daemon=True).start()
        return True

    def _run(self, data: Path, clock: Callable[[], datetime]) -> None:
        report, trouble = None, None
        try:
            report = verify_trail(data, progress=self._note)
        except HanxunError as error:
            trouble = error.code.value
        size = self._state.size if report is None else report.size
        done = self._state.done if report is None else report.size
        self._state = replace(
            self._state, running=False, ended_at=clock(), report=report, trouble=trouble, done=done, size=size
        )

    def _note(self, frontier: Frontier, size: int) -> None:
        self._state = replace(self._state, done=frontier.size, size=size)
