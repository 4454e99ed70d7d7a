"""People at a station: a forgotten password takes the head and another, leaving takes the head; both are signed and in the trail."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.exchange.check import check_hub
from hub.exchange.verify_trail import verify_trail
from hub.keyring.pairs import load_pair
from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.signing.administration import open_administration, open_approval
from hub.signing.authority import read_request
from hub.signing.keys import ScryptCost
from hub.signing.purposes import DEFAULT_PURPOSES
from hub.store.administration import acts_recorded
from hub.store.database import Readers
from hub.store.layout import DataFolder
from station_agent.personnel import (
    choose_new_key,
    confirm_reset,
    disable_officer,
    propose_reset,
    reset_officer,
    withdraw_reset,
)
from station_agent.personnel_record import APPROVED_WITHIN, WaitingReset, resets_waiting
from station_agent.search import note_looking_up
from station_agent.store.seals import statements_made
from tests.exchange.builders import now_utc
from tests.station.desks import PASSWORD, Desk, World, a_world

CHEAP = ScryptCost(n=1024, p=1)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        await world.opener.sync()
        yield world


async def test_a_forgotten_password_takes_the_head_and_another_and_makes_a_new_key(world: World) -> None:
    desk = world.opener
    number = desk.second.number
    place = desk.agent.folder.officer(number).place
    before = load_pair(place, PASSWORD, purposes=DEFAULT_PURPOSES).certified
    for other in (desk.head, desk.second):
        with pytest.raises(Refused) as refusal:
            reset_officer(desk.agent, desk.head, other, number, new_password=b"new", reason="忘记口令", now=now_utc())
        assert refusal.value.code is Code.SAME_ADMINISTRATOR
    with pytest.raises(NotPermitted):
        reset_officer(
            desk.agent, desk.window, desk.custodian, number, new_password=b"new", reason="忘记口令", now=now_utc()
        )
    assert load_pair(place, PASSWORD, purposes=DEFAULT_PURPOSES).certified == before
    removed, request = reset_officer(
        desk.agent, desk.head, desk.custodian, number, new_password=b"new", reason="忘记口令", now=now_utc()
    )
    assert removed.path.read_bytes() == before.pem
    assert read_request(request.read_bytes()).subject.number == number
    with pytest.raises(Refused):  # until the authority has issued the new certificate nobody signs as this officer
        desk.agent.unlock(number, PASSWORD)
    await desk.sync()
    first, second = handed_in(world)[-2:]
    act = open_administration(first, certificates=desk.agent.knowledge.find)
    approval = open_approval(second, certificates=desk.agent.knowledge.find)
    assert (act.act.act, act.act.subject, act.act.by.number) == (
        AdministrationKind.RESET_OFFICER,
        number,
        desk.head.number,
    )
    assert (approval.approval.act, approval.approval.by.number) == (act.digest, desk.custodian.number)
    with desk.agent.store.read() as tx:
        assert [row.trouble for row in statements_made(tx)] == [None, None]
    assert (verify_trail(world.hub_data).ok, check_hub(world.hub_data).findings) == (True, ())


async def test_a_reset_that_one_has_started_changes_nothing_before_another_confirms_it(world: World) -> None:
    desk, now = world.opener, now_utc()
    number = desk.second.number
    digest = propose_reset(desk.agent, desk.head, number, reason="忘记口令", now=now)
    assert [each.digest for each in waiting(desk, now)] == [digest]
    assert desk.agent.unlock(number, PASSWORD).number == number
    with pytest.raises(Refused) as refusal:
        propose_reset(desk.agent, desk.head, number, reason="再一次", now=now)
    assert refusal.value.code is Code.PROPOSAL_WAITING
    for person in (desk.head, desk.second):  # neither who started it, nor whom it is about
        with pytest.raises(Refused) as refusal:
            confirm_reset(desk.agent, person, digest, now=now)
        assert refusal.value.code is Code.SAME_ADMINISTRATOR
    removed = confirm_reset(desk.agent, desk.window, digest, now=now)
    assert waiting(desk, now) == ()
    with pytest.raises(Refused):
        desk.agent.unlock(number, PASSWORD)
    with pytest.raises(Refused) as refusal:
        confirm_reset(desk.agent, desk.custodian, digest, now=now)
    assert refusal.value.code is Code.PROPOSAL_ANSWERED
    request = choose_new_key(desk.agent, number, removed.certified, b"a new password")
    assert request.subject.number == number
    await desk.sync()
    assert len(handed_in(world)) >= 2
    assert verify_trail(world.hub_data).ok


def test_a_reset_is_taken_back_or_declined_with_a_reason_and_lapses(world: World) -> None:
    desk, now = world.opener, now_utc()
    number = desk.second.number
    for person in (desk.head, desk.custodian):
        digest = propose_reset(desk.agent, desk.head, number, reason="忘记口令", now=now)
        with pytest.raises(Refused):
            withdraw_reset(desk.agent, desk.second, digest, reason="我没有忘记", now=now)
        withdraw_reset(desk.agent, person, digest, reason="本人想起来了", now=now)
        assert waiting(desk, now) == ()
    assert desk.agent.unlock(number, PASSWORD).number == number
    digest = propose_reset(desk.agent, desk.head, number, reason="忘记口令", now=now)
    late = now + APPROVED_WITHIN + timedelta(seconds=1)
    with pytest.raises(Refused) as refusal:
        confirm_reset(desk.agent, desk.custodian, digest, now=late)
    assert refusal.value.code is Code.PROPOSAL_ANSWERED
    disable_officer(desk.agent, desk.head, number, reason="调离", now=now)
    assert waiting(desk, now) == ()  # who has left is not reset any more


async def test_who_leaves_signs_nothing_from_then_on(world: World) -> None:
    desk = world.opener
    number = desk.second.number
    with pytest.raises(NotPermitted):
        disable_officer(desk.agent, desk.window, number, reason="调离", now=now_utc())
    with pytest.raises(NotPermitted):  # the only head does not lock itself out
        disable_officer(desk.agent, desk.head, desk.head.number, reason="调离", now=now_utc())
    removed = disable_officer(desk.agent, desk.head, number, reason="调离", now=now_utc())
    assert removed.certified.number == number
    folder = desk.agent.folder.officers
    assert not [path.name for path in folder.iterdir() if path.name.startswith(number)]
    with pytest.raises(Refused) as refusal:
        desk.agent.unlock(number, PASSWORD)
    assert refusal.value.code is Code.OFFICER_UNKNOWN
    await desk.sync()
    act = open_administration(handed_in(world)[-1], certificates=desk.agent.knowledge.find).act
    assert (act.act, act.origin) == (AdministrationKind.DISABLE_OFFICER, desk.agent.station)


async def test_looking_up_a_person_without_a_case_is_a_leaf_that_names_nobody(world: World) -> None:
    desk = world.opener
    note_looking_up(desk.agent, desk.window, "张三", reason="核对身份", found=0, now=now_utc())
    await desk.sync()
    raw = handed_in(world)[-1]
    act = open_administration(raw, certificates=desk.agent.knowledge.find).act
    assert (act.act, act.by.number) == (AdministrationKind.LOOK_UP_PERSON, desk.window.number)
    assert act.details == {"reason": "核对身份"}
    assert "张三" not in act.subject
    with desk.agent.store.read() as tx:
        assert [row.trouble for row in statements_made(tx)] == [None]
    assert verify_trail(world.hub_data).ok


def waiting(desk: Desk, now: datetime) -> tuple[WaitingReset, ...]:
    with desk.agent.store.read() as tx:
        return resets_waiting(tx, now=now)


def handed_in(world: World) -> list[bytes]:
    readers = Readers(DataFolder(world.hub_data).database)
    try:
        return [raw for _, raw in readers.read_now(lambda tx: list(acts_recorded(tx)))]
    finally:
        readers.close()
