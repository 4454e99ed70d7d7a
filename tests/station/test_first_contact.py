"""An agent that starts without a revocation list, or with one of last week: what waits for it must not be put aside."""

import asyncio
from pathlib import Path

import pytest

from station_agent import sync
from station_agent.store.deliveries import FILED, delivery_rows
from tests.station.desks import PASSPHRASE, a_correction, a_world


async def test_the_revocation_list_is_fetched_before_the_mailbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(*_arguments: object, **_options: object) -> None:
        await asyncio.Event().wait()

    async with a_world(tmp_path) as world:
        a_correction(world.opener)
        await world.opener.sync()
        # Upkeep runs beside the mailbox and may be the later one.
        monkeypatch.setattr(sync, "keep_up", late)
        stop = asyncio.Event()
        serving = asyncio.create_task(sync.serve(world.origin.data, PASSPHRASE, stop=stop))
        try:
            rows = ()
            async with asyncio.timeout(60):
                while not rows:
                    await asyncio.sleep(0.05)
                    with world.origin.agent.store.read() as tx:
                        rows = delivery_rows(tx)
        finally:
            stop.set()
            await serving
    assert [row.state for row in rows] == [FILED]
