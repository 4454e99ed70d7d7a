"""Fifty exchanges and more between two stations while hub and agents are killed (SIGKILL) at random moments.

Real processes, real folders; the officers' desks work on beside it. At the end every acknowledged envelope is there once,
every receipt verifies, no letter is without receipt and no receipt without letter. See `findings.py` for each promise.

A longer run:  HANXUN_SOAK=20 pytest tests/end_to_end/test_kills.py -s   (that many times the exchanges and the kills)
Other dice:    HANXUN_KILL_SEED=7 …                                      (the seed of every run is printed)
"""

import os
import random
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from station_agent.store.deliveries import cursor_of
from station_agent.store.outbox import QUEUED, REFUSED, outbox_rows
from tests.end_to_end.findings import check_everything
from tests.end_to_end.kills import Kills, Plan
from tests.end_to_end.stories import (
    HEAVY,
    Exchange,
    open_correction,
    open_letter,
    some_file,
    without_letter,
)
from tests.end_to_end.world import Station, World, a_world, wait_until

pytestmark = pytest.mark.long

SOAK = int(os.environ.get("HANXUN_SOAK", "1"))
SEED = int(os.environ.get("HANXUN_KILL_SEED", "20261124"))
EXCHANGES, LETTERS, AT_ONCE = 50 * SOAK, 3 * SOAK, 8
KILLS_EACH = 4 * SOAK
IDLE_TURN_S = 0.03
STANDSTILL_S = 120.0  # how long nothing may move before it counts as stuck: the machine may be busy


@dataclass
class Desks:
    """The officers of both stations at work: opens cases, keeps some at once going, until told to come to an end."""

    world: World
    rng: random.Random
    opened: list[Exchange] = field(default_factory=list)
    letters: int = 0

    def __post_init__(self) -> None:
        self._stories = without_letter()
        self._last_heavy = 0.0

    @property
    def open(self) -> list[Exchange]:
        """Exchanges with steps left."""
        return [exchange for exchange in self.opened if exchange.done < len(exchange.steps)]

    def turn(self, *, more: bool, heavy: bool) -> bool:
        """Open what is to be opened, take every step that is ready, and say whether there was any."""
        if more and len(self.open) < AT_ONCE:
            self._open(heavy)
        moved = [exchange.move() for exchange in self.open]
        if not any(moved):
            time.sleep(IDLE_TURN_S)
        return any(moved)

    def _open(self, heavy: bool) -> None:
        pair = list(self.world.stations)
        self.rng.shuffle(pair)
        opener, answerer = pair
        if len(self.opened) >= self.letters * (EXCHANGES // LETTERS) + 5 and self.letters < LETTERS:
            self.letters += 1
            self.opened.append(open_letter(opener, answerer, self.rng))
            return
        file = None
        if heavy and time.monotonic() - self._last_heavy > 1.5:
            self._last_heavy = time.monotonic()
            file = some_file(self.rng, HEAVY)
        self.opened.append(open_correction(opener, answerer, self.rng, story=next(self._stories), file=file))


def test_nothing_acknowledged_is_lost_or_doubled_when_hub_and_agents_are_killed(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    kills = Kills(world, Plan(kills_each=KILLS_EACH), SEED)
    desks = Desks(world, random.Random(SEED))
    began = time.monotonic()
    try:
        world.start()
        started = time.monotonic()
        kills.start()
        drive(desks, kills)
        kills.end()
        driven = time.monotonic()
        settle(desks)
        settled = time.monotonic()
        world.stop()
        hub = check_everything(world, desks.opened)
        killed = {process.name: process.kills for process in world.processes}
        print(
            f"seed {SEED}: {len(desks.opened)} exchanges, {len(hub.filed)} envelopes, kills {killed}, "
            f"broken off at byte {kills.in_transfer}, sent more than once {sent_again(world)}; "
            f"start {started - began:.1f} s, driven {driven - started:.1f} s, settled {settled - driven:.1f} s, "
            f"checked {time.monotonic() - settled:.1f} s"
        )
        assert len(desks.opened) >= EXCHANGES
        assert desks.letters == LETTERS
        assert all(count >= KILLS_EACH for count in killed.values()), killed
        assert sum(killed.values()) >= 15
        assert kills.in_transfer.keys() == {"hub in upload", "sender in upload", "receiver in download"}
        shutil.rmtree(tmp_path)  # pytest would keep some 200 MB of it; a failed run stays to be looked at
    finally:
        print("\n".join(kills.log))
        world.close()


def drive(desks: Desks, kills: Kills) -> None:
    """Let the desks work until the exchanges are opened and the kills are done."""
    last, idle = 0.0, 0
    while kills.at_work or len(desks.opened) < EXCHANGES:
        # Turns are counted, not the clock; see `wait_until`.
        assert idle * IDLE_TURN_S < STANDSTILL_S, f"nothing moves: {unfinished(desks)}"
        # Beyond the fifty there is still traffic as long as something is to be killed, but not at full speed.
        more = len(desks.opened) < EXCHANGES or time.monotonic() - last > 0.5
        last = time.monotonic() if more else last
        idle = 0 if desks.turn(more=more, heavy=kills.transfers_missing) else idle + 1


def settle(desks: Desks) -> None:
    """Let everything come to its end with nobody killed any more."""

    def quiet() -> bool:
        desks.turn(more=False, heavy=False)
        return all(exchange.closed for exchange in desks.opened) and all(map(is_idle, desks.world.stations))

    wait_until(quiet, STANDSTILL_S, what=lambda: unfinished(desks))


def is_idle(station: Station) -> bool:
    """Whether nothing waits in the outbox."""
    with station.agent.store.read() as tx:
        return not outbox_rows(tx, QUEUED, REFUSED)


def sent_again(world: World) -> int:
    """How many messages were handed in more than once before their receipt was stored."""
    count = 0
    for station in world.stations:
        with station.agent.store.read() as tx:
            count += sum(row.attempts > 1 for row in outbox_rows(tx))
    return count


def unfinished(desks: Desks) -> str:
    """What is not done, for the message of a failed test."""
    lines = [f"{e.case}: step {e.done} of {len(e.steps)}" for e in desks.opened if not e.closed]
    for station in desks.world.stations:
        with station.agent.store.read() as tx:
            waiting = [(row.state, row.trouble, row.problem) for row in outbox_rows(tx, QUEUED, REFUSED)]
            lines.append(f"{station.code}: cursor {cursor_of(tx)}, waiting {waiting}")
    return "\n".join((*lines, *(process.tail() for process in desks.world.processes)))
