"""The hub is away: the desks go on, what they send waits (E501); when it is back everything goes, each with one receipt."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.identifiers import Digest
from station_agent.store.envelopes import find_envelope, receipts_for
from station_agent.store.outbox import QUEUED, SENT, OutboxRow, outbox_rows
from station_agent.sync import connect
from tests.end_to_end.findings import check_everything
from tests.end_to_end.stories import SMALL, Exchange, open_correction, some_file
from tests.end_to_end.world import Station, World, a_world, wait_until

pytestmark = pytest.mark.long

CASES = 5


def test_what_is_sent_while_the_hub_is_away_waits_and_goes_when_it_is_back(tmp_path: Path) -> None:
    world, rng = a_world(tmp_path), random.Random(4)
    try:
        world.start()
        opener, answerer = world.stations
        before = open_correction(opener, answerer, rng, story="plain")
        settle(world, [before], patience=lambda: before.closed)
        world.hub.kill()

        exchanges = [before, *(open_correction(opener, answerer, rng, story="plain") for _ in range(CASES))]
        wait_until(lambda: all_tried(opener), what=lambda: f"attempts to be made: {waiting(opener)}")
        assert {row.trouble for row in waiting(opener)} == {Code.HUB_UNREACHABLE.value} == {"E501"}
        # The agent's own process may go, too, while the hub is away; the desk still takes orders.
        opener.process.kill()
        exchanges.append(open_correction(opener, answerer, rng, story="plain", file=some_file(rng, SMALL)))
        opener.process.start()
        opener.process.wait_ready()
        assert len(waiting(opener)) == CASES + 1

        world.hub.start()
        world.hub.wait_ready()
        settle(world, exchanges, patience=lambda: all(exchange.closed for exchange in exchanges))
        before_restart = receipts_of(opener)
        again = asyncio.run(submitted_again(opener))
        assert again == before_restart
        # Also after the hub has forgotten everything that was only in its memory.
        world.hub.kill()
        world.hub.start()
        world.hub.wait_ready()
        assert asyncio.run(submitted_again(opener)) == before_restart
        world.stop()
        check_everything(world, exchanges)
    finally:
        world.close()


def settle(world: World, exchanges: list[Exchange], *, patience: Callable[[], bool]) -> None:
    """Let the desks take every step that is ready, until it is enough and nothing waits."""

    def quiet() -> bool:
        for exchange in exchanges:
            exchange.move()
        return patience() and not any(map(waiting, world.stations))

    wait_until(quiet, what=lambda: f"{[(e.case, e.done) for e in exchanges]}\n{world.hub.tail()}")


def waiting(station: Station) -> tuple[OutboxRow, ...]:
    """What waits in the station's outbox."""
    with station.agent.store.read() as tx:
        return outbox_rows(tx, QUEUED)


def all_tried(station: Station) -> bool:
    """Whether every waiting item was tried at least once."""
    rows = waiting(station)
    return len(rows) == CASES and all(row.attempts > 0 for row in rows)


def receipts_of(station: Station) -> dict[Digest, bytes]:
    """The receipts that the station keeps for what it has sent."""
    with station.agent.store.read() as tx:
        rows = outbox_rows(tx, SENT)
        return {row.envelope: receipts_for(tx, row.envelope)[0].raw for row in rows}


async def submitted_again(station: Station) -> dict[Digest, bytes]:
    """What the hub answers when everything that was sent is handed in once more."""
    answers: dict[Digest, bytes] = {}
    async with connect(station.agent) as client:
        for digest in receipts_of(station):
            with station.agent.store.read() as tx:
                stored = find_envelope(tx, digest)
            assert stored is not None
            answers[digest] = await client.submit(stored.raw)
    return answers
