"""The real services through a hub's death: killed, restored from an older backup, undeclared, declared. Nobody restarts an agent."""

import random
from pathlib import Path

from hub.exchange.backup import backup_hub, restore_hub
from hub.exchange.check import check_hub
from hub.protocol.codes import Code
from station_agent.history import standstill
from station_agent.store.outbox import QUEUED, outbox_rows
from tests.backup.scene import BACKUP, CHEAP, at_hub
from tests.end_to_end.stories import Exchange, open_correction
from tests.end_to_end.world import PASSPHRASE, Station, World, a_world, wait_until
from tests.exchange.builders import declare, now_utc


def test_services_stop_at_a_hub_that_went_back_and_send_again_once_it_is_declared(tmp_path: Path) -> None:
    world, rng = a_world(tmp_path), random.Random(5)
    opener, answerer = world.stations
    data = world.hub_folder.root
    try:
        world.start()
        play(world, open_correction(opener, answerer, rng, story="plain"))
        backup_hub(data, tmp_path / "b.hxb", BACKUP, now=now_utc(), cost=CHEAP)
        play(world, open_correction(opener, answerer, rng, story="asked"))
        world.hub.kill()
        acknowledged = at_hub(data)
        data.rename(tmp_path / "dead disk")
        restore_hub(tmp_path / "b.hxb", BACKUP, data)
        kept = at_hub(data)
        assert kept.keys() < acknowledged.keys()

        restart(world)
        wait_until(lambda: all(map(stopped, world.stations)), what=lambda: "both agents to stop")
        waiting = open_correction(opener, answerer, rng, story="plain")
        world.hub.stop()
        assert at_hub(data) == kept

        declare(data, world.province, passphrase=PASSPHRASE)
        restart(world)
        wait_until(lambda: at_hub(data).keys() >= acknowledged.keys(), what=lambda: f"the refill\n{world.hub.tail()}")
        play(world, waiting)
        assert not any(map(stopped, world.stations))
        world.stop()
        assert kept.items() <= at_hub(data).items()
        assert check_hub(data).ok
        assert check_hub(data).findings == ()
    finally:
        world.close()


def restart(world: World) -> None:
    """Start the hub's service again."""
    if world.hub.child is not None:
        world.hub.stop()
    world.hub.start()
    world.hub.wait_ready()


def play(world: World, exchange: Exchange) -> None:
    """Let the desks take every step until the case is closed and nothing waits."""

    def quiet() -> bool:
        exchange.move()
        return exchange.closed and not any(map(queue_of, world.stations))

    wait_until(quiet, what=lambda: f"{exchange.case} at step {exchange.done}\n{world.hub.tail()}")


def queue_of(station: Station) -> tuple[object, ...]:
    """What waits in the station's outbox."""
    with station.agent.store.read() as tx:
        return outbox_rows(tx, QUEUED)


def stopped(station: Station) -> bool:
    """Whether the station says that the hub went back."""
    with station.agent.store.read() as tx:
        still = standstill(tx)
    return still is not None and still.code is Code.HUB_ROLLED_BACK
