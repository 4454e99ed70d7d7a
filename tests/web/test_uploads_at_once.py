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
        assert await begin(client, raw) == 0
        assert await add(client, raw, 0, raw[:20_000]) == 20_000
        released.set()
        assert await slow == 20_000
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
