"""M3 seen from both stations: a seal that is suspended, lost or cancelled at the hub stops the desk, locks gates, raises alarms."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from hub.exchange.administration import open_office, propose
from hub.exchange.check import check_hub
from hub.exchange.seals import list_alarms, list_seals
from hub.protocol.administration import AdministrationKind, LostDetails, ReasonDetails, SealDetails
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import format_instant
from hub.protocol.seal_status import SealEntry, SealEvent, SealState, SealStatusList
from hub.protocol.verdict import Result
from hub.signing.authority import Subject
from hub.signing.keys import KeySigner, load_signer
from hub.signing.purposes import CertificateKind, OfficerRole, SealPurpose
from hub.signing.seal_lists import SealBook, check_seal_state, sign_seal_list
from hub.trail.evidence.container import read_container
from station_agent.desk.approve import approve
from station_agent.desk.claim import claim
from station_agent.desk.draft import draft
from station_agent.desk.gate.evaluate import evaluate
from station_agent.desk.look import look
from station_agent.desk.stamp import stamp
from station_agent.evidence import write_version
from station_agent.personnel import suspend_own_seal
from station_agent.register.seal_memory import remember_seals
from station_agent.register.tables import open_tables
from station_agent.seal_states import keep_seals, require_seal_in_force, seal_book, seal_lists, take_seal_list
from station_agent.seal_uses import seal_uses
from station_agent.store.cases import require_case
from station_agent.store.letters import require_letter
from station_agent.store.seals import alarms_kept, seal_lists_taken
from station_agent.sync import connect
from tests.exchange.builders import PASSPHRASE as HUB_PASSPHRASE
from tests.exchange.builders import administer, now_utc
from tests.station.desks import (
    PASSWORD,
    SEEN,
    Desk,
    World,
    a_draft,
    a_sealed_letter,
    a_sent_letter,
    a_world,
    acted,
    write_pair,
)
from tests.station.scene import ORIGIN, cached_readers

pytestmark = pytest.mark.long

WHY = ReasonDetails(reason="试验")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two desks whose opener's seal is registered and active."""
    async with a_world(tmp_path) as world:
        registered(world)
        for desk in (world.opener, world.origin):
            await desk.sync()
        yield world


def registered(world: World, *, active: bool = True) -> str:
    """The opener's seal, in the hub's register."""
    x5t = world.opener.seal.certified.x5t
    details = SealDetails(certificate=world.opener.seal.certified.pem.decode(), specimen=None)
    change(world, AdministrationKind.REGISTER_SEAL, details)
    if active:
        change(world, AdministrationKind.ACTIVATE_SEAL)
    return x5t


def change(world: World, kind: AdministrationKind, details: object = WHY) -> None:
    administer(world.hub_data, world.province, kind, world.opener.seal.certified.x5t, details)  # type: ignore[arg-type]


def lost(world: World, since: datetime) -> None:
    details = LostDetails(compromised_since=format_instant(since), reason="印章失窃")
    change(world, AdministrationKind.LOSE_SEAL, details)


async def a_delivered_letter(world: World) -> CaseId:
    """A letter that the origin has claimed and looked at."""
    case, _ = a_sent_letter(world.opener)
    for desk in (world.opener, world.origin, world.opener, world.origin):
        await desk.sync()
    claim(world.origin.agent, world.origin.window, case, now=now_utc())
    look(world.origin.agent, world.origin.window, case, impression=SEEN, now=now_utc())
    await world.origin.sync()
    return case


def an_approved_draft(desk: Desk) -> CaseId:
    case = draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=a_draft(), now=now_utc())
    approve(desk.agent, desk.head, case, now=now_utc())
    return case


def gate_of(desk: Desk, case: CaseId) -> str:
    with desk.agent.store.read() as tx:
        return require_case(tx, case).gate


def judged(world: World, case: CaseId, *, now: datetime | None = None):  # type: ignore[no-untyped-def]
    return evaluate(world.origin.agent, case, readers=cached_readers(), register=world.register, now=now or now_utc())


async def test_a_letter_under_an_active_seal_passes_and_its_evidence_carries_the_list(world: World) -> None:
    case = await a_delivered_letter(world)
    assert judged(world, case).passed
    row = write_version(world.origin.agent, case, now=now_utc())
    assert row.indication == "TOTAL-PASSED"
    names = [file.name for file in read_container(world.origin.agent.store.blobs.get(row.digest)).files]
    with world.origin.agent.store.read() as tx:
        numbers = [item.number for item in seal_lists_taken(tx)]
    assert [name for name in names if name.startswith("trail/seals-")] == [f"trail/seals-{n}.jws" for n in numbers]
    acted(world, case)


async def test_vector_6_a_lost_seal_locks_the_gate_of_a_letter_signed_after(world: World) -> None:
    case = await a_delivered_letter(world)
    assert judged(world, case).passed
    assert gate_of(world.origin, case) == "open"
    lost(world, now_utc() - timedelta(minutes=30))
    await world.origin.sync()
    # At once, with the list: nobody has asked the gate again yet.
    assert gate_of(world.origin, case) == "locked"
    with world.origin.agent.store.read() as tx:
        assert require_letter(tx, case).state == "undetermined"
    (check,) = judged(world, case).not_passed
    assert (check.code, check.result, check.cause) == ("G3", Result.INDETERMINATE, Code.SEAL_KEY_NOT_IN_FORCE)
    with pytest.raises(Refused):
        acted(world, case)
    with world.origin.agent.store.read() as tx:
        assert alarms_kept(tx) == ()


async def test_vector_6_a_letter_signed_before_the_seal_was_lost_still_passes(world: World) -> None:
    case = await a_delivered_letter(world)
    lost(world, now_utc())
    await world.origin.sync()
    assert judged(world, case).passed
    acted(world, case)


async def test_vector_6_for_a_used_letter_an_alarm_with_c10s_fields_stands_at_both_stations_and_the_hub(
    world: World,
) -> None:
    case = await a_delivered_letter(world)
    judged(world, case)
    serial = acted(world, case).serial
    since = now_utc() - timedelta(minutes=30)
    lost(world, since)
    for desk in (world.origin, world.opener, world.origin):
        await desk.sync()
    (alarm,) = list_alarms(world.hub_data)
    assert (alarm.cases, alarm.serial, alarm.station, alarm.sender) == (
        (case,),
        serial,
        world.origin.agent.station,
        world.opener.agent.station,
    )
    assert (alarm.problem_class, alarm.fault) == ("假", "未定")
    assert all((alarm.facts, alarm.harm, alarm.proposal))
    kept = []
    for desk in (world.origin, world.opener):
        with desk.agent.store.read() as tx:
            (raw,) = alarms_kept(tx)
            kept.append(raw)
    assert kept[0] == kept[1]
    # Once, however often the lists come again; and the hub's folder is whole.
    lost(world, since - timedelta(minutes=5))
    await world.origin.sync()
    assert len(list_alarms(world.hub_data)) == 1
    assert gate_of(world.origin, case) == "used"
    assert check_hub(world.hub_data).ok


async def test_a_suspended_seal_neither_stamps_nor_seals_e302_until_the_province_resumes_it(world: World) -> None:
    case = an_approved_draft(world.opener)
    change(world, AdministrationKind.SUSPEND_SEAL)
    await world.opener.sync()
    with pytest.raises(Refused) as refusal:
        stamp(world.opener.agent, world.opener.custodian, case, copies=1, now=now_utc())
    assert refusal.value.code is Code.SEAL_SUSPENDED
    change(world, AdministrationKind.RESUME_SEAL)
    await world.opener.sync()
    stamp(world.opener.agent, world.opener.custodian, case, copies=1, now=now_utc())
    change(world, AdministrationKind.SUSPEND_SEAL)
    await world.opener.sync()
    with pytest.raises(Refused) as refusal:
        require_seal_in_force(world.opener.agent, world.opener.seal.certified.x5t)
    assert refusal.value.code is Code.SEAL_SUSPENDED
    assert refusal.value.values["state"] == "停用"


async def test_the_head_suspends_at_once_also_without_the_hub_and_only_the_province_resumes(world: World) -> None:
    x5t = world.opener.seal.certified.x5t
    opener = world.opener
    with pytest.raises(NotPermitted):
        suspend_own_seal(opener.agent, opener.window, SealPurpose.HOUSEHOLD, reason="试验", now=now_utc())
    suspend_own_seal(opener.agent, opener.head, SealPurpose.HOUSEHOLD, reason="去向不明", now=now_utc())
    with pytest.raises(Refused) as refusal:  # nobody was asked yet
        require_seal_in_force(opener.agent, x5t)
    assert refusal.value.code is Code.SEAL_SUSPENDED
    await opener.sync()
    assert [seal.state for seal in list_seals(world.hub_data, now=now_utc())] == [SealState.SUSPENDED]
    with pytest.raises(Refused):
        require_seal_in_force(opener.agent, x5t)
    change(world, AdministrationKind.RESUME_SEAL)
    await opener.sync()
    require_seal_in_force(opener.agent, x5t)
    assert check_hub(world.hub_data).ok


async def test_a_new_heads_certificate_reaches_the_hub_before_what_the_head_has_signed(world: World) -> None:
    opener = world.opener
    subject = Subject("新所长", station=opener.agent.station, number="341822009")
    signer = world.province.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.HEAD,))
    write_pair(opener.agent.folder.officer("341822009"), signer, PASSWORD)
    head = opener.agent.unlock("341822009", PASSWORD)
    suspend_own_seal(opener.agent, head, SealPurpose.HOUSEHOLD, reason="去向不明", now=now_utc())
    async with connect(opener.agent) as client:
        await keep_seals(opener.agent, client, clock=now_utc)
    assert [seal.state for seal in list_seals(world.hub_data, now=now_utc())] == [SealState.SUSPENDED]


async def test_a_head_who_suspends_what_the_hub_has_suspended_holds_nothing_up_after_the_resumption(
    world: World,
) -> None:
    x5t, opener = world.opener.seal.certified.x5t, world.opener
    change(world, AdministrationKind.SUSPEND_SEAL)
    suspend_own_seal(opener.agent, opener.head, SealPurpose.HOUSEHOLD, reason="去向不明", now=now_utc())
    await opener.sync()  # refused there: it was suspended before
    change(world, AdministrationKind.RESUME_SEAL)
    await opener.sync()
    require_seal_in_force(opener.agent, x5t)


async def test_another_stations_head_and_a_lone_administrator_do_not_change_a_seal(world: World) -> None:
    seal = world.opener.seal.certified.x5t
    first, _ = world.province.two_administrators()
    with open_office(world.hub_data, HUB_PASSPHRASE) as office:
        with pytest.raises(NotPermitted):
            propose(
                office,
                AdministrationKind.SUSPEND_SEAL,
                seal,
                WHY,
                signer=_signer(world.origin.head.signer),
                now=now_utc(),
            )
        change(world, AdministrationKind.SUSPEND_SEAL)
        filed = propose(office, AdministrationKind.RESUME_SEAL, seal, WHY, signer=first, now=now_utc())
    assert not filed.effective
    assert [item.state for item in list_seals(world.hub_data, now=now_utc())] == [SealState.SUSPENDED]


def _signer(signer: object) -> KeySigner:
    assert isinstance(signer, KeySigner)
    return signer


async def test_a_letter_received_while_the_seal_was_suspended_is_undetermined_later_too(world: World) -> None:
    """The state that counts is the one when the hub received the letter."""
    case, _ = a_sent_letter(world.opener)  # sealed before the suspension, sent after
    change(world, AdministrationKind.SUSPEND_SEAL)
    for desk in (world.opener, world.origin, world.opener, world.origin):
        await desk.sync()
    change(world, AdministrationKind.RESUME_SEAL)
    claim(world.origin.agent, world.origin.window, case, now=now_utc())
    look(world.origin.agent, world.origin.window, case, impression=SEEN, now=now_utc())
    await world.origin.sync()
    (check,) = judged(world, case).not_passed
    assert (check.code, check.cause) == ("G3", Code.SEAL_KEY_NOT_IN_FORCE)


async def test_lost_and_cancelled_are_for_ever(world: World) -> None:
    lost(world, now_utc() - timedelta(minutes=1))
    for kind in (AdministrationKind.RESUME_SEAL, AdministrationKind.ACTIVATE_SEAL, AdministrationKind.SUSPEND_SEAL):
        with pytest.raises(Refused) as refusal:
            change(world, kind)
        assert refusal.value.code is Code.SEAL_STATE
    change(world, AdministrationKind.CANCEL_SEAL)
    assert [seal.state for seal in list_seals(world.hub_data, now=now_utc())] == [SealState.CANCELLED]
    with pytest.raises(Refused):
        lost(world, now_utc())


async def test_a_list_25_hours_old_decides_nothing_w403(world: World) -> None:
    """The revocation list is fresh; only the list of seals is old."""
    case = await a_delivered_letter(world)
    later = now_utc() + timedelta(hours=25)
    world.origin.agent.knowledge.learn_crl(world.province.crl(number=9, at=later - timedelta(minutes=1)), now=later)
    checks = [check for check in judged(world, case, now=later).not_passed if check.code == "G3"]
    assert [(check.result, check.cause) for check in checks] == [(Result.INDETERMINATE, Code.STATUS_LIST_TOO_OLD)]
    assert "seal list" in (checks[0].detail or "")


async def test_an_older_list_and_a_strangers_are_not_taken(world: World) -> None:
    agent = world.opener.agent
    with agent.store.read() as tx:
        old = seal_lists_taken(tx)[-1].raw
    change(world, AdministrationKind.SUSPEND_SEAL)
    await world.opener.sync()
    with pytest.raises(Refused) as refusal:
        take_seal_list(agent, old, now=now_utc())
    assert refusal.value.code is Code.SEAL_LIST_OLDER
    with pytest.raises(Refused):
        take_seal_list(agent, old[:-8] + b"AAAAAAAA", now=now_utc())
    events = seal_book(agent).events_of(world.opener.seal.certified.x5t)
    assert [event.state for event in events] == [SealState.REGISTERED, SealState.ACTIVE, SealState.SUSPENDED]


async def test_a_hub_that_forgot_a_suspension_does_not_bring_the_seal_back(world: World) -> None:
    """As after a restore from an older backup: the number is greater, the suspension is not in it."""
    agent, x5t = world.opener.agent, world.opener.seal.certified.x5t
    with agent.store.read() as tx:
        before = seal_lists(tx, agent)[-1].list
    change(world, AdministrationKind.SUSPEND_SEAL)
    await world.opener.sync()
    with agent.store.read() as tx:
        newest = seal_lists(tx, agent)[-1].list
    forgetful = msgspec.structs.replace(before, number=newest.number + 100, at=format_instant(now_utc()))
    raw = sign_seal_list(forgetful, signer=hub_signer(world))
    take_seal_list(agent, raw, now=now_utc())
    with agent.store.read() as tx:
        assert [row.number for row in seal_lists_taken(tx)] == [newest.number, forgetful.number]
    check = check_seal_state(x5t, book=seal_book(agent), at=now_utc(), now=now_utc())
    assert check.cause is Code.SEAL_KEY_NOT_IN_FORCE
    with pytest.raises(Refused):
        require_seal_in_force(agent, x5t)


def hub_signer(world: World) -> KeySigner:
    keys = world.hub_data / "keys"
    return load_signer((keys / "hub.key.pem").read_bytes(), HUB_PASSPHRASE, (keys / "hub.pem").read_bytes())


def test_the_register_remembers_what_evidence_has_said_of_seals(tmp_path: Path) -> None:
    """An agent that leaves the list out, or brings one from before, hides nothing that the register has seen."""
    at = format_instant(now_utc())
    active, gone = (
        SealStatusList(
            number=number,
            at=at,
            origin="o",
            required=False,
            administrators=(),
            seals=(SealEntry(seal="s" * 43, station=ORIGIN, events=(SealEvent(state=state, at=at),)),),
        )
        for number, state in ((1, SealState.ACTIVE), (2, SealState.CANCELLED))
    )
    file = tmp_path / "register.sqlite"
    for brought in ((gone,), (active,), ()):
        with open_tables(file) as tx:
            book = remember_seals(tx, SealBook(brought, max_age=timedelta(hours=24)))
        assert check_seal_state("s" * 43, book=book, at=now_utc(), now=now_utc()).cause is Code.SEAL_KEY_NOT_IN_FORCE


async def test_without_a_register_of_seals_everything_is_as_before(tmp_path: Path) -> None:
    """A deployment that registers no seals: no check is asked, and the evidence carries no list."""
    async with a_world(tmp_path) as world:
        case = await a_delivered_letter(world)
        assert judged(world, case).passed
        row = write_version(world.origin.agent, case, now=now_utc())
        names = [file.name for file in read_container(world.origin.agent.store.blobs.get(row.digest)).files]
        assert not [name for name in names if name.startswith("trail/seals-")]
        acted(world, case)


async def test_a_registered_seal_that_was_not_activated_does_not_seal(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = an_approved_draft(world.opener)
        registered(world, active=False)
        await world.opener.sync()
        with pytest.raises(Refused) as refusal:
            stamp(world.opener.agent, world.opener.custodian, case, copies=1, now=now_utc())
        assert (refusal.value.code, refusal.value.values["state"]) == (Code.SEAL_SUSPENDED, "待备案")


async def test_the_register_of_seal_use_lists_every_use_with_people_masked(world: World) -> None:
    case = a_sealed_letter(world.opener)
    (line,) = seal_uses(world.opener.agent)
    assert (line.number, line.case, line.copies) == (1, case, 1)
    assert line.custodian.startswith(world.opener.custodian.number)
    assert line.letter_number
    assert datetime.fromisoformat(line.at) <= datetime.now(UTC)
    text = json.dumps(line.persons, ensure_ascii=False)
    assert "*" in text
    assert not any(len(part) > 4 and part.isdigit() for part in text.replace('"', " ").replace("…", " ").split())
