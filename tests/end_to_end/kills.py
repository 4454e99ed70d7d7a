"""SIGKILL at random moments, and in the middle of transfers; whatever was killed is started again."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end.world import PATIENCE_S, Process, World


@dataclass
class Plan:
    """How often each process is killed at random, and how long it lives and stays away (seconds, from and to)."""

    kills_each: int
    alive_s: tuple[float, float] = (0.3, 2.5)
    away_s: tuple[float, float] = (0.0, 0.8)
    killed_while_starting: float = 0.2


@dataclass
class Kills:
    """The killing threads of a world. `log` tells what was done, when."""

    world: World
    plan: Plan
    seed: int
    log: list[str] = field(default_factory=list)
    in_transfer: dict[str, int] = field(default_factory=dict)
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._locks = {process.name: threading.Lock() for process in self.world.processes}
        works: list[Callable[[], None]] = [self._work_of(process) for process in self.world.processes]
        self._threads = [threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in works]
        self._watcher = threading.Thread(target=self._guarded, args=(self._watch_transfers,), daemon=True)

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        for thread in (*self._threads, self._watcher):
            thread.start()

    @property
    def transfers_missing(self) -> bool:
        """Whether a big transfer is still needed, to be killed in its middle."""
        return len(self.in_transfer) < 3

    @property
    def at_work(self) -> bool:
        """Whether more kills are to come. Raises what a thread met."""
        if self.failure is not None:
            raise self.failure
        return any(thread.is_alive() for thread in (*self._threads, self._watcher))

    def end(self) -> None:
        """Stop killing and leave everything running."""
        self._ended.set()
        for thread in (*self._threads, self._watcher):
            thread.join(PATIENCE_S)
        if self.failure is not None:
            raise self.failure

    def _work_of(self, process: Process) -> Callable[[], None]:
        # Each process has its own dice: the threads' turns do not change what falls.
        rng = random.Random(f"{self.seed} {process.name}")

        def work() -> None:
            for _ in range(self.plan.kills_each):
                if self._ended.wait(rng.uniform(*self.plan.alive_s)):
                    return
                away, again, early = rng.uniform(*self.plan.away_s), rng.random(), rng.uniform(0.0, 1.5)
                with self._locks[process.name]:
                    self._kill(process, "at random", away)
                    if again < self.plan.killed_while_starting:
                        time.sleep(early)
                        self._kill(process, "while starting", 0.0)
                    process.wait_ready()

        return work

    def _watch_transfers(self) -> None:
        """Kill the hub and the sender in the middle of an upload, the receiver in the middle of a download, once each."""
        while self.transfers_missing and not self._ended.is_set():
            for what, process, part, size in self._transfers():
                if what not in self.in_transfer and 0 < _size(part) < size:
                    self._kill_in(what, process, part, size)
            time.sleep(0.002)

    def _transfers(self) -> list[tuple[str, Process, Path, int]]:
        """What is on its way: (which kill it would be, whom it hits, the growing file, its size at the end)."""
        found: list[tuple[str, Process, Path, int]] = []
        senders = {station.code: station.process for station in self.world.stations}
        for part in _listed(self.world.hub_folder.uploads):
            _, station, size = part.name.split(".")
            found.append(("hub in upload", self.world.hub, part, int(size)))
            found.append(("sender in upload", senders[station], part, int(size)))
        for station in self.world.stations:
            for part in _listed(station.data / "blobs" / "incoming"):
                if part.suffix == ".part":
                    stored = self.world.hub_folder.blobs / part.name[:2] / part.stem
                    found.append(("receiver in download", station.process, part, _size(stored)))
        return found

    def _kill_in(self, what: str, process: Process, part: Path, size: int) -> None:
        lock = self._locks[process.name]
        if not lock.acquire(blocking=False):
            return
        try:
            self._kill(process, what, 0.0)
            # Only what the kill has really broken off counts.
            if 0 < (left := _size(part)) < size:
                self.in_transfer[what] = left
            process.wait_ready()
        finally:
            lock.release()

    def _kill(self, process: Process, why: str, away_s: float) -> None:
        process.kill()
        self.log.append(f"{time.monotonic() - self._began:6.2f} s  {process.name} killed {why}, away {away_s:.2f} s")
        time.sleep(away_s)
        process.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - a thread's failure is raised in the test
            self.failure = self.failure or error


def _listed(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
