"""Clocks that differ, queues that are old, letters that are late: judged by the hub's clock, claims shown as claims."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hanxun.agent_times import clock_as_json, times_as_json
from hub.cases.catalogue import default_catalogue
from hub.cases.clocks import SiteHours
from hub.exchange import accept
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import SHANGHAI, format_instant
from hub.signing.envelopes import open_envelope
from station_agent.clock_skew import SkewNotes, clock_warning, skew_of
from station_agent.desk import draft as drafting
from station_agent.desk import posting
from station_agent.desk.claim import claim
from station_agent.desk.close import withdraw
from station_agent.desk.draft import redraft
from station_agent.desk.gate.evaluate import evaluate
from station_agent.desk.look import look
from station_agent.desk.messages import return_case
from station_agent.desk.send import send
from station_agent.hub_client import HubClient, Throttled
from station_agent.lateness import Timing, timings
from station_agent.outbox.send import send_due
from station_agent.store import outbox
from station_agent.store.cases import require_case
from station_agent.store.deliveries import quarantined
from station_agent.store.engine import open_store
from station_agent.store.envelopes import envelopes_of
from station_agent.store.verdicts import decode_checks
from station_agent.sync import connect, keep_up, utc_now
from tests.exchange.builders import now_utc
from tests.station.desks import SEEN, Desk, a_draft, a_sealed_letter, a_sent_letter, a_world, acted
from tests.station.scene import cached_readers
from tests.station.test_queues import rows_of, without_hub


def times(desk: Desk, case: CaseId) -> tuple[Timing, ...]:
    """What the desk shows about the time limits of a case."""
    with desk.agent.store.read() as tx:
        return timings(tx, case, catalogue=default_catalogue(), hours=SiteHours())


def is_late(desk: Desk, case: CaseId) -> bool:
    """The flag at the desk."""
    with desk.agent.store.read() as tx:
        return require_case(tx, case).late


def wake(desk: Desk) -> None:
    """Do not wait out the pauses."""
    with desk.agent.store.write() as tx:
        outbox.wake_all(tx, now=now_utc())


def days_ago(days: int, text: str) -> datetime:
    """A time of an earlier day in Beijing."""
    day = (now_utc().astimezone(SHANGHAI) - timedelta(days=days)).date()
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=SHANGHAI)


async def test_vector_1_found_at_2350_and_sent_at_0005_is_late_and_the_gate_may_pass(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        body = a_draft(discovered_at=format_instant(days_ago(1, "23:50:00")), move_date="2026-01-05")
        case = a_sealed_letter(world.opener, body=body)
        five_past = days_ago(1, "23:50:00") + timedelta(minutes=15)
        with pytest.raises(Refused) as refused:
            send(world.opener.agent, world.opener.window, case, now=five_past)
        assert refused.value.code is Code.LATE_NEEDS_REASON
        assert send(world.opener.agent, world.opener.window, case, late_reason="夜间发现", now=five_past).late
        await world.opener.sync()
        await world.origin.sync()
        assert is_late(world.opener, case)
        assert is_late(world.origin, case)
        claim(world.origin.agent, world.origin.window, case, now=now_utc())
        look(world.origin.agent, world.origin.window, case, impression=SEEN, now=now_utc())
        gate = evaluate(
            world.origin.agent,
            case,
            readers=cached_readers(),
            register=world.register,
            decisions=None,
            now=now_utc(),
        )
        assert gate.passed, [(check.code, check.cause, check.detail) for check in gate.not_passed]
        assert acted(world, case).serial
        (shown,) = times(world.origin, case)
        assert (shown.late, shown.reason) == (True, "夜间发现")


async def test_after_days_without_the_hub_the_letter_is_taken_late_and_the_stations_word_is_shown_as_its_word(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path) as world:
        away = without_hub(world.opener)
        body = a_draft(discovered_at=format_instant(days_ago(5, "23:50:00")), move_date="2026-01-05")
        case = a_sealed_letter(away, body=body)
        made = days_ago(5, "23:58:00")
        assert not send(away.agent, away.window, case, now=made).late  # as far as the desk can know
        with pytest.raises(Unavailable):
            await away.sync()
        (waiting,) = times(away, case)
        assert (waiting.received_at, waiting.late) == (None, False)
        wake(world.opener)
        await world.opener.sync()
        await world.origin.sync()
        for desk in (world.opener, world.origin):
            assert is_late(desk, case)
            (shown,) = times(desk, case)
            assert shown.late
            assert shown.received_at is not None
            assert shown.claim is not None
            assert (shown.claim.made_at, shown.claim.in_time) == (format_instant(made), True)
        (at_sender,), (at_receiver,) = times(world.opener, case), times(world.origin, case)
        assert at_sender.claim is not None
        assert at_sender.claim.first_failed_at is not None
        assert at_receiver.claim is not None
        assert at_receiver.claim.first_failed_at is None
        assert json.dumps(times_as_json((at_sender,)))


async def test_what_was_signed_with_a_clock_ahead_waits_with_its_remedy_and_goes_once_the_clock_is_right(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        case = a_sealed_letter(desk)
        wrong = now_utc() + timedelta(hours=2)
        first = send(desk.agent, desk.window, case, now=wrong).envelope
        withdraw(desk.agent, desk.head, case, reason="发错单位", now=wrong + timedelta(minutes=1))
        await desk.sync()
        waiting, behind = rows_of(desk)
        assert (waiting.state, waiting.trouble) == (outbox.QUEUED, "envelope.created_ahead")
        assert behind.state == outbox.QUEUED
        wake(desk)
        await desk.sync()
        assert [row.state for row in rows_of(desk)][:2] == [outbox.SENT, outbox.SENT]
        await world.origin.sync()
        with world.origin.agent.store.read() as tx:
            received = [row for row in envelopes_of(tx, case) if row.incoming]
        assert [row.kind for row in received] == ["inquiry", "withdraw"]
        inquiry, withdrawal = (
            open_envelope(row.raw, certificates=world.origin.agent.knowledge.find) for row in received
        )
        assert inquiry.digest != first
        assert withdrawal.envelope.previous == inquiry.digest
        with desk.agent.store.read() as tx:
            assert [row.digest for row in envelopes_of(tx, case) if not row.incoming] == [
                inquiry.digest,
                withdrawal.digest,
            ]


async def test_a_refused_sign_in_shows_the_skew_as_w503_and_loses_nothing(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        a_sent_letter(desk)

        def wrong() -> datetime:
            return now_utc() + timedelta(hours=2)

        async with connect(desk.agent, clock=wrong) as client:
            with pytest.raises(Unavailable) as unavailable:
                await send_due(desk.agent, client, clock=wrong)
        assert unavailable.value.code is Code.HUB_SIGN_IN
        (row,) = rows_of(desk)
        assert row.state == outbox.QUEUED
        with desk.agent.store.read() as tx:
            skew, warning = skew_of(tx), clock_warning(tx, limit_s=30)
            shown = clock_as_json(tx, desk.agent.settings)
        assert skew is not None
        assert abs(skew.seconds - 7200) < 5
        assert warning is not None
        assert warning.code is Code.CLOCK_SKEW
        assert shown is not None
        assert shown["code"] == "W503"
        wake(desk)
        await desk.sync()
        assert [row.state for row in rows_of(desk)] == [outbox.SENT]
        with desk.agent.store.read() as tx:
            assert clock_warning(tx, limit_s=30) is None


def test_the_skew_is_written_when_it_changes_and_else_once_a_minute(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    notes, start = SkewNotes(store), now_utc().replace(microsecond=0)

    def noted(after_s: int, skew_s: int) -> str:
        at = start + timedelta(seconds=after_s)
        notes.note(at - timedelta(seconds=skew_s), at)
        with store.read() as tx:
            skew = skew_of(tx)
        assert skew is not None
        return f"{skew.seconds} {skew.measured_at}"

    first = noted(0, 1)
    assert noted(10, 2) == first
    assert noted(20, 45).startswith("45 ")
    assert noted(30, 1).startswith("1 ")
    assert noted(95, 1) != noted(30, 1)
    store.close()


async def test_a_clock_set_back_does_not_keep_what_was_put_off(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        case, _ = a_sent_letter(desk)
        (row,) = rows_of(desk)
        with desk.agent.store.write() as tx:  # by a clock that was a day ahead
            outbox.postpone(tx, row, until=now_utc() + timedelta(days=1), trouble="E501")
        await desk.sync()
        assert [row.state for row in rows_of(desk)] == [outbox.SENT]
        (shown,) = times(desk, case)  # it goes at once: nothing needs to be claimed
        assert (shown.late, shown.claim, shown.changed) == (False, None, ())


class Full(HubClient):
    """A client whose hub says 429."""

    async def submit(self, envelope: bytes) -> bytes:
        """See `HubClient.submit`."""
        raise Throttled(40)


async def test_the_outbox_waits_as_long_as_the_hub_asks_and_then_sends(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        a_sent_letter(desk)
        async with connect(desk.agent) as client:
            await keep_up(desk.agent, client, clock=utc_now)
            client.__class__ = Full
            with pytest.raises(Throttled):
                await send_due(desk.agent, client, clock=utc_now)
            client.__class__ = HubClient
            (row,) = rows_of(desk)
            assert (row.state, row.trouble, row.first_failed_at) == (outbox.QUEUED, "request.rate", None)
            assert await send_due(desk.agent, client, clock=lambda: utc_now() + timedelta(seconds=35)) == 0
            assert await send_due(desk.agent, client, clock=lambda: utc_now() + timedelta(seconds=45)) == 1


async def test_a_corrected_letter_with_another_discovery_is_flagged_on_both_sides_and_stays_late(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path) as world:
        opener, origin = world.opener, world.origin
        found, moved = format_instant(days_ago(1, "09:00:00")), format_instant(now_utc() - timedelta(seconds=1))
        body = a_draft(discovered_at=found, move_date="2026-01-05")
        case = a_sealed_letter(opener, body=body)
        send(opener.agent, opener.window, case, late_reason="系统故障", now=now_utc())
        await opener.sync()
        await origin.sync()
        claim(origin.agent, origin.window, case, now=now_utc())
        return_case(origin.agent, origin.window, case, reason_code="R1", text="印章不清晰", now=now_utc())
        await origin.sync()
        await opener.sync()
        redraft(opener.agent, opener.window, case, body=body | {"discovered_at": moved}, now=now_utc())
        a_sealed_letter(opener, case=case)
        with pytest.raises(Refused) as refused:
            send(opener.agent, opener.window, case, now=now_utc())
        assert refused.value.code is Code.LATE_NEEDS_REASON
        send(opener.agent, opener.window, case, late_reason="更正", now=now_utc())
        await opener.sync()
        await origin.sync()
        for desk in (opener, origin):
            before, after = times(desk, case)
            assert before.changed == ()
            assert [(change.before, change.after) for change in after.changed] == [(found, moved)]
            assert after.late
            assert after.due_at == before.due_at
            assert is_late(desk, case)


async def test_found_after_it_was_made_is_refused_by_desk_hub_and_receiver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        soon = format_instant(now_utc() + timedelta(seconds=90))
        body = a_draft(discovered_at=soon)
        with pytest.raises(Refused) as refused:
            a_sealed_letter(desk, body=body)
        assert refused.value.code is Code.BODY_AFTER_CREATED
        for module in (drafting, posting):  # an agent that does not ask
            monkeypatch.setattr(module, "require_started", lambda *_, **__: None)
        a_sent_letter(desk, body=body)
        await desk.sync()
        (row,) = rows_of(desk)
        assert (row.state, row.trouble) == (outbox.REFUSED, "body.after_created")
        monkeypatch.setattr(accept, "require_started", lambda *_, **__: None)  # nor does the hub
        with desk.agent.store.write() as tx:
            outbox.try_again(tx, row.seq, now=now_utc())
        await desk.sync()
        assert [row.state for row in rows_of(desk)] == [outbox.SENT]
        await world.origin.sync()
        with world.origin.agent.store.read() as tx:
            (delivery,) = quarantined(tx)
        causes = {check.cause for check in decode_checks(delivery.checks).not_passed}
        assert Code.BODY_AFTER_CREATED in causes
