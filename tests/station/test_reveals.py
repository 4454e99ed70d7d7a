"""A look in full at the hub is told to the case's stations, which verify that the person signed it and show it at the case."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.exchange.administration import open_office, propose
from hub.protocol.administration import AdministrationKind, ReasonDetails
from hub.protocol.errors import NotPermitted
from hub.protocol.reveals import RevealItem, Reveals
from hub.signing.authority import Subject
from hub.signing.purposes import CertificateKind, OfficerRole
from station_agent.hub_client import HubClient
from station_agent.reveals import _take, shown_reveals
from tests.exchange.builders import PASSPHRASE as HUB_PASSPHRASE
from tests.exchange.builders import now_utc, register_certificate
from tests.station.desks import World, a_sent_letter, a_world

WHY = ReasonDetails(reason="信访核查")
REVEAL = AdministrationKind.REVEAL_CASE


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two desks around a hub."""
    async with a_world(tmp_path) as world:
        yield world


async def test_both_stations_see_who_looked_and_why_and_nobody_elses_word_is_taken(world: World) -> None:
    case, _ = a_sent_letter(world.opener)
    await world.opener.sync()
    await world.origin.sync()
    subject = Subject("审计员丁", station=world.opener.agent.station, number="900009")
    auditor = world.province.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.AUDITOR,))
    register_certificate(world.hub_data, world.province, auditor.certified.pem)
    with open_office(world.hub_data, HUB_PASSPHRASE) as office:
        propose(office, REVEAL, case, WHY, signer=auditor, now=now_utc())
        kind = AdministrationKind.SUSPEND_STATION  # auditors look; they administer nothing
        with pytest.raises(NotPermitted):
            propose(office, kind, world.opener.agent.station, WHY, signer=auditor, now=now_utc())
    for desk in (world.opener, world.origin):
        await desk.sync()
        with desk.agent.store.read() as tx:
            looks = shown_reveals(tx, desk.agent, case)
        assert [(look.who, look.reason) for look in looks] == [("审计员丁 900009", "信访核查")]
        _take(desk.agent, 99, b"no.such.look", now=now_utc())
        with desk.agent.store.read() as tx:
            assert len(shown_reveals(tx, desk.agent, case)) == 1


async def test_a_page_of_looks_that_do_not_hold_is_asked_for_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def reveals(self: HubClient, *, after: int) -> Reveals:
        asked.append(after)
        item = RevealItem(number=after + 1, act="no.such.look")
        return Reveals(reveals=(item,), more=len(asked) < 3)

    monkeypatch.setattr(HubClient, "reveals", reveals)
    await world.origin.sync()
    assert asked == [0, 1, 2]
