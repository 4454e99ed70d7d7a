"""A clock that is a day off, at the hub or at a station: what cannot be judged waits, no gate opens, and it all goes on when
the clock is right. Real services under libfaketime; the gate is asked with the wrong time itself."""

import contextlib
import os
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.verdict import Indication, Verdict
from station_agent.desk.gate.evaluate import evaluate
from station_agent.store.outbox import QUEUED, SENT, outbox_rows
from tests.end_to_end.findings import check_everything
from tests.end_to_end.stories import Exchange, open_correction, state_at
from tests.end_to_end.world import Process, Station, World, a_world, wait_until
from tests.exchange.builders import now_utc
from tests.station.desks import World as Desks
from tests.station.desks import a_claimed_case
from tests.station.desks import a_world as a_world_of_desks
from tests.station.scene import cached_readers

pytestmark = pytest.mark.long

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
needs_faketime = pytest.mark.skipif(not LIBRARY.is_file(), reason="libfaketime (Debian: faketime) is not installed")
DAY = timedelta(days=1)


@contextlib.contextmanager
def clock(offset: str | None) -> Iterator[None]:
    """What is started meanwhile has its clock that far off; None: right."""
    wrong = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": offset or "",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    if offset:
        os.environ.update(wrong)
    try:
        yield
    finally:
        for name in wrong:
            os.environ.pop(name, None)


def start(clocks: Mapping[Process, str | None]) -> None:
    """Start processes, again if they run, each with its clock that far off."""
    for process in clocks:
        process.stop()
    for process, offset in clocks.items():
        with clock(offset):
            process.start()
    for process in clocks:
        process.wait_ready()


@needs_faketime
def test_services_whose_clocks_are_a_day_off_lose_nothing_and_go_on_when_they_are_right(tmp_path: Path) -> None:
    world, rng = a_world(tmp_path), random.Random(8)
    opener, answerer = world.stations
    exchanges: list[Exchange] = []

    def send_in_vain() -> None:
        exchange = open_correction(opener, answerer, rng, story="plain")
        exchanges.append(exchange)
        wait_until(lambda: tried(opener), what=lambda: f"an attempt\n{opener.process.tail()}\n{world.hub.tail()}")
        with opener.agent.store.read() as tx:
            assert outbox_rows(tx)[-1].state == QUEUED
        assert state_at(answerer, exchange.case) is None

    def settle() -> None:
        wait_until(lambda: settled(world, exchanges), what=lambda: f"{opener.process.tail()}\n{world.hub.tail()}")

    try:
        start({world.hub: "+1d", opener.process: None, answerer.process: None})
        send_in_vain()
        start({world.hub: "-1d"})
        send_in_vain()
        start({world.hub: None})
        settle()
        start({opener.process: "+1d", answerer.process: "-1d"})
        send_in_vain()
        start({opener.process: None, answerer.process: None})
        settle()
        world.stop()
        check_everything(world, exchanges)
    finally:
        world.close()


def tried(station: Station) -> bool:
    """Whether what is queued was tried in vain."""
    with station.agent.store.read() as tx:
        rows = outbox_rows(tx, QUEUED)
    return bool(rows) and all(row.attempts > 0 and row.trouble for row in rows)


def settled(world: World, exchanges: list[Exchange]) -> bool:
    """Take every step that is ready; say whether all are done and everything is sent."""
    for exchange in exchanges:
        exchange.move()
    for station in world.stations:
        with station.agent.store.read() as tx:
            if any(row.state != SENT for row in outbox_rows(tx)):
                return False
    return all(exchange.closed for exchange in exchanges)


async def test_a_gate_asked_with_a_clock_a_day_off_stays_shut_and_opens_when_it_is_right(tmp_path: Path) -> None:
    async with a_world_of_desks(tmp_path) as world:
        case = await a_claimed_case(world)
        await world.origin.sync()
        now = now_utc()
        ahead, behind = asked(world, case, now + DAY), asked(world, case, now - DAY)
        assert ahead.indication is Indication.INDETERMINATE
        assert Code.STATUS_LIST_TOO_OLD in causes(ahead)
        assert behind.indication is not Indication.TOTAL_PASSED
        assert Code.CLOCK_SKEW in causes(behind)
        assert asked(world, case, now).indication is Indication.TOTAL_PASSED


def asked(world: Desks, case: str, now: datetime) -> Verdict:
    """The gate's answer at that time."""
    agent = world.origin.agent
    return evaluate(agent, case, readers=cached_readers(), register=world.register, now=now)  # type: ignore[arg-type]


def causes(verdict: Verdict) -> set[Code | None]:
    """Why it did not pass."""
    return {check.cause for check in verdict.not_passed}
