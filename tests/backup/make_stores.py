"""Makes a small hub's and an agent's data folder with the present revision, to be kept in tests/vectors/stores/.

Usage: .venv/bin/python -m tests.backup.make_stores OUT   (a folder per revision; those of old revisions are never remade)
"""

import asyncio
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa

from hub.protocol.identifiers import digest_of
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.schema import exchange as schema
from station_agent.desk.claim import claim
from tests.exchange.builders import now_utc
from tests.station.desks import World, a_correction, a_sealed_letter, a_world


async def make(out: Path) -> None:
    """One letter that waits to be sent, one correction on its way and claimed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with a_world(folder) as world:
            a_sealed_letter(world.opener)
            case = a_correction(world.opener)
            for desk in (world.opener, world.origin):
                await desk.sync()
            claim(world.origin.agent, world.origin.window, case, now=now_utc())
            for desk in (world.origin, world.opener):
                await desk.sync()
            _keep_receipts(world, out)
            hub, agent = world.hub_data, world.opener.data
        for source, target in ((hub, out / "hub"), (agent, out / "agent")):
            for database in source.glob("*.sqlite"):
                with sqlite3.connect(database) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*-wal", "*-shm", "*.lock", "uploads"))


def _keep_receipts(world: World, out: Path) -> None:
    (out / "receipts").mkdir(parents=True)
    readers = Readers(DataFolder(world.hub_data).database)
    try:
        rows = readers.read_now(lambda tx: list(tx.execute(sa.select(schema.receipts.c.raw)).scalars()))
    finally:
        readers.close()
    for raw in rows:
        (out / "receipts" / f"{digest_of(raw)}.jws").write_bytes(raw)


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
