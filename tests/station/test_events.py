"""What happens at a station becomes leaves of the hub's trail, exactly once, and shows as missing until it is one."""

import sqlite3
from base64 import urlsafe_b64decode
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hub.exchange.verify_trail import verify_trail
from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable
from hub.protocol.exchange import Problem
from hub.protocol.station_event import StationEventKind
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.trail_log import leaf_records
from hub.trail.record import parse_record
from station_agent.desk.gate.evaluate import evaluate
from station_agent.desk.look import look
from station_agent.events import note_event, send_events
from station_agent.hub_client import HubRefusal
from station_agent.store.trail import trail_events_of, trail_events_unlogged
from station_agent.sync import connect
from tests.exchange.builders import now_utc
from tests.station.desks import SEEN, Desk, a_claimed_case, a_sealed_letter, a_world
from tests.station.scene import cached_readers

PROBLEM = Problem(
    type="x",
    title="x",
    status=404,
    code=Code.REQUEST_NOT_FOUND.value,
    detail="x",
    remedy="an older hub does not know it",
)


def unlogged(desk: Desk) -> Counter[str]:
    with desk.agent.store.read() as tx:
        return Counter(row.event for row in trail_events_unlogged(tx))


def in_trail(data: Path) -> Counter[str]:
    readers = Readers(DataFolder(data).database)
    try:
        return readers.read_now(lambda tx: Counter(parse_record(raw).event for _, raw in leaf_records(tx)))
    finally:
        readers.close()


async def test_seal_uses_readings_and_verdicts_are_leaves_once_the_hub_has_them(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        evaluate(world.origin.agent, case, readers=cached_readers(), now=now_utc())
        assert unlogged(world.origin) == {"reading": 1, "gate-verdict": 1}
        assert (
            in_trail(world.hub_data)["seal-use"] == 2
        )  # the ink seal and the electronic one; the opener has synchronised
        await world.origin.sync()
        await world.origin.sync()
        assert unlogged(world.origin) == unlogged(world.opener) == {}
        assert {kind: in_trail(world.hub_data)[kind] for kind in ("reading", "seal-use", "gate-verdict")} == {
            "reading": 1,
            "seal-use": 2,
            "gate-verdict": 1,
        }
        assert verify_trail(world.hub_data).ok


async def test_an_act_that_is_not_stored_leaves_no_event_and_the_other_way_round(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        before = unlogged(world.origin)

        def broken(*_args: object, **_kwargs: object) -> None:
            raise Unavailable(Code.AGENT_DISK)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("station_agent.desk.look.store_act", broken)
            with pytest.raises(Unavailable):
                look(world.origin.agent, world.origin.window, case, impression=SEEN, now=now_utc())
        assert unlogged(world.origin) == before


async def test_what_was_logged_keeps_its_leaf_when_it_is_sent_again(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        a_sealed_letter(world.opener)
        agent = world.opener.agent
        with agent.store.read() as tx:
            raws = [row.raw for row in trail_events_unlogged(tx)]
        async with connect(agent) as client:
            first = await client.log_events(raws)
            again = await client.log_events([*raws, raws[0]])
            assert [one.index for one in again.positions] == [
                *(one.index for one in first.positions),
                first.positions[0].index,
            ]
            assert await send_events(agent, client, clock=now_utc) == 2  # a crash after the answer costs nothing
        assert in_trail(world.hub_data)["seal-use"] == 2


async def test_one_that_the_hub_refuses_is_shown_and_holds_up_no_other(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        agent = world.opener.agent
        case = a_sealed_letter(world.opener)
        with agent.store.write() as tx:
            note_event(
                tx, agent, StationEventKind.READING, case=case, subject=agent.store.blobs.put(b"x"), now=now_utc()
            )
            tx.exec_driver_sql("UPDATE trail_events SET raw = CAST(raw || 'A' AS BLOB) WHERE event = 'reading'")
        await world.opener.sync()
        with agent.store.read() as tx:
            (left,) = trail_events_unlogged(tx)
        assert (left.event, (left.trouble or "").partition(".")[0]) == ("reading", "jws")
        assert in_trail(world.hub_data)["seal-use"] == 2


async def test_a_hub_that_does_not_know_events_yet_lets_them_wait(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        a_sealed_letter(world.opener)
        with pytest.MonkeyPatch.context() as patch:

            async def unknown(self: object, _events: object) -> None:
                raise HubRefusal(PROBLEM, b"")

            patch.setattr("station_agent.hub_client.HubClient.log_events", unknown)
            await world.opener.sync()
        assert unlogged(world.opener) == {"seal-use": 2}
        await world.opener.sync()
        assert unlogged(world.opener) == {}


async def test_a_changed_event_is_found_at_its_leaf(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = a_sealed_letter(world.opener)
        await world.opener.sync()
        with world.opener.agent.store.read() as tx:
            leaf = trail_events_of(tx, case)[0].leaf
    with sqlite3.connect(DataFolder(world.hub_data).database) as database:
        database.execute("UPDATE station_events SET raw = raw || 'x' WHERE leaf = ?", (leaf,))
    database.close()
    bad = verify_trail(world.hub_data).first_bad
    assert bad is not None
    assert (bad.index, bad.what) == (leaf, "station event")


async def test_no_event_names_a_person(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await a_claimed_case(world)
        await world.origin.sync()
    readers = Readers(DataFolder(world.hub_data).database)
    raws = readers.read_now(lambda tx: [row[0] for row in tx.exec_driver_sql("SELECT raw FROM station_events")])
    readers.close()
    assert len(raws) == 3
    payloads = [raw.split(b".")[1] for raw in raws]
    for payload in payloads:
        stated = msgspec.json.decode(urlsafe_b64decode(payload + b"=="))
        assert set(stated) == {"id", "event", "station", "case", "subject", "at"}
