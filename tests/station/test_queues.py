"""The durable queues against a hub that really serves: outages, lost answers, refusals, deliveries that do not verify."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.identifiers import CaseId, Digest, StationId
from station_agent.desk.claim import claim
from station_agent.desk.messages import ask
from station_agent.desk.send import send
from station_agent.hub_client import HubClient
from station_agent.inbox.pull import judge_quarantined, pull
from station_agent.outbox.send import send_due
from station_agent.store import outbox
from station_agent.store.cases import all_cases, files_of, find_case, require_case
from station_agent.store.deliveries import cursor_of, delivery_rows, quarantined
from station_agent.store.envelopes import envelopes_of, receipts_for
from station_agent.store.verdicts import decode_checks
from station_agent.sync import connect, serve, sync_once, utc_now
from tests.exchange.builders import now_utc
from tests.station.desks import (
    PASSPHRASE,
    Desk,
    a_sealed_letter,
    a_sent_letter,
    a_world,
)


def rows_of(desk: Desk, *states: str) -> tuple[outbox.OutboxRow, ...]:
    """Items of the outbox."""
    with desk.agent.store.read() as tx:
        return outbox.outbox_rows(tx, *states)


class LosesAnswers(HubClient):
    """A client whose connection breaks after the hub has taken an envelope, as often as told."""

    losses = 1

    async def submit(self, envelope: bytes) -> bytes:
        """See `HubClient.submit`."""
        answer = await super().submit(envelope)
        if self.losses:
            self.losses -= 1
            raise Unavailable(Code.HUB_UNREACHABLE)
        return answer


async def test_with_the_hub_away_work_goes_on_and_everything_arrives_in_order_later(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        away = without_hub(world.opener)
        first, _ = a_sent_letter(away)
        second, _ = a_sent_letter(away)
        with pytest.raises(Unavailable):
            await away.sync()
        assert len(rows_of(away, outbox.QUEUED)) == 2
        await world.opener.sync()
        assert not rows_of(world.opener, outbox.QUEUED)
        await world.origin.sync()
        with world.origin.agent.store.read() as tx:
            assert {row.case for row in all_cases(tx)} == {first, second}


async def test_a_lost_answer_is_asked_for_again_and_nothing_is_doubled(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case, sent = a_sent_letter(world.opener)
        async with connect(world.opener.agent) as client:
            client.__class__ = LosesAnswers
            with pytest.raises(Unavailable):
                await sync_once(world.opener.agent, client)
            assert len(rows_of(world.opener, outbox.QUEUED)) == 1
            with world.opener.agent.store.write() as tx:
                outbox.wake_all(tx, now=now_utc())
            await send_due(world.opener.agent, client, clock=utc_now)
        (row,) = rows_of(world.opener)
        assert (row.state, row.attempts) == (outbox.SENT, 2)
        with world.opener.agent.store.read() as tx:
            assert len(receipts_for(tx, sent.envelope)) == 1
        await world.origin.sync()
        with world.origin.agent.store.read() as tx:
            assert [item.kind for item in envelopes_of(tx, case)] == ["inquiry", "handover"]


async def test_a_refusal_is_kept_with_its_problem_and_holds_up_its_own_case_only(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        refused = a_sealed_letter(world.opener, to=StationId("999999999999"))
        send(world.opener.agent, world.opener.window, refused, now=now_utc())
        good, _ = a_sent_letter(world.opener)
        await world.opener.sync()
        bad, fine = rows_of(world.opener)
        assert (bad.state, bad.trouble) == (outbox.REFUSED, Code.ENVELOPE_ADDRESSEE.value)
        assert bad.problem is not None
        assert Code.ENVELOPE_ADDRESSEE.value.encode() in bad.problem
        assert fine.state == outbox.SENT
        await world.opener.sync()
        assert rows_of(world.opener)[0].attempts == 1, "a refusal is not repeated by itself"
        with world.opener.agent.store.write() as tx:
            outbox.try_again(tx, bad.seq, now=now_utc())
        await world.opener.sync()
        assert rows_of(world.opener)[0].attempts == 2
        assert good != refused


async def test_a_byte_changed_at_the_hub_is_put_aside_with_e401_and_stops_nothing(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case, _ = a_sent_letter(world.opener)
        other, _ = a_sent_letter(world.opener)
        await world.opener.sync()
        letter = letter_of(world.opener, case)
        (blob,) = [path for path in (world.hub_data / "blobs").rglob(letter) if path.is_file()]
        honest = blob.read_bytes()
        blob.chmod(0o600)
        blob.write_bytes(honest[:5000] + bytes([honest[5000] ^ 1]) + honest[5001:])
        await world.origin.sync()
        origin = world.origin.agent
        with origin.store.read() as tx:
            (aside,) = quarantined(tx)
            assert find_case(tx, case) is None
            assert find_case(tx, other) is not None, "the mailbox went on"
        causes = [check.cause for check in decode_checks(aside.checks).not_passed]
        assert causes == [Code.SEAL_INVALID]
        with pytest.raises(Refused):
            claim(origin, world.origin.window, case, now=now_utc())
        # Mended at the hub (from its backup), it is looked at again and filed.
        blob.write_bytes(honest)
        await world.origin.sync()
        with origin.store.read() as tx:
            assert not quarantined(tx)
            assert require_case(tx, case).state == "delivered"


async def test_a_crash_between_two_rounds_repeats_nothing(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        a_sent_letter(world.opener)
        await world.opener.sync()
        origin = world.origin.agent
        async with connect(origin) as client:
            await sync_once(origin, client)
            count = len(delivery_rows_of(world.origin))
            assert await pull(origin, client, clock=utc_now) == 0
            assert await judge_quarantined(origin, client, clock=utc_now) == 0
        assert len(delivery_rows_of(world.origin)) == count


async def test_the_handover_tells_the_sender_that_its_letter_has_arrived(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case, _ = a_sent_letter(world.opener)
        await world.opener.sync()
        with world.opener.agent.store.read() as tx:
            assert require_case(tx, case).state == "to_send"
        await world.origin.sync()
        await world.opener.sync()
        with world.opener.agent.store.read() as tx:
            assert require_case(tx, case).state == "delivered"


async def test_serving_agents_exchange_by_themselves_and_only_one_serves_a_folder(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        stop = asyncio.Event()
        folders = (world.opener.data, world.origin.data)
        serving = [asyncio.create_task(serve(data, PASSPHRASE, stop=stop)) for data in folders]
        try:
            case, _ = a_sent_letter(world.opener)
            await until(lambda: state(world.origin, case) == "delivered")
            claim(world.origin.agent, world.origin.window, case, now=now_utc())
            ask(world.origin.agent, world.origin.window, case, text="请补充", now=now_utc())
            await until(lambda: state(world.opener, case) == "awaiting_supply")
            with pytest.raises(Refused) as refusal:
                await serve(world.opener.data, PASSPHRASE, stop=stop)
            assert refusal.value.code is Code.SERVING_ALREADY
        finally:
            stop.set()
            await asyncio.gather(*serving)


def without_hub(desk: Desk) -> Desk:
    """The same desk, as long as its hub's address leads nowhere."""
    settings = msgspec.structs.replace(desk.agent.settings, hub="http://127.0.0.1:9")
    return replace(desk, agent=replace(desk.agent, settings=settings))


def letter_of(desk: Desk, case: CaseId) -> Digest:
    """Digest of the sealed letter."""
    with desk.agent.store.read() as tx:
        (letter,) = files_of(tx, case, Role.LETTER)
    return letter.digest


def delivery_rows_of(desk: Desk) -> tuple[object, ...]:
    """Every delivery of a desk; the cursor stands at the newest."""
    with desk.agent.store.read() as tx:
        rows = delivery_rows(tx)
        assert cursor_of(tx) == (rows[-1].cursor if rows else 0)
    return rows


def state(desk: Desk, case: CaseId) -> str | None:
    """M1's state, None while the case is not known."""
    with desk.agent.store.read() as tx:
        row = find_case(tx, case)
    return None if row is None else row.state


async def until(question: Callable[[], bool], *, timeout_s: float = 20) -> None:
    """Wait until `question()` is true."""
    async with asyncio.timeout(timeout_s):
        while not question():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.05)
