"""The event stream: woken when something is filed, going on from Last-Event-ID, heartbeats, dead clients cleared away."""

import asyncio
from pathlib import Path

import aiohttp
from aiohttp import web

from hub.exchange.deliver import WakeUps
from hub.exchange.hub import open_hub
from hub.protocol.identifiers import digest_of
from hub.web.server import make_runner
from tests.exchange.builders import PASSPHRASE, PROOF, A, B, a_handover, a_hub_folder, a_province, an_envelope
from tests.web.builders import Client, a_served_hub


class Stream:
    """One event stream, read event by event."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> dict[str, str]:
        """The next event, or comment as {"": ""}."""
        event: dict[str, str] = {}
        while True:
            line = (await asyncio.wait_for(self.response.content.readline(), 10)).decode().rstrip("\n")
            if not line and event:
                return event
            if line:
                name, _, value = line.partition(":")
                event[name] = value.strip()

    async def next_of(self, name: str) -> dict[str, str]:
        """The next event with a field `name`."""
        while True:
            event = await self.next()
            if name in event:
                return event


def listen(client: Client, last: int | None = None):
    """Open the client's stream."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    return client.call("GET", "/v1/events", headers=headers)


async def test_a_stream_is_woken_by_what_is_filed_and_goes_on_after_the_last_id(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a, b = await hub.client(A), await hub.client(B)
        await a.upload(PROOF)
        async with listen(b) as response:
            assert response.content_type == "text/event-stream"
            stream = Stream(response)
            assert await stream.next() == {"retry": "2000"}
            inquiry = an_envelope()
            raw, _ = await a.send(inquiry)
            event = await stream.next_of("id")
            assert (event["event"], event["id"]) == ("mailbox", "1")
            assert [item["cursor"] for item in (await b.mailbox())["items"]] == [1]
        await a.send(an_envelope())
        async with listen(b, last=1) as response:
            assert (await Stream(response).next_of("id"))["id"] == "2"
        async with listen(b, last=2) as response:
            stream = Stream(response)
            await stream.next()
            await b.send(a_handover(inquiry, digest_of(raw)))
            await a.send(an_envelope())
            assert (await stream.next_of("id"))["id"] == "4"


async def test_a_quiet_stream_has_heartbeats_and_a_dead_client_is_cleared_away(tmp_path: Path) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub", settings=b"[limits]\nheartbeat_s = 1\nstreams_per_station = 64\n")
    hub = await open_hub(data, PASSPHRASE)
    runner = make_runner(hub, audience="http://hub.test")
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as session:
            client = Client(session, province, B, url, audience="http://hub.test")
            await client.sign_in()
            async with listen(client) as response:
                stream = Stream(response)
                await stream.next()
                assert await stream.next() == {"": ""}
            responses = [await listen(client) for _ in range(20)]
            assert hub.wake_ups.listeners >= 20
            for response in responses:
                response.close()
            async with asyncio.timeout(8):
                while hub.wake_ups.listeners:  # noqa: ASYNC110 - the hub has no event for it
                    await asyncio.sleep(0.05)
    finally:
        await runner.cleanup()
        await hub.close()


async def test_stopping_ends_the_streams(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        response = await listen(await hub.client(B))
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 8
    response.close()


async def test_pages_follow_the_cursor(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a, b = await hub.client(A), await hub.client(B)
        await a.upload(PROOF)
        for _ in range(5):
            await a.send(an_envelope())
        first = await b.mailbox(limit=3)
        rest = await b.mailbox(after=first["items"][-1]["cursor"], limit=3)
        assert ([item["cursor"] for item in first["items"] + rest["items"]], first["more"], rest["more"]) == (
            [1, 2, 3, 4, 5], True, False,
        )  # fmt: skip


def test_waking_after_closing_and_forgetting_leaves_nothing() -> None:
    wake_ups = WakeUps()
    event = wake_ups.listen(A, most=8)
    wake_ups.wake([A, B])
    assert event.is_set()
    wake_ups.forget(A, event)
    assert wake_ups.listeners == 0
    wake_ups.close()
    assert wake_ups.listen(A, most=8).is_set()
