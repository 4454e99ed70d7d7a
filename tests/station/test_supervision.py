"""督办 and 延期 reach both stations, which judge them by their own trust and case types and show them at the case and on the desk."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest

from hub.exchange.administration import make_act, open_office
from hub.exchange.limits import usual_reckoning
from hub.exchange.supervise import supervise
from hub.exchange.supervision import case_for
from hub.pages.shown import moment
from hub.protocol.administration import AdministrationKind, AdministrativeAct, ExtendDetails, UrgeDetails
from hub.protocol.case_acts import CaseActs
from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, StationId
from hub.protocol.instants import format_instant
from hub.signing.administration import sign_administration
from hub.signing.authority import Subject
from hub.signing.keys import KeySigner
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.store.layout import DataFolder
from station_agent.agent import open_agent
from station_agent.desk.claim import claim
from station_agent.hub_client import HubClient
from station_agent.store.case_acts import CaseActRow, case_acts_of, forget_words, last_case_act
from station_agent.supervision import take
from station_agent.sync import connect
from station_agent.web.server import serve_desk
from tests.exchange.builders import PASSPHRASE as HUB_PASSPHRASE
from tests.exchange.builders import now_utc
from tests.station.desks import PASSPHRASE, Desk, World, a_sent_letter, a_world
from tests.station.web.served import Served, no_register

URGE, EXTEND = AdministrationKind.URGE_CASE, AdministrationKind.EXTEND_LIMIT
WHY = "群众等候已久,请即办"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two desks around a hub."""
    async with a_world(tmp_path) as world:
        yield world


async def a_late_case(world: World) -> CaseId:
    """A letter that the origin received a week ago and has not signed for, as the hub sees it."""
    case, _ = a_sent_letter(world.opener)
    await world.opener.sync()
    await world.origin.sync()
    await world.origin.sync()
    week_ago = format_instant(now_utc() - timedelta(days=7))
    with sqlite3.connect(DataFolder(world.hub_data).database) as hub:
        hub.execute("UPDATE envelopes SET received_at = ? WHERE case_id = ?", (week_ago, case))
    with sqlite3.connect(world.origin.data / "agent.sqlite") as agent:
        agent.execute('UPDATE envelopes SET stored_at = ? WHERE "case" = ?', (week_ago, case))
    return case


def an_act(
    world: World, case: CaseId, signer: KeySigner, *, until: datetime | None = None, step: str = "signed_for"
) -> AdministrativeAct:
    """An act about the limit that the origin has missed, or another; with `until` an extension."""
    with open_office(world.hub_data, HUB_PASSPHRASE) as office, office.engine.begin() as tx:
        limit = case_for(tx, case, usual_reckoning()).limit(step)
        origin = office.rules.origin
    due = format_instant(limit.due)
    details: msgspec.Struct = UrgeDetails(station=limit.station, step=step, due_at=due, reason=WHY)
    if until is not None:
        end = format_instant(until)
        details = ExtendDetails(station=limit.station, step=step, before=due, due_at=end, reason=WHY)
    kind = URGE if until is None else EXTEND
    return make_act(kind, case, details, origin=origin, certified=signer.certified, now=now_utc())


def file(world: World, act: AdministrativeAct, signer: KeySigner) -> None:
    with open_office(world.hub_data, HUB_PASSPHRASE) as office:
        assert supervise(office, act, signer=signer, now=now_utc()).effective


@asynccontextmanager
async def served(desk: Desk) -> AsyncIterator[Served]:
    """The station's pages, its window officer signed in."""
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve_desk(desk.data, PASSPHRASE, register=no_register, port=0, ready=address.set_result, stop=stop)
    )
    url = await address
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        pages = Served(desk, url, client, "")
        await pages.sign_in(desk.window)
        yield pages
    stop.set()
    await serving


def acts_at_the_hub(world: World, case: CaseId) -> tuple[int, ...]:
    """The hub's numbers of the acts about a case."""
    with sqlite3.connect(DataFolder(world.hub_data).database) as hub:
        query = "SELECT number FROM case_acts WHERE case_id = ? ORDER BY number"
        return tuple(row[0] for row in hub.execute(query, (case,)))


def acts_here(desk: Desk, case: CaseId) -> tuple[CaseActRow, ...]:
    with desk.agent.store.read() as tx:
        return case_acts_of(tx, [case]).get(case, ())


async def test_an_urge_is_seen_at_both_stations_and_stands_on_the_desk_of_the_one_that_is_late(world: World) -> None:
    case, signer = await a_late_case(world), world.province.two_administrators()[0]
    act = an_act(world, case, signer)
    file(world, act, signer)
    file(world, act, signer)
    for desk in (world.opener, world.origin):
        await desk.sync()
        await desk.sync()
        assert [(each.kind, each.who, each.reason) for each in acts_here(desk, case)] == [
            (URGE, "管理员甲 900001", WHY)
        ]
    async with served(world.origin) as pages:
        _, page = await pages.get(f"/cases/{case}")
        assert "上级督办：管理员甲 900001" in page
        assert WHY in page
        _, desk_page = await pages.get("/desk")
        assert desk_page.count("上级督办") == 2  # the card, and the case's line
    async with served(world.opener) as pages:
        _, page = await pages.get(f"/cases/{case}")
        assert "上级督办与延期" in page
        assert "上级督办：管理员甲" not in page
        _, desk_page = await pages.get("/desk")
        assert "上级督办" not in desk_page
    claim(world.origin.agent, world.origin.window, case, now=now_utc())
    async with served(world.origin) as pages:
        _, page = await pages.get(f"/cases/{case}")
        assert "上级督办与延期" in page
        assert "上级督办：管理员甲" not in page


async def test_an_extension_moves_the_end_at_the_station_and_why_says_who_and_for_what(world: World) -> None:
    case, signer = await a_late_case(world), world.province.two_administrators()[1]
    until = now_utc() + timedelta(days=3)
    file(world, an_act(world, case, signer), signer)
    await world.origin.sync()
    async with served(world.origin) as pages:
        _, page = await pages.get(f"/cases/{case}")
        assert "is-over" in page
        assert "上级督办：" in page
    file(world, an_act(world, case, signer, until=until), signer)
    await world.origin.sync()
    async with served(world.origin) as pages:
        _, page = await pages.get(f"/cases/{case}")
        assert f"延期：由 管理员乙 900002 延至 {moment(until)}" in page
        assert f"截止 {moment(until)}" in page
        assert "is-over" not in page
        assert "上级督办：" not in page  # the end was put off: nothing presses before it
    reopened = open_agent(world.origin.data, PASSPHRASE)
    with reopened.store.read() as tx:
        assert [each.due_at for each in case_acts_of(tx, [case])[case]] == [None, format_instant(until)]
    reopened.close()


async def test_what_is_not_an_administrators_is_not_taken_and_holds_nothing_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    case, signer = await a_late_case(world), world.province.two_administrators()[0]
    agent, act = world.origin.agent, an_act(world, case, signer)
    subject = Subject("所长", station=StationId("340000000000"), number="900077")
    head = world.province.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.HEAD,))
    for one in (signer, head):
        agent.knowledge.learn(one.certified.pem)
    # What the notice sets: the hub refuses it, and a station would not follow a hub that did not.
    fixed = an_act(world, case, signer, until=now_utc() + timedelta(days=1), step="letter_sent")
    with pytest.raises(Refused) as caught:
        file(world, fixed, signer)
    assert caught.value.code is Code.LIMIT_FIXED_NOTICE
    forged = msgspec.structs.replace(act, by=Officer(number="900077", name="所长"))
    for raw, code in (
        (b"no.such.act", Code.JWS_BASE64),
        (sign_administration(forged, signer=head), Code.ACT_ROLE),
        (changed(act, signer, origin="another.hub/log"), Code.ADMINISTRATION_FORM),
        (changed(act, signer, act=AdministrationKind.REVEAL_CASE), Code.ADMINISTRATION_FORM),
        (changed(act, signer, details={"reason": WHY}), Code.ADMINISTRATION_FORM),
        (changed(act, signer, at="2099-01-01T00:00:00Z"), Code.ADMINISTRATION_FORM),
        (changed(fixed, signer), Code.LIMIT_FIXED_NOTICE),
    ):
        caplog.clear()
        assert take(agent, 1, raw, now=now_utc())
        assert f"code={code.value}" in caplog.text
    assert acts_here(world.origin, case) == ()


def changed(given: AdministrativeAct, signer: KeySigner, **changes: object) -> bytes:
    return sign_administration(msgspec.structs.replace(given, **changes), signer=signer)


async def test_an_old_revocation_list_puts_judging_off_and_an_erased_case_keeps_no_words(world: World) -> None:
    case, signer = await a_late_case(world), world.province.two_administrators()[0]
    file(world, an_act(world, case, signer), signer)
    await world.origin.sync()
    (kept,) = acts_here(world.origin, case)
    assert not take(world.origin.agent, 7, kept.raw, now=now_utc() + timedelta(days=20))
    with world.origin.agent.store.write() as tx:
        forget_words(tx, case)
        assert last_case_act(tx) == kept.number
    assert [(each.reason, each.raw) for each in acts_here(world.origin, case)] == [("", b"")]


async def test_an_agent_one_version_behind_reads_what_it_read_before(world: World) -> None:
    """Its looks and its directory have the form that it knows: an act of a kind that it does not know is in neither."""
    case, signer = await a_late_case(world), world.province.two_administrators()[0]
    file(world, an_act(world, case, signer), signer)
    async with connect(world.origin.agent) as client:
        assert (await client.reveals(after=0)).reveals == ()
        found = tuple(item.number for item in (await client.case_acts(after=0)).acts)
    assert found == acts_at_the_hub(world, case)
    assert len(found) == 1


async def test_an_agent_works_on_beside_a_hub_that_has_no_such_acts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await a_late_case(world)
    asked = HubClient.case_acts

    async def unknown(self: HubClient, *, after: int) -> CaseActs:
        async with self._call("GET", "/v1/no-such-place"):
            raise AssertionError("a hub one version behind says that there is no such place")
        return await asked(self, after=after)

    monkeypatch.setattr(HubClient, "case_acts", unknown)
    await world.origin.sync()
    assert acts_here(world.origin, case) == ()
