"""A station and its served pages, for the tests of this folder."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from station_agent.desk.draft import draft
from station_agent.web.server import serve_desk
from tests.exchange.builders import a_province, now_utc
from tests.station.desks import OPENER, ORIGIN, PASSPHRASE, Desk, a_desk
from tests.station.scene import a_body, a_scene
from tests.station.web.served import Served, no_register

LATER = {"letter_number", "original_attested", "pages", "late_reason"}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = Path(tmp_path_factory.mktemp("pages"))
    return a_desk(a_province(), folder / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)


@pytest.fixture
async def served(station: Desk) -> AsyncIterator[Served]:
    body = {key: value for key, value in a_body().items() if key not in LATER}
    case = draft(station.agent, station.window, type="C06", to=ORIGIN, body=body, now=now_utc())
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve_desk(station.data, PASSPHRASE, register=no_register, port=0, ready=address.set_result, stop=stop)
    )
    url = await address
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield Served(station, url, client, case)
    stop.set()
    await serving
