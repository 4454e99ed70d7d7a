"""A hub that is served from any folder on one port, two desks at it, and what they all hold."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from hub.protocol.identifiers import Digest
from hub.signing.keys import ScryptCost
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.schema import exchange as hub_tables
from hub.web.server import serve
from station_agent.agent import open_agent
from station_agent.register.reference import ReferenceRegister
from station_agent.store.outbox import QUEUED, outbox_rows, wake_all
from station_agent.store.schema import exchange as agent_tables
from station_agent.store.schema.cases import cases
from tests.end_to_end.world import free_port
from tests.exchange.builders import PASSPHRASE as HUB_PASSPHRASE
from tests.exchange.builders import Province, a_hub_folder, a_province, now_utc
from tests.station.desks import BYSTANDER, OPENER, PASSPHRASE, Desk, a_desk, a_register, trail_key
from tests.station.scene import ORIGIN

BACKUP = b"the backup's passphrase"
CHEAP = ScryptCost(n=1024, r=8, p=1)


@dataclass
class Scene:
    """A hub's folder, not served yet, and two desks that know its address."""

    province: Province
    hub: Path
    port: int
    opener: Desk
    origin: Desk
    register: ReferenceRegister

    async def settle(self, *, rounds: int = 20) -> None:
        """Let both desks exchange until nothing waits."""
        quiet = 0
        for _ in range(rounds):
            for desk in (self.opener, self.origin):
                with desk.agent.store.write() as tx:
                    wake_all(tx, now=now_utc())
                await desk.sync()
            # Twice: what one desk has sent in a quiet round, the other has yet to hand over.
            quiet = 0 if queued(self.opener) or queued(self.origin) else quiet + 1
            if quiet == 2:
                return
        raise AssertionError([*queued(self.opener), *queued(self.origin)])


def a_scene(folder: Path) -> Scene:
    """Folders only."""
    province, port = a_province(), free_port()
    hub = a_hub_folder(province, folder / "hub", stations=(OPENER, ORIGIN, BYSTANDER))
    address = f"http://127.0.0.1:{port}"
    desks = [a_desk(province, folder / code, code, hub=address, trail_key=trail_key(hub)) for code in (OPENER, ORIGIN)]
    return Scene(province, hub, port, *desks, a_register(province, folder))


@contextlib.asynccontextmanager
async def serving(data: Path, port: int) -> AsyncIterator[None]:
    """The hub of `data`, serving."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(data, HUB_PASSPHRASE, port=port, announce=lambda url: ready.set_result(url), stop=stop)
    )
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        task.result()
    try:
        yield
    finally:
        stop.set()
        await task


def reopened(desk: Desk, data: Path) -> Desk:
    """The desk, working on another folder (a restored one)."""
    return Desk(data, open_agent(data, PASSPHRASE), desk.window, desk.second, desk.head, desk.custodian, desk.seal)


def queued(desk: Desk) -> list[tuple[str, str | None]]:
    """What waits in the outbox, with its trouble."""
    with desk.agent.store.read() as tx:
        return [(row.envelope, row.trouble) for row in outbox_rows(tx) if row.state == QUEUED]


def held(desk: Desk) -> dict[Digest, list[bytes]]:
    """Every envelope at the desk with its receipts."""
    e, r = agent_tables.envelopes, agent_tables.receipts
    with desk.agent.store.read() as tx:
        found: dict[Digest, list[bytes]] = {digest: [] for digest in tx.execute(sa.select(e.c.digest)).scalars()}
        for row in tx.execute(sa.select(r.c.envelope, r.c.raw).order_by(r.c.seq)):
            found[row.envelope].append(row.raw)
    return found


def states(desk: Desk) -> dict[str, tuple[str, str, str]]:
    """Every case at the desk: its side, state and gate."""
    c = cases
    with desk.agent.store.read() as tx:
        return {row.case: (row.side, row.state, row.gate) for row in tx.execute(sa.select(c))}


def at_hub(data: Path) -> dict[str, bytes]:
    """Every envelope at the hub with its receipt."""
    e, r = hub_tables.envelopes, hub_tables.receipts
    readers = Readers(DataFolder(data).database)
    try:
        query = sa.select(e.c.digest, r.c.raw).join(r, r.c.seq == e.c.seq)
        return readers.read_now(lambda tx: {row[0]: row[1] for row in tx.execute(query)})
    finally:
        readers.close()
