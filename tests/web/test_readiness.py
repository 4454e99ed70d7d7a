"""`/healthz` and `/readyz`: alive is not ready; every reason has its code; a low disk refuses new work and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.exchange.hub import Hub, open_hub
from hub.protocol.errors import Unavailable
from hub.protocol.exchange import Readiness
from hub.protocol.identifiers import digest_of
from hub.room import PROBE, Trouble, look, trouble_of
from tests.exchange.builders import (
    PASSPHRASE,
    PROOF,
    A,
    B,
    a_handover,
    a_hub_folder,
    a_province,
    an_envelope,
    now_utc,
    signed,
)
from tests.web.builders import Client, a_served_hub

NEVER_ENOUGH = b"[disk]\nlow_bytes = 4611686018427387904\nlook_every_s = 1\n"


async def reasons(client: Client) -> tuple[int, list[str]]:
    """Status and codes of `/readyz`."""
    async with client.session.get(f"{client.url}/readyz") as response:
        answer = await response.json()
        assert answer["ready"] is (response.status == 200)
        assert all(reason["title"] and reason["remedy"] for reason in answer["reasons"])
        return response.status, [reason["code"] for reason in answer["reasons"]]


async def test_a_good_hub_is_alive_and_ready_and_gives_no_reasons(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        client = await hub.client()
        assert await reasons(client) == (200, [])
        async with client.session.get(f"{client.url}/healthz") as response:
            assert (response.status, await response.text()) == (200, "ok\n")


async def test_on_a_low_disk_new_work_is_refused_and_reading_and_delivery_go_on(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client()
        await a.upload(PROOF)
        inquiry = an_envelope()
        raw, receipt = await a.send(inquiry)
    (tmp_path / "hub" / "hub.toml").write_bytes(NEVER_ENOUGH)
    async with a_served_hub(tmp_path, province=hub.province) as low:
        a, b = await low.client(A), await low.client(B)
        assert await reasons(a) == (503, ["store.low"])
        async with a.session.get(f"{a.url}/healthz") as response:
            assert response.status == 200
        status, problem = await a.submit(signed(low.province, an_envelope()))
        assert (status, b'"code":"store.low"' in problem) == (503, True)
        other = b"%PDF-1.7 another"
        async with a.call("POST", f"/v1/blobs/{digest_of(other)}", headers={"Upload-Length": "16"}) as response:
            assert (response.status, (await response.json())["code"]) == (503, "store.low")
        # What is here is told again, read, and handed over.
        assert await a.submit(raw) == (200, receipt)
        page = await b.mailbox()
        assert len(page["items"]) == 1  # type: ignore[arg-type]
        async with b.call("GET", f"/v1/blobs/{digest_of(PROOF)}") as response:
            assert await response.read() == PROOF
        await b.send(a_handover(inquiry, digest_of(raw)))


async def test_an_upload_that_would_not_fit_is_refused_before_its_first_byte(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path, settings=b"[limits]\nattachment_bytes = 4611686018427387904\n") as hub:
        client = await hub.client()
        headers = {"Upload-Length": str(1 << 52)}
        async with client.call("POST", f"/v1/blobs/{'0' * 64}", headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (503, "store.low")
        assert await reasons(client) == (200, [])
    assert list((tmp_path / "hub" / "uploads").iterdir()) == []


async def test_every_reason_has_its_code(tmp_path: Path) -> None:
    late = await open_hub(
        a_hub_folder(a_province(), tmp_path / "late"), PASSPHRASE, clock=lambda: now_utc() + timedelta(days=2)
    )
    assert codes(late.watch.readiness()) == ["W403"]
    await late.close()
    hub = await open_hub(a_hub_folder(a_province(), tmp_path / "hub"), PASSPHRASE)
    try:
        assert hub.watch.readiness().ready
        await fail_a_commit(hub)
        assert codes(hub.watch.readiness()) == ["store.unavailable"]
        # The next look writes for real, and so heals it without anybody's letter.
        await hub.watch.look_again()
        assert hub.watch.readiness().ready
        hub.watch.stopping = True
        assert codes(hub.watch.readiness()) == ["hub.stopping"]
    finally:
        await hub.close()


async def fail_a_commit(hub: Hub) -> None:
    """A commit that does not go through."""

    def fail(_tx: object) -> None:
        raise RuntimeError("for the test")

    with pytest.raises(Unavailable):
        await hub.writer.run(fail)


def codes(readiness: Readiness) -> list[str]:
    """The reasons' codes."""
    assert readiness.ready is not bool(readiness.reasons)
    return [reason.code for reason in readiness.reasons]


def test_a_look_says_what_the_disk_is_like_and_leaves_nothing(tmp_path: Path) -> None:
    assert look(tmp_path, low_bytes=1) is None
    assert look(tmp_path, low_bytes=1 << 62) is Trouble.LOW
    assert look(tmp_path / "gone", low_bytes=1) is Trouble.FAILING
    assert not (tmp_path / PROBE).exists()
    assert [trouble_of(OSError(number, "")) for number in (28, 122, 30, 5)] == [
        Trouble.FULL,
        Trouble.FULL,
        Trouble.READ_ONLY,
        Trouble.FAILING,
    ]
