"""The hub's disk fails at each durable step: full, read-only, failed sync. Nothing is acknowledged then; later all goes on, once.

The steps in order: the part is made, its bytes written and synced, the folder made and synced, the name given and synced, the
row committed (log written, log synced); then an envelope: its rows written, synced.
"""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from hub.exchange.check import check_hub
from hub.protocol.identifiers import digest_of
from tests.command_line.test_logs import HANXUN
from tests.exchange.builders import PASSPHRASE, PROOF, A, Province, a_hub_folder, a_province, an_envelope, signed
from tests.faults.small_disk import a_small_disk
from tests.web.builders import Client
from tests.web.process import HubProcess, a_hub_process, hurt_process, needs_strace

pytestmark = pytest.mark.long

WAL_WRITE, WAL_SYNC = "pwrite64", "fsync,fdatasync"
# Step: the call, the file it works on (of the blob's names), and whether the blob or an envelope is on its way.
STEPS = {
    "the part is made": ("openat", "part"),
    "the part's bytes are written": ("pwrite64", "part"),
    "the part is synced": ("fsync", "part"),
    "the blob's folder is made": ("mkdir,mkdirat", "folder"),
    "the folder's entry is synced": ("fsync", "blobs"),
    "the blob gets its name": ("rename,renameat,renameat2", "blob"),
    "the blob's entry is synced": ("fsync", "folder"),
    "the blob's row is written": (WAL_WRITE, "wal"),
    "the blob's row is synced": (WAL_SYNC, "wal"),
}
FAULTS = [
    *((step, error) for step in STEPS for error in ("EIO",)),
    *(
        (step, "ENOSPC")
        for step in (
            "the part is made",
            "the part's bytes are written",
            "the blob gets its name",
            "the blob's row is written",
        )
    ),
    *(
        (step, "EROFS")
        for step in (
            "the part is made",
            "the blob's folder is made",
            "the blob gets its name",
            "the blob's row is written",
        )
    ),
]
CODES = {"EIO": {"store.unavailable"}, "ENOSPC": {"store.full"}, "EROFS": {"store.read_only", "store.unavailable"}}


@dataclass
class Scene:
    """One hub for all faults, and every receipt that it gave."""

    data: Path
    hub: HubProcess
    province: Province
    acknowledged: dict[bytes, bytes]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A hub that goes through every fault and must be whole afterwards, with everything that it acknowledged."""
    province = a_province()
    data = a_hub_folder(province, tmp_path_factory.mktemp("hurt") / "hub", settings=b"[disk]\nlook_every_s = 1\n")
    acknowledged: dict[bytes, bytes] = {}
    with a_hub_process(data) as hub:
        yield Scene(data, hub, province, acknowledged)
    report = check_hub(data)
    assert report.ok, report.findings
    with a_hub_process(data) as hub:
        asyncio.run(_told_again(hub, province, acknowledged))


async def _told_again(hub: HubProcess, province: Province, acknowledged: dict[bytes, bytes]) -> None:
    async with aiohttp.ClientSession() as session:
        client = await Client(session, province, A, hub.url).sign_in()
        for raw, receipt in acknowledged.items():
            assert await client.submit(raw) == (200, receipt)


def paths(data: Path, raw: bytes) -> dict[str, Path]:
    """Where a blob's steps happen."""
    digest = digest_of(raw)
    folder = data / "blobs" / digest[:2]
    part = data / "uploads" / f"{digest}.{A}.{len(raw)}"
    return {
        "part": part,
        "blobs": folder.parent,
        "folder": folder,
        "blob": folder / digest,
        "wal": data / "hub.sqlite-wal",
    }


def a_blob_in_a_new_folder(data: Path) -> bytes:
    """Bytes whose folder under `blobs/` is not there yet."""
    return next(raw for raw in (b"%%PDF-1.7 %d" % n for n in range(10_000)) if not paths(data, raw)["folder"].exists())


@needs_strace
@pytest.mark.parametrize(("step", "error"), FAULTS)
async def test_an_upload_whose_step_fails_is_not_acknowledged_and_goes_on_later(
    scene: Scene, tmp_path: Path, step: str, error: str
) -> None:
    calls, where = STEPS[step]
    raw = a_blob_in_a_new_folder(scene.data)
    place, digest = paths(scene.data, raw)[where], digest_of(raw)
    async with aiohttp.ClientSession() as session:
        client = await Client(session, scene.province, A, scene.hub.url).sign_in()
        # Only blobs are renamed, and strace does not tell a rename by its new name.
        on = () if calls.startswith("rename") else (place,)
        with hurt_process(scene.hub.pid, calls, error, tmp_path / "strace", paths=on):
            async with client.call("POST", f"/v1/blobs/{digest}", headers={"Upload-Length": str(len(raw))}) as response:
                answer = await response.json()
            if response.status == 200:
                headers = {"Upload-Offset": "0"}
                async with client.call("PATCH", f"/v1/blobs/{digest}", headers=headers, data=raw) as response:
                    answer = await response.json()
            assert (response.status, answer["code"] in CODES[error]) == (503, True), answer
            async with client.call("HEAD", f"/v1/blobs/{digest}") as response:
                assert response.headers.get("Upload-Complete") != "?1"
        assert await client.upload(raw) == digest
        async with client.call("GET", f"/v1/blobs/{digest}") as response:
            assert await response.read() == raw


@needs_strace
@pytest.mark.parametrize(
    ("calls", "error"), [(WAL_WRITE, "ENOSPC"), (WAL_WRITE, "EROFS"), (WAL_WRITE, "EIO"), (WAL_SYNC, "EIO")]
)
async def test_an_envelope_whose_commit_fails_is_not_acknowledged_and_the_hub_says_it_is_not_ready(
    scene: Scene, tmp_path: Path, calls: str, error: str
) -> None:
    raw = signed(scene.province, an_envelope())
    async with aiohttp.ClientSession() as session:
        client = await Client(session, scene.province, A, scene.hub.url).sign_in()
        await client.upload(PROOF)
        with hurt_process(scene.hub.pid, calls, error, tmp_path / "strace", paths=(scene.data / "hub.sqlite-wal",)):
            status, answer = await client.submit(raw)
            assert (status, json.loads(answer)["code"] in CODES[error]) == (503, True), answer
            async with session.get(f"{scene.hub.url}/readyz") as response:
                assert (response.status, (await response.json())["ready"]) == (503, False)
            async with session.get(f"{scene.hub.url}/healthz") as response:
                assert response.status == 200
            # Reading and delivery go on.
            assert (await client.mailbox())["items"] == []
        status, receipt = await client.submit(raw)
        assert status in (200, 201)
        scene.acknowledged[raw] = receipt
        await ready_again(session, scene.hub.url)


async def ready_again(session: aiohttp.ClientSession, url: str) -> None:
    """Return when the hub says that it takes letters again."""
    for _ in range(200):
        async with session.get(f"{url}/readyz") as response:
            if response.status == 200:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("not ready again within 10 s")


async def not_ready(session: aiohttp.ClientSession, url: str) -> list[str]:
    """Return the reasons as soon as there are any."""
    for _ in range(200):
        async with session.get(f"{url}/readyz") as response:
            if response.status == 503:
                return [reason["code"] for reason in (await response.json())["reasons"]]
        await asyncio.sleep(0.05)
    raise AssertionError("ready for 10 s")


async def test_a_disk_that_is_really_full_loses_nothing_acknowledged_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    province = a_province()
    acknowledged: dict[bytes, bytes] = {}
    with a_small_disk(tmp_path / "disk", size="16m") as disk:
        data = a_hub_folder(province, disk.root / "hub", settings=b"[disk]\nlow_bytes = 1\nlook_every_s = 1\n")
        with a_hub_process(data) as hub:
            async with aiohttp.ClientSession() as session:
                client = await Client(session, province, A, hub.url).sign_in()
                await client.upload(PROOF)
                disk.fill(but=200_000)
                refused = await _until_refused(client, acknowledged)
                assert refused == "store.full"
                assert len(acknowledged) > 1
                for raw, receipt in acknowledged.items():
                    assert await client.submit(raw) == (200, receipt)
                disk.empty()
                await ready_again(session, hub.url)
                raw, acknowledged[raw] = await client.send(an_envelope())
        assert check_hub(data).ok
        with a_hub_process(data) as hub:
            await _told_again(hub, province, acknowledged)


async def _until_refused(client: Client, acknowledged: dict[bytes, bytes]) -> str:
    for _ in range(2000):
        raw = signed(client.province, an_envelope())
        status, answer = await client.submit(raw)
        if status != 201:
            return str(json.loads(answer)["code"])
        acknowledged[raw] = answer
    raise AssertionError("the disk was never full")


async def test_a_low_disk_refuses_before_it_is_full_and_takes_again_by_itself(tmp_path: Path) -> None:
    province = a_province()
    with a_small_disk(tmp_path / "disk", size="24m") as disk:
        data = a_hub_folder(province, disk.root / "hub", settings=b"[disk]\nlow_bytes = 8388608\nlook_every_s = 1\n")
        with a_hub_process(data) as hub:
            async with aiohttp.ClientSession() as session:
                client = await Client(session, province, A, hub.url).sign_in()
                await client.upload(PROOF)
                disk.fill(but=6 << 20)
                assert await not_ready(session, hub.url) == ["store.low"]
                assert await _until_refused(client, {}) == "store.low"
                disk.empty()
                await ready_again(session, hub.url)
                await client.send(an_envelope())


def test_a_hub_does_not_start_on_a_read_only_disk_and_says_why(tmp_path: Path) -> None:
    with a_small_disk(tmp_path / "disk", size="16m") as disk:
        data = a_hub_folder(a_province(), disk.root / "hub", stations=())
        (tmp_path / "pass").write_bytes(PASSPHRASE)
        serve = [
            *HANXUN,
            "hub",
            "serve",
            "--port",
            "0",
            "--data",
            str(data),
            "--passphrase-file",
            str(tmp_path / "pass"),
        ]
        disk.mount_again("ro")
        answer = subprocess.run(serve, capture_output=True, text=True, check=False, timeout=60)
        assert (answer.returncode, "store.read_only" in answer.stderr) == (1, True), answer.stderr
        assert "Traceback" not in answer.stderr
        disk.mount_again("rw")
        with a_hub_process(data) as hub:
            assert hub.url
