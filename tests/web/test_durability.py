"""Acknowledged means durable, seen from outside: the system calls of a real hub, faults injected into them, kills."""

import asyncio
import random
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from hub.exchange.check import check_hub
from hub.protocol.identifiers import digest_of
from tests.exchange.builders import PROOF, A, Province, a_hub_folder, a_province, an_attachment, an_envelope, signed
from tests.web.builders import Client
from tests.web.process import Call, HubProcess, a_hub_process, calls_in, hurt, needs_strace

WATCHED = "fsync,fdatasync,rename,renameat,renameat2,pwrite64,write,writev,sendto,sendmsg"


async def a_client(session: aiohttp.ClientSession, hub: HubProcess, province: Province) -> Client:
    """Station A, signed in."""
    return await Client(session, province, A, hub.url).sign_in()


def index_of(calls: list[Call], *names: str, text: str, after: int = -1) -> int:
    """Where the first successful call with `text` stands behind `after`."""
    for at, call in enumerate(calls):
        if at > after and call.name in names and text in call.text and not call.result.startswith("-1"):
            return at
    raise AssertionError(f"no {names} of {text} after {after}")


def last_sync_of(calls: list[Call], path: str, *, before: int) -> int:
    """Where the last sync of `path` stands before `before`."""
    found = [at for at, call in enumerate(calls[:before]) if call.name.endswith("sync") and path in call.text]
    assert found, f"{path} was not synced"
    assert calls[found[-1]].result == "0"
    return found[-1]


@needs_strace
async def test_bytes_folder_and_log_are_on_the_disk_before_the_answer(tmp_path: Path) -> None:
    province, log = a_province(), tmp_path / "strace"
    data = a_hub_folder(province, tmp_path / "hub")
    strace = ("strace", "-f", "-y", "-s", "200", "-o", str(log), "-e", f"trace={WATCHED}")
    with a_hub_process(data, under=strace) as hub:
        async with aiohttp.ClientSession() as session:
            client = await a_client(session, hub, province)
            digest = await client.upload(PROOF)
            await client.send(an_envelope())
    calls = calls_in(log)

    folder = f"/blobs/{digest[:2]}"
    part = index_of(calls, "fsync", "fdatasync", text=f"/uploads/{digest}")
    parent = index_of(calls, "fsync", text="/blobs>")
    name = index_of(calls, "rename", "renameat", "renameat2", text=f"{folder}/{digest}", after=max(part, parent))
    entry = index_of(calls, "fsync", text=f"{folder}>", after=name)
    row = index_of(calls, "fsync", "fdatasync", text="hub.sqlite-wal", after=entry)
    index_of(calls, "write", "writev", "sendto", "sendmsg", text="Upload-Complete: ?1", after=row)

    receipt = index_of(calls, "write", "writev", "sendto", "sendmsg", text="HTTP/1.1 201")
    synced = last_sync_of(calls, "hub.sqlite-wal", before=receipt)
    assert synced > index_of(calls, "pwrite64", text="hub.sqlite-wal", after=row)
    later = [call for call in calls[synced:receipt] if call.name == "pwrite64" and "hub.sqlite-wal" in call.text]
    assert later == []


@needs_strace
@pytest.mark.parametrize(
    ("calls", "error", "code"),
    [
        ("fsync,fdatasync", "EIO", "store.unavailable"),
        ("pwrite64", "ENOSPC", "store.full"),
    ],
)
async def test_what_cannot_be_made_durable_is_not_acknowledged(
    tmp_path: Path, calls: str, error: str, code: str
) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub")
    raw, other = signed(province, an_envelope()), b"%PDF-1.7 another"
    with a_hub_process(data) as hub:
        async with aiohttp.ClientSession() as session:
            client = await a_client(session, hub, province)
            await client.upload(PROOF)
            digest = digest_of(other)
            async with client.call("POST", f"/v1/blobs/{digest}", headers={"Upload-Length": str(len(other))}):
                pass
            with hurt(hub, calls, error, tmp_path / "strace"):
                status, problem = await client.submit(raw)
                assert (status, code in problem.decode()) == (503, True), problem.decode()
                headers = {"Upload-Offset": "0"}
                async with client.call("PATCH", f"/v1/blobs/{digest}", headers=headers, data=other) as response:
                    assert (response.status, (await response.json())["code"]) == (503, code)
            # The fault is over: the same bytes are taken now, once; the upload starts again or goes on.
            assert (first := await client.submit(raw))[0] in (200, 201)
            assert await client.submit(raw) == (200, first[1])
            await client.upload(other)
            await client.send(an_envelope())
    report = check_hub(data)
    assert report.ok, report
    assert report.trail.size == 4 + _administration(data)


async def test_a_killed_hub_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    province, random_source = a_province(), random.Random(7)
    data = a_hub_folder(province, tmp_path / "hub")
    receipts: dict[bytes, bytes] = {}
    for _ in range(3):
        with a_hub_process(data) as hub:
            async with aiohttp.ClientSession() as session:
                client = await a_client(session, hub, province)
                await client.upload(PROOF)
                for raw, receipt in receipts.items():
                    assert await client.submit(raw) == (200, receipt)
                sending = [asyncio.create_task(_send_until_killed(client, receipts)) for _ in range(8)]
                await asyncio.sleep(random_source.uniform(0.1, 0.6))
                hub.kill()
                await asyncio.gather(*sending)
    report = check_hub(data)
    assert report.ok, report
    assert len(receipts) > 10
    assert (report.trail.size - _administration(data)) // 2 >= len(receipts)


async def _send_until_killed(client: Client, receipts: dict[bytes, bytes]) -> None:
    while True:
        raw = signed(client.province, an_envelope())
        try:
            status, answer = await client.submit(raw)
        except aiohttp.ClientError:
            return
        assert status == 201
        receipts[raw] = answer


async def test_sigterm_finishes_what_is_in_flight(tmp_path: Path) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub")
    with a_hub_process(data) as hub:
        async with aiohttp.ClientSession() as session:
            client = await a_client(session, hub, province)
            await client.upload(PROOF)
            sent = [asyncio.create_task(client.submit(signed(province, an_envelope()))) for _ in range(20)]
            await asyncio.sleep(0.02)
            hub.process.terminate()
            answers = await asyncio.gather(*sent, return_exceptions=True)
            hub.process.wait(20)
    assert hub.process.returncode == 0
    acknowledged = [answer for answer in answers if isinstance(answer, tuple) and answer[0] == 201]
    report = check_hub(data)
    assert report.ok
    others = [answer for answer in answers if answer not in acknowledged]
    assert report.trail.size == 2 * len(acknowledged) + _administration(data), others


async def test_an_upload_goes_on_after_a_kill(tmp_path: Path) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub")
    raw = bytes(range(256)) * 8192
    attachment = an_attachment(raw)
    half = len(raw) // 2
    path = f"/v1/blobs/{attachment.digest}"
    async with aiohttp.ClientSession() as session:
        with a_hub_process(data) as hub:
            client = await a_client(session, hub, province)
            async with client.call("POST", path, headers={"Upload-Length": str(len(raw))}) as response:
                assert response.status == 200
            async with client.call("PATCH", path, headers={"Upload-Offset": "0"}, data=raw[:half]) as response:
                assert (await response.json())["offset"] == half
            hub.kill()
        with a_hub_process(data) as hub:
            client = await a_client(session, hub, province)
            async with client.call("HEAD", path) as response:
                assert response.headers["Upload-Offset"] == str(half)
                assert response.headers["Upload-Complete"] == "?0"
            async with client.call("PATCH", path, headers={"Upload-Offset": str(half)}, data=raw[half:]) as response:
                assert (await response.json())["complete"] is True
    assert check_hub(data).ok


def _administration(data: Path) -> int:
    # Leaves from before the hub served: administrators named, stations activated.
    with sqlite3.connect(data / "hub.sqlite") as database:
        query = 'SELECT count(*) FROM leaves WHERE CAST(record AS TEXT) LIKE \'%"event":"administration"%\''
        return int(database.execute(query).fetchone()[0])
