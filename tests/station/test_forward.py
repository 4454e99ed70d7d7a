"""Handing a case to a colleague: whose it is changes, why is kept, and the other station sees nothing of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from station_agent.desk.claim import claim
from station_agent.desk.forward import colleagues, forward
from station_agent.store.cases import require_case
from station_agent.store.handlings import handlings_of
from station_agent.store.outbox import count_queued
from tests.exchange.builders import now_utc
from tests.station.desks import World, a_claimed_case, a_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def test_a_case_is_handed_to_a_colleague_with_a_note_and_taken_over_with_a_reason(world: World) -> None:
    case = await a_claimed_case(world)
    desk = world.origin
    waiting = _queued(world)
    now = now_utc()
    for to, note, code in (
        (desk.second.number, " ", Code.REASON_MISSING),
        (desk.window.number, "同", Code.OFFICER_UNKNOWN),
        (desk.custodian.number, "同", Code.OFFICER_UNKNOWN),
        ("999", "同", Code.OFFICER_UNKNOWN),
    ):
        with pytest.raises(Refused) as caught:
            forward(desk.agent, desk.window, case, to=to, note=note, now=now)
        assert caught.value.code is code
    with pytest.raises(Refused) as taken:
        forward(desk.agent, desk.second, case, to=desk.head.number, note="给所长", now=now)
    assert taken.value.code is Code.CASE_TAKEN
    with pytest.raises(NotPermitted):
        forward(desk.agent, desk.custodian, case, to=desk.second.number, note="给他", now=now)
    forward(desk.agent, desk.window, case, to=desk.second.number, note="我休假", now=now)
    claim(desk.agent, desk.head, case, note="急件", now=now)
    forward(desk.agent, desk.head, case, to=desk.window.number, note="回来了", now=now)
    with desk.agent.store.read() as tx:
        assert require_case(tx, case).owner == desk.window.number
        kept = [(row.officer, row.what, row.owner, row.note) for row in handlings_of(tx, case)]
    assert kept == [
        (desk.window.number, "forwarded", desk.second.number, "我休假"),
        (desk.head.number, "taken over", desk.head.number, "急件"),
        (desk.head.number, "forwarded", desk.window.number, "回来了"),
    ]
    assert _queued(world) == waiting
    with pytest.raises(Refused) as caught:
        forward(world.opener.agent, world.opener.head, case, to=world.opener.window.number, note="不行", now=now)
    assert caught.value.code is Code.NOT_FORWARDED


async def test_the_colleagues_are_those_whose_work_the_case_is(world: World) -> None:
    desk = world.origin
    case_type = desk.agent.catalogue.case_type("C06")
    numbers = [each.number for each in colleagues(desk.agent, case_type, now=now_utc())]
    assert numbers == [desk.window.number, desk.second.number, desk.head.number]


def _queued(world: World) -> int:
    with world.origin.agent.store.read() as tx:
        return count_queued(tx)
