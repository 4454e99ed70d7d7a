"""Uploading and reading blobs over HTTP: resumable, bound to its digest, for the stations of its case only."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange.check import check_hub
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.web.blob_routes import digest_range
from tests.exchange.builders import A, B, C, an_attachment, an_envelope, an_inquiry_body, signed, some_bytes
from tests.web.builders import Client, a_served_hub


async def begin(client: Client, raw: bytes, *, size: int | None = None) -> tuple[int, dict[str, object]]:
    """Begin the upload of `raw`."""
    headers = {"Upload-Length": str(size or len(raw))}
    async with client.call("POST", f"/v1/blobs/{digest_of(raw)}", headers=headers) as response:
        return response.status, await response.json()


async def add(client: Client, raw: bytes, offset: int, part: bytes) -> tuple[int, dict[str, object]]:
    """Add `part` to the upload of `raw`."""
    headers = {"Upload-Offset": str(offset)}
    async with client.call("PATCH", f"/v1/blobs/{digest_of(raw)}", headers=headers, data=part) as response:
        return response.status, await response.json()


async def test_an_upload_in_pieces_goes_on_where_it_stands(tmp_path: Path) -> None:
    raw = some_bytes(3_000_000)
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        assert (await begin(a, raw))[1] == {
            "digest": digest_of(raw), "offset": 0, "size": len(raw), "complete": False,
        }  # fmt: skip
        assert (await add(a, raw, 0, raw[:1_000_000]))[1]["offset"] == 1_000_000
        status, problem = await add(a, raw, 0, raw[:10])
        assert (status, problem["code"]) == (409, "blob.offset")
        assert (await begin(a, raw))[1]["offset"] == 1_000_000
        assert (await add(a, raw, 1_000_000, raw[1_000_000:]))[1]["complete"] is True
        assert (await begin(a, raw))[1]["complete"] is True
        assert (await add(a, raw, len(raw), b""))[1]["complete"] is True
        assert list((hub.data / "uploads").iterdir()) == []
        assert (hub.data / "blobs" / digest_of(raw)[:2] / digest_of(raw)).read_bytes() == raw
        assert check_hub(hub.data).ok


async def test_other_bytes_than_the_digest_says_are_dropped(tmp_path: Path) -> None:
    raw = some_bytes(1000)
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        await begin(a, raw)
        status, problem = await add(a, raw, 0, bytes(1000))
        assert (status, problem["code"]) == (422, "blob.digest")
        assert (await begin(a, raw))[1]["offset"] == 0
        assert not any(path.is_file() for path in (hub.data / "blobs").rglob("*"))


async def test_sizes_are_bounded(tmp_path: Path) -> None:
    raw = some_bytes(1000)
    async with a_served_hub(tmp_path, settings=b"[limits]\nattachment_bytes = 2000\n") as hub:
        a = await hub.client(A)
        status, problem = await begin(a, raw, size=2001)
        assert (status, problem["code"]) == (422, "blob.size")
        await begin(a, raw)
        status, problem = await add(a, raw, 0, raw + b"x")
        assert (status, problem["code"]) == (422, "blob.size")


async def test_a_blob_is_read_by_the_stations_of_its_case_only_and_in_ranges(tmp_path: Path) -> None:
    raw = some_bytes(2_500_000)
    async with a_served_hub(tmp_path) as hub:
        a, b, c = [await hub.client(station) for station in (A, B, C)]
        await a.upload(raw)
        path = f"/v1/blobs/{digest_of(raw)}"
        for stranger in (b, c):
            async with stranger.call("GET", path) as response:
                assert (response.status, (await response.json())["code"]) == (404, "blob.unknown")
        await a.send(an_envelope(body=an_inquiry_body(digest_of(raw)), attachments=(an_attachment(raw),)))
        async with b.call("GET", path) as response:
            assert (response.status, response.headers["ETag"]) == (200, f'"{digest_of(raw)}"')
            assert await response.read() == raw
        async with b.call("GET", path, headers={"Range": "bytes=1000000-"}) as response:
            assert (response.status, response.headers["Content-Range"]) == (206, "bytes 1000000-2499999/2500000")
            assert await response.read() == raw[1_000_000:]
        async with b.call("GET", path, headers={"Range": "bytes=2500000-"}) as response:
            assert response.status == 416
        async with b.call("HEAD", path) as response:
            assert response.headers["Upload-Complete"] == "?1"
        async with c.call("GET", path) as response:
            assert response.status == 404


async def test_who_only_heard_a_digest_cannot_name_it_in_a_case_of_its_own(tmp_path: Path) -> None:
    raw = some_bytes(500)
    async with a_served_hub(tmp_path) as hub:
        a, c = await hub.client(A), await hub.client(C)
        await a.upload(raw)
        stolen = an_envelope(sender=C, to=B, body=an_inquiry_body(digest_of(raw)), attachments=(an_attachment(raw),))
        status, body = await c.submit(signed(hub.province, stolen))
        assert status == 422
        assert b"attachment.missing" in body
        # C must show the bytes, as everybody.
        assert (await begin(c, raw))[1]["complete"] is False
        await c.upload(raw)
        await c.send(stolen)


@given(st.text(max_size=30), st.integers(1, 10**6))
def test_any_range_header_gives_a_range_inside_the_blob_or_a_refusal(header: str, size: int) -> None:
    for text in (header, "bytes=" + header):
        try:
            found = digest_range(text, size)
        except Refused:
            continue
        assert found is None or 0 <= found[0] < found[1] <= size


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=-5", (95, 100)),
        ("bytes=90-200", (90, 100)),
        ("bytes=-500", (0, 100)),
        (None, None),
    ],
)
def test_ranges_as_rfc_9110_has_them(header: str | None, found: tuple[int, int] | None) -> None:
    assert digest_range(header, 100) == found
