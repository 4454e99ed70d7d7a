"""A station's disk that is nearly full: nothing new is begun, what is open goes on; below the floor nothing is fetched either."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable
from station_agent.agent import Agent
from station_agent.room import standing
from station_agent.settings import DiskSettings
from station_agent.store.deliveries import cursor_of
from station_agent.store.outbox import outbox_rows
from tests.station.desks import Desk, a_correction, a_sent_letter, a_world

ENDLESS = 1 << 62


def on_a_disk(desk: Desk, **limits: int) -> Desk:
    """The desk with other limits: to it this machine's disk looks full."""
    settings = msgspec.structs.replace(desk.agent.settings, disk=DiskSettings(**limits))
    return replace(desk, agent=replace(desk.agent, settings=settings))


def why_not(agent: Agent) -> Code | None:
    """Why nothing new is begun."""
    trouble = standing(agent.folder.root, agent.settings.disk)
    return None if trouble is None else trouble.code


async def test_on_a_low_disk_nothing_new_is_begun_and_what_is_open_is_sent_and_received(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        a_sent_letter(world.opener)
        low_opener, low_origin = (on_a_disk(desk, low_bytes=ENDLESS) for desk in (world.opener, world.origin))
        assert (why_not(world.opener.agent), why_not(low_opener.agent)) == (None, Code.AGENT_DISK_LOW)
        with pytest.raises(Unavailable) as refusal:
            a_correction(low_opener)
        assert refusal.value.code is Code.AGENT_DISK_LOW
        await low_opener.sync()
        await low_origin.sync()
        with low_opener.agent.store.read() as tx:
            assert {row.state for row in outbox_rows(tx)} == {"sent"}
        with low_origin.agent.store.read() as tx:
            assert cursor_of(tx) > 0


async def test_below_the_floor_nothing_is_fetched_and_it_waits_at_the_hub(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        a_sent_letter(world.opener)
        await world.opener.sync()
        full = on_a_disk(world.origin, floor_bytes=ENDLESS)
        with pytest.raises(Unavailable) as refusal:
            await full.sync()
        assert refusal.value.code is Code.AGENT_DISK_LOW
        with full.agent.store.read() as tx:
            assert cursor_of(tx) == 0
        await world.origin.sync()
        with world.origin.agent.store.read() as tx:
            assert cursor_of(tx) > 0
