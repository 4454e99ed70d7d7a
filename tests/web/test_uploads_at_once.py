"""An upload that is begun a second time while the first is under way, as by an agent that asks again after a time-out."""

import asyncio
import threading
from pathlib import Path

import pytest

from hub.exchange import uploads
from hub.protocol.identifiers import digest_of
from tests.exchange.builders import A, some_bytes
from tests.web.builders import Client, a_served_hub


async def test_a_second_beginning_does_not_empty_what_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, create = some_bytes(40_000), uploads._create
    reached, released = threading.Event(), threading.Event()

    def slow_at_first(*arguments: object) -> object:
        if not reached.is_set():
            reached.set()
            released.wait(20)
        return create(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(uploads, "_create", slow_at_first)
    async with a_served_hub(tmp_path) as hub:
        client = await hub.client(A)
        slow = asyncio.create_task(begin(client, raw))
        await asyncio.to_thread(reached.wait, 20)
        second = asyncio.create_task(begin(client, raw))
        await asyncio.sleep(0.1)
        assert not second.done()  # it waits its turn: one file, one account of what is in it
        released.set()
        assert (await slow, await second) == (0, 0)
        assert await add(client, raw, 0, raw[:20_000]) == 20_000
        assert await begin(client, raw) == 20_000
        await add(client, raw, 20_000, raw[20_000:])
        digest = digest_of(raw)
        assert (hub.data / "blobs" / digest[:2] / digest).read_bytes() == raw


async def begin(client: Client, raw: bytes) -> int:
    """Begin, and be told where it stands."""
    return await _offset(client, "POST", raw, {"Upload-Length": str(len(raw))}, b"")


async def add(client: Client, raw: bytes, offset: int, part: bytes) -> int:
    """Add `part`, and be told where it stands."""
    return await _offset(client, "PATCH", raw, {"Upload-Offset": str(offset)}, part)


async def _offset(client: Client, method: str, raw: bytes, headers: dict[str, str], data: bytes) -> int:
    async with client.call(method, f"/v1/blobs/{digest_of(raw)}", headers=headers, data=data) as response:
        assert response.status == 200, await response.text()
        return int((await response.json())["offset"])


async def test_one_station_uploads_the_same_bytes_from_many_places_at_once(tmp_path: Path) -> None:
    raw = some_bytes(300_000, seed=5)
    digest = digest_of(raw)

    async def upload(client: Client) -> None:
        for _ in range(50):
            state = await _try(client, "POST", digest, {"Upload-Length": str(len(raw))}, b"")
            if state.get("complete"):
                return
            offset = int(state.get("offset", 0))
            await _try(client, "PATCH", digest, {"Upload-Offset": str(offset)}, raw[offset : offset + 90_000])
        raise AssertionError("never complete")

    async with a_served_hub(tmp_path) as hub:
        clients = [await hub.client(A) for _ in range(6)]
        await asyncio.gather(*map(upload, clients))
        assert (hub.data / "blobs" / digest[:2] / digest).read_bytes() == raw
        assert list((hub.data / "uploads").iterdir()) == []


async def _try(client: Client, method: str, digest: str, headers: dict[str, str], data: bytes) -> dict[str, object]:
    async with client.call(method, f"/v1/blobs/{digest}", headers=headers, data=data) as response:
        assert response.status in (200, 404, 409), await response.text()
        return await response.json() if response.status == 200 else {}
