"""The durable queues against a hub that really serves: outages, lost answers, refusals, deliveries that do not verify."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.exchange import MailboxItem, MailboxPage
from hub.protocol.identifiers import CaseId, Digest, StationId
from hub.trail.note import make_signer
from station_agent.desk.claim import claim
from station_agent.desk.give_up import give_up
from station_agent.desk.messages import ask
from station_agent.desk.send import send
from station_agent.hub_client import HubClient
from station_agent.inbox.pull import judge_quarantined, pull
from station_agent.outbox.send import send_due
from station_agent.settings import TrailSettings
from station_agent.store import outbox
from station_agent.store.cases import all_cases, files_of, find_case, require_case
from station_agent.store.deliveries import QUARANTINED, cursor_of, delivery_rows, quarantined
from station_agent.store.envelopes import envelopes_of, last_digest, receipts_for
from station_agent.store.letters import require_letter
from station_agent.store.verdicts import decode_checks
from station_agent.sync import connect, keep_up, serve, sync_once, utc_now
from tests.exchange.builders import now_utc
from tests.station.desks import (
    PASSPHRASE,
    Desk,
    World,
    a_correction,
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
        with pytest.raises(Unavailable) as unreachable:
            await away.sync()
        assert unreachable.value.values == {"n": 2}
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


async def test_vector_8_a_byte_changed_at_the_hub_is_put_aside_with_e401_and_stops_nothing(tmp_path: Path) -> None:
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


class Says(HubClient):
    """A hub's client whose mailbox says what a test wants."""

    page = MailboxPage(items=(), more=False)

    async def mailbox(self, *, after: int, limit: int) -> MailboxPage:
        """See `HubClient.mailbox`."""
        items = tuple(item for item in self.page.items if item.cursor > after)
        return MailboxPage(items=items, more=False)


async def delivered(world: World, *items: MailboxItem) -> list[Code | None]:
    """Let the origin take `items` and return why each was put aside (None: it was filed)."""
    async with connect(world.origin.agent) as client:
        client.__class__ = Says
        client.page = MailboxPage(items=items, more=False)  # type: ignore[attr-defined]
        await pull(world.origin.agent, client, clock=utc_now)
    with world.origin.agent.store.read() as tx:
        rows = delivery_rows(tx)
    assert len(rows) == len(items), "none is dropped"
    causes = [decode_checks(row.checks).not_passed for row in rows]
    return [found[0].cause if row.state == QUARANTINED else None for row, found in zip(rows, causes, strict=True)]


async def honest_item(world: World) -> MailboxItem:
    """What the hub really delivers to the origin."""
    a_sent_letter(world.opener)
    await world.opener.sync()
    async with connect(world.origin.agent) as client:
        await sync_keys(world, client)
        page = await client.mailbox(after=0, limit=1)
    return page.items[0]


async def sync_keys(world: World, client: HubClient) -> None:
    """Fetch the revocation list, nothing else."""
    await keep_up(world.origin.agent, client, clock=utc_now)


async def test_whatever_a_hub_delivers_is_kept_and_the_honest_delivery_after_it_is_filed(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        good = await honest_item(world)
        envelope, (receipt,) = good.envelope or "", good.receipts
        header, payload, signature = envelope.split(".")
        items = (
            MailboxItem(cursor=1, envelope=None, receipts=(receipt,)),
            MailboxItem(cursor=2, envelope=envelope, receipts=()),
            MailboxItem(cursor=3, envelope="无", receipts=(receipt,)),
            MailboxItem(cursor=4, envelope=f"{header}.{payload}.{signature[:-4]}AAAA", receipts=(receipt,)),
            MailboxItem(cursor=5, envelope=envelope, receipts=(envelope,)),
            MailboxItem(cursor=6, envelope=receipt, receipts=(envelope,)),
            MailboxItem(cursor=7, envelope="." * 4000, receipts=("x",)),
            msgspec.structs.replace(good, cursor=8),
            msgspec.structs.replace(good, cursor=9),
        )
        causes = await delivered(world, *items)
        assert all(causes[:7])
        assert causes[7:] == [None, None], "filed, and the repeat recognised"
        with world.origin.agent.store.read() as tx:
            assert len(all_cases(tx)) == 1
            assert [row.state for row in delivery_rows(tx)][7:] == ["filed", "repeated"]


async def test_a_receipt_of_another_envelope_is_put_aside(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        first = await honest_item(world)
        a_sent_letter(world.opener)
        await world.opener.sync()
        async with connect(world.origin.agent) as client:
            second = (await client.mailbox(after=first.cursor, limit=1)).items[0]
        swapped = msgspec.structs.replace(first, receipts=second.receipts)
        assert await delivered(world, swapped) == [Code.RECEIPT_OTHER]


async def test_a_trail_under_another_key_is_put_aside(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        item = await honest_item(world)
        stranger = make_signer(world.origin.agent.log_key.name, Ed25519PrivateKey.generate())
        settings = msgspec.structs.replace(world.origin.agent.settings, trail=TrailSettings(key=stranger.key.text))
        world.origin.agent = replace(world.origin.agent, settings=settings)
        assert await delivered(world, item) == [Code.NOTE_NOT_SIGNED]


async def test_with_an_old_revocation_list_nothing_is_filed_until_a_fresh_one_comes(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        item = await honest_item(world)
        agent = world.origin.agent
        async with connect(agent) as client:
            client.__class__ = Says
            client.page = MailboxPage(items=(item,), more=False)  # type: ignore[attr-defined]
            await pull(agent, client, clock=lambda: now_utc() + timedelta(hours=25))
            with agent.store.read() as tx:
                (aside,) = quarantined(tx)
            assert Code.STATUS_LIST_TOO_OLD in {check.cause for check in decode_checks(aside.checks).not_passed}
            assert await judge_quarantined(agent, client, clock=utc_now) == 1


async def test_a_refused_message_is_given_up_and_the_case_is_where_it_was(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = a_sealed_letter(world.opener, to=StationId("999999999999"))
        send(world.opener.agent, world.opener.window, case, now=now_utc())
        await world.opener.sync()
        (row,) = rows_of(world.opener, outbox.REFUSED)
        give_up(world.opener.agent, row.seq, now=now_utc())
        with world.opener.agent.store.read() as tx:
            letter = require_letter(tx, case)
            assert (require_case(tx, case).state, letter.state) == ("to_send", "sealed")
            assert last_digest(tx, case) is None
        with pytest.raises(Refused) as refusal:
            give_up(world.opener.agent, row.seq, now=now_utc())
        assert refusal.value.code is Code.NOT_REFUSED


SERVE = """
import asyncio, logging, sys
from pathlib import Path
from station_agent.sync import serve
logging.basicConfig(level=logging.WARNING)
asyncio.run(serve(Path(sys.argv[1]), b"agent", ready=lambda: print("ready", flush=True)))
"""


async def test_agents_killed_again_and_again_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        cases = [a_correction(world.opener) for _ in range(4)]
        chance = random.Random(7)
        for _ in range(2):
            running = [
                await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, str(desk.data), stdout=PIPE)
                for desk in (world.opener, world.origin)
            ]
            for process in running:
                assert process.stdout is not None
                assert await process.stdout.readline() == b"ready\n"
            await asyncio.sleep(chance.random() * 0.3)
            for process in running:
                process.kill()
                await process.wait()
        await world.opener.sync()
        await world.origin.sync()
        await world.opener.sync()
        for desk in (world.opener, world.origin):
            with desk.agent.store.read() as tx:
                assert {row.state for row in outbox.outbox_rows(tx)} == {outbox.SENT}
                assert not quarantined(tx)
                for case in cases:
                    rows = envelopes_of(tx, case)
                    assert [row.kind for row in rows] == ["inquiry", "handover"]
                    assert [len(receipts_for(tx, row.digest)) for row in rows] == [1, 1]
