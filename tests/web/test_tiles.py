"""The trail as a hub serves it, read by an independent tlog-tiles client (tlog-scales) over HTTP."""

import asyncio
from pathlib import Path

import pytest
from tlog_scales import backend, reader, signing

from hub.protocol.identifiers import digest_of
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.trail_log import leaf_records
from hub.trail.hashing import leaf_hash
from hub.trail.record import parse_record
from tests.exchange.builders import PROOF, an_envelope
from tests.web.builders import a_served_hub
from tests.web.growing import grow


def read_all(url: str, vkey: str, entries: list[bytes]) -> None:
    """Check everything that the client can check; it blocks, so it runs in a thread."""
    client = reader.TilesReader(backend.HttpBackend(url))
    checkpoint = client.get_checkpoint()
    checkpoint.verify(signing.Vkey.from_string(vkey))
    assert checkpoint.size == len(entries)
    root = client.calculate_root_hash()
    assert root == checkpoint.root_hash
    for index in {0, 1, 254, 255, 256, 257, 511, 512, checkpoint.size - 1}:
        if index < checkpoint.size:
            assert client.get_entry(index) == entries[index]
            client.get_inclusion_proof(index, checkpoint.size).check(leaf_hash(entries[index]), root)
            parse_record(entries[index])


async def test_an_independent_client_accepts_checkpoint_tiles_and_entries(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        vkey = DataFolder(hub.data).trail_verifier.read_text().strip()
        a = await hub.client()
        await a.upload(PROOF)
        readers = Readers(DataFolder(hub.data).database)
        for more in (0, 240, 300):
            grow(hub.data, more) if more else None
            await a.send(an_envelope())
            entries = [record for _, record in readers.read_now(lambda tx: list(leaf_records(tx)))]
            await asyncio.to_thread(read_all, hub.url, vkey, entries)
        readers.close()


async def test_tiles_are_cached_for_ever_and_the_checkpoint_is_not(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        grow(hub.data, 300)
        async with hub.session.get(f"{hub.url}/tile/0/000") as response:
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            whole = await response.read()
        assert len(whole) == 256 * 32
        async with hub.session.get(f"{hub.url}/tile/0/000.p/7") as response:
            assert await response.read() == whole[: 7 * 32]
        async with hub.session.get(f"{hub.url}/checkpoint") as response:
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("tile/0/001", 404, "tile.unknown"),
        ("tile/0/000.p/255", 404, "tile.unknown"),
        ("tile/entries/000.p/200", 404, "tile.unknown"),
        ("tile/63/000", 404, "tile.unknown"),
        ("tile/0/000.p/256", 422, "tile.form"),
        ("tile/0/0000", 422, "tile.form"),
        ("tile/00/000.p/1", 422, "tile.form"),
        ("tile/64/000", 422, "tile.form"),
        ("tile/entries/x000/000.p/1", 422, "tile.form"),
        ("tile/0/٠٠٠", 422, "tile.form"),
    ],
)
async def test_tiles_that_are_not_there_and_names_that_are_none_are_refused(
    tmp_path: Path, path: str, status: int, code: str
) -> None:
    async with a_served_hub(tmp_path) as hub, hub.session.get(f"{hub.url}/{path}") as response:
        assert (response.status, (await response.json())["code"]) == (status, code)


async def test_what_is_served_without_signing_in_names_nobody(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client()
        await a.upload(PROOF)
        envelope = an_envelope()
        raw, _ = await a.send(envelope)
        size = int((await (await hub.session.get(f"{hub.url}/checkpoint")).text()).split("\n")[1])
        async with hub.session.get(f"{hub.url}/tile/entries/000.p/{size}") as response:
            served = await response.read()
        assert digest_of(raw).encode() in served
        for private in ("张三", "李四", "012345", envelope.case, envelope.from_, "11010519491231002X"):
            assert private.encode() not in served
