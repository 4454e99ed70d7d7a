"""A station erases a case on the hub's notice, with two administrators' signatures verified here; nothing brings it back."""

import asyncio
import sqlite3
from base64 import urlsafe_b64decode
from pathlib import Path

import msgspec
import pytest

from hub.exchange.administration import approve, look_at_case, open_office, propose_erasure
from hub.exchange.hub import read_settings
from hub.exchange.restore import open_hub_signer
from hub.exchange.verify_trail import verify_trail
from hub.protocol.codes import Code
from hub.protocol.erasure import ErasedContent
from hub.protocol.errors import Refused
from hub.protocol.exchange import MailboxItem
from hub.protocol.finding import FindingGrade
from hub.protocol.identifiers import CaseId
from hub.protocol.verdict import Indication, Result
from hub.signing.erasures import open_erasure, sign_erasure
from hub.signing.keys import Signer
from hub.signing.restores import signatures_in
from hub.signing.trust import Trust
from hub.store.layout import DataFolder
from hub.trail.evidence.verify import check_evidence
from station_agent import erasures
from station_agent.certificates import ensure_named
from station_agent.check import check_agent
from station_agent.erasures import delete_files, erase_on_notice
from station_agent.evidence import read_version, write_version
from station_agent.inbox.pull import take
from station_agent.seal_uses import seal_uses
from station_agent.store.cases import require_case
from station_agent.store.deliveries import delivery_rows
from station_agent.store.envelopes import envelopes_of
from station_agent.store.erasures import erased_case
from station_agent.store.trail import trail_events_of
from station_agent.sync import connect
from tests.exchange.builders import PASSPHRASE, declare, now_utc
from tests.station.desks import Desk, World, a_claimed_case, a_world


def erase_at_hub(world: World, case: CaseId) -> None:
    first, second = world.province.two_administrators()
    with open_office(world.hub_data, PASSPHRASE) as office:
        details = look_at_case(office, case, reason="保存期届满", open=True)
        filed = propose_erasure(office, case, details, signer=first, now=now_utc())
        assert filed.number is not None
        approve(office, filed.number, signer=second, now=now_utc())


def state(desk: Desk, case: CaseId) -> str:
    with desk.agent.store.read() as tx:
        return require_case(tx, case).state


def told_of(desk: Desk, case: CaseId) -> bytes:
    with desk.agent.store.read() as tx:
        found = erased_case(tx, case)
    assert found is not None
    return found.raw


def says(desk: Desk, case: CaseId) -> list[bytes]:
    """Pieces of what the case's envelopes say in Chinese, as they lie on the disk."""
    with desk.agent.store.read() as tx:
        payloads = [row.raw.split(b".")[1] for row in envelopes_of(tx, case)]
    pieces = {payload[at : at + 20] for payload in payloads for at in range(0, len(payload) - 20, 20)}
    return [piece for piece in pieces if not urlsafe_b64decode(piece).isascii()]


def on_disk(data: Path) -> bytes:
    files = [path for path in sorted(data.rglob("*")) if path.is_file() and "trust" not in path.parts]
    return b"".join(path.read_bytes() for path in files)


async def test_both_stations_erase_at_their_next_sync_and_the_trail_tells_so(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        await world.opener.sync()
        pieces = {desk.data: says(desk, case) for desk in (world.opener, world.origin)}
        row = write_version(world.origin.agent, case, now=now_utc())
        before = read_version(world.origin.agent, case)
        assert before is not None
        (world.opener.data / "agent.sqlite.before-0007").write_bytes(b"an old copy")
        erase_at_hub(world, case)
        for desk in (world.opener, world.origin):
            assert state(desk, case) != "erased"
            await desk.sync()
            assert state(desk, case) == "erased"
            disk = on_disk(desk.data)
            assert pieces[desk.data]
            assert [piece for piece in pieces[desk.data] if piece in disk] == []
            findings = check_agent(desk.data)
            assert [(one.code, one.grade) for one in findings] == [(Code.CHECK_ERASED, FindingGrade.NOTE)]
            with desk.agent.store.read() as tx:
                events = [event for event in trail_events_of(tx, case) if event.event == "case-erased"]
            assert [event.leaf is not None for event in events] == [True]
            await desk.sync()
            assert len(trail_events(desk, case)) == 1
        assert not (world.opener.data / "agent.sqlite.before-0007").exists()
        assert not world.origin.agent.store.blobs.has(row.digest)
        assert verify_trail(world.hub_data).ok
        assert [use.case for use in seal_uses(world.opener.agent)] == [case]
        # What was handed out stays good; what is written now names what is gone.
        trust = Trust((world.province.root.certified,))
        assert check_evidence(before[1], trust=trust, now=now_utc())[0].indication is not Indication.TOTAL_FAILED
        with pytest.raises(Refused) as refused:
            read_version(world.origin.agent, case, row.version)
        assert refused.value.code is Code.CASE_ERASED
        write_version(world.origin.agent, case, now=now_utc())
        after = read_version(world.origin.agent, case)
        assert after is not None
        verdict, _ = check_evidence(after[1], trust=trust, now=now_utc())
        results = {check.code: check.result for check in verdict.checks}
        assert verdict.indication is Indication.INDETERMINATE
        assert Result.FAILED not in results.values()
        assert results["evidence.envelopes"] is results["evidence.seals"] is Result.REDACTED
        assert results["evidence.erasure"] in (Result.PASSED, Result.PENDING)
        assert [one.code for one in check_agent(world.origin.data)] == [Code.CHECK_ERASED]


def trail_events(desk: Desk, case: CaseId) -> list[str]:
    with desk.agent.store.read() as tx:
        return [event.event for event in trail_events_of(tx, case) if event.event == "case-erased"]


async def test_a_hub_alone_cannot_make_a_station_erase(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        erase_at_hub(world, case)
        await world.opener.sync()
        raw, agent = told_of(world.opener, case), world.origin.agent
        await fetch_certificates(world.origin, raw)
        signed = open_erasure(raw, certificates=agent.knowledge.find)
        forged = msgspec.structs.replace(signed.notice, case=CaseId(f"C06-{world.origin.agent.station}-2026-000009"))
        once = msgspec.structs.replace(signed.notice, signatures=(signed.notice.signatures[0],) * 2)
        less = msgspec.structs.replace(signed.notice, content=one_file_less(signed.notice.content))
        hub = hub_signer(world)
        for notice in (forged, less):
            with pytest.raises(Refused):
                erase_on_notice(agent, sign_erasure(notice, signer=hub), now=now_utc())
        with pytest.raises(Refused):
            erase_on_notice(agent, sign_erasure(once, signer=hub), now=now_utc())
        assert state(world.origin, case) == "claimed"
        assert erase_on_notice(agent, raw, now=now_utc())
        assert not erase_on_notice(agent, raw, now=now_utc())


async def test_what_was_on_its_way_is_not_stored_and_a_refill_brings_nothing_back(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        with world.origin.agent.store.read() as tx:
            row = next(each for each in delivery_rows(tx) if each.envelope is not None)
        assert row.envelope is not None
        item = MailboxItem(
            cursor=row.cursor + 1_000,
            envelope=row.envelope.decode(),
            receipts=tuple(msgspec.json.decode(row.receipts, type=list[str])),
        )
        erase_at_hub(world, case)
        await world.origin.sync()
        async with connect(world.origin.agent) as client:
            await take(world.origin.agent, client, item, now_utc)
        with world.origin.agent.store.read() as tx:
            assert [each.envelope for each in delivery_rows(tx) if each.state == "erased"].count(None) >= 2
            assert envelopes_of(tx, case) == ()
        # The opener was away: it hears of the restore and of the erasure at once, and sends nothing of the case again.
        declare(world.hub_data, world.province)
        await world.opener.sync()
        await world.opener.sync()
        assert state(world.opener, case) == "erased"
        with sqlite3.connect(world.hub_data / "hub.sqlite") as connection:
            bodies = connection.execute("SELECT length(raw) FROM envelopes WHERE case_id = ?", (case,)).fetchall()
        assert {length for (length,) in bodies} == {0}
        assert verify_trail(world.hub_data).ok


async def test_files_that_a_kill_left_are_deleted_at_the_next_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        erase_at_hub(world, case)
        pieces = says(world.origin, case)
        with monkeypatch.context() as patch:
            patch.setattr(erasures, "delete_files", lambda _agent: None)
            await world.origin.sync()
        left = [path for path in (world.origin.data / "blobs").rglob("*") if path.is_file()]
        assert left
        await asyncio.to_thread(delete_files, world.origin.agent)
        assert [path for path in left if path.exists()] == []
        assert [piece for piece in pieces if piece in on_disk(world.origin.data)] == []


async def test_a_body_that_is_missing_without_a_notice_is_damage(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        with sqlite3.connect(world.origin.data / "agent.sqlite") as connection:
            assert connection.execute("UPDATE envelopes SET raw = x'' WHERE \"case\" = ?", (case,)).rowcount
        assert Code.CHECK_ROW_DIFFERS in {one.code for one in check_agent(world.origin.data)}


async def fetch_certificates(desk: Desk, raw: bytes) -> None:
    """Let the desk know the signers, as a sync would."""
    async with connect(desk.agent) as client:
        await ensure_named(desk.agent, client, [raw, *signatures_in(raw)])


def hub_signer(world: World) -> Signer:
    folder = DataFolder(world.hub_data)
    return open_hub_signer(folder, PASSPHRASE, read_settings(folder))


def one_file_less(content: ErasedContent) -> ErasedContent:
    return msgspec.structs.replace(content, files=content.files[1:])
