"""C06 and C04 from desk to desk over a hub that really serves: every station verifies on its own bytes."""

from dataclasses import replace
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.identifiers import CaseId
from hub.signing.trust import Trust
from hub.trail.evidence.verify import check_evidence
from station_agent.desk.act import Acted, act
from station_agent.desk.claim import claim
from station_agent.desk.close import close, withdraw
from station_agent.desk.draft import redraft
from station_agent.desk.gate.evaluate import evaluate
from station_agent.desk.gate.material import Decision
from station_agent.desk.look import look
from station_agent.desk.messages import return_case
from station_agent.desk.reply import reply
from station_agent.desk.send import send
from station_agent.evidence import read_version
from station_agent.people import Person as Officer
from station_agent.register.interface import ChangeRequest, Person
from station_agent.register.reference import ReferenceRegister
from station_agent.register.tables import find_person, open_tables, put_person
from station_agent.store.cases import require_case
from station_agent.store.gates import evidence_of, gate_verdicts_of, register_acts_of
from station_agent.store.letters import find_letter
from station_agent.store.outbox import outbox_rows
from tests.exchange.builders import now_utc
from tests.station.desks import (
    SEEN,
    Desk,
    World,
    a_claimed_case,
    a_correction,
    a_draft,
    a_sealed_letter,
    a_sent_letter,
    a_world,
    acted,
)
from tests.station.scene import ORIGIN, PERSON, cached_readers

CLOSING = {"record_gone": True, "booklet": "已收回", "citizen_informed": True, "archive_number": "D-1"}


def state_of(desk: Desk, case: CaseId) -> str:
    """M1's state at a desk."""
    with desk.agent.store.read() as tx:
        return require_case(tx, case).state


async def test_a_mistaken_move_is_explained_verified_returned_and_closed(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        opener, origin = world.opener, world.origin
        case = await a_claimed_case(world)
        await origin.sync()
        await opener.sync()
        assert state_of(opener, case) == "claimed"
        done = acted(world, case)
        moved = world.register.look_up(PERSON["id18"])
        assert moved is not None
        assert moved.station == ORIGIN
        reply(origin.agent, origin.window, case, body={"outcome": "已回迁", "serial": done.serial}, now=now_utc())
        await origin.sync()
        await opener.sync()
        assert state_of(opener, case) == "answered"
        close(opener.agent, opener.window, case, body=CLOSING, now=now_utc())
        await opener.sync()
        await origin.sync()
        assert (state_of(opener, case), state_of(origin, case)) == ("closed", "closed")
        for desk in (opener, origin):
            with desk.agent.store.read() as tx:
                assert {row.state for row in outbox_rows(tx)} == {"sent"}
        with origin.agent.store.read() as tx:
            letter = find_letter(tx, case)
            assert letter is not None
            assert letter.state == "accepted"
            assert [row.indication for row in gate_verdicts_of(tx, case)] == ["TOTAL-PASSED"]
            assert [row.version for row in evidence_of(tx, case)] == [1, 2]
        trust = Trust((world.province.root.certified,))
        for version in (1, 2):
            found = read_version(origin.agent, case, version)
            assert found is not None
            verdict, parts = check_evidence(found[1], trust=trust, now=now_utc())
            assert verdict.passed, [(check.code, check.detail) for check in verdict.not_passed]
            assert parts is not None
        assert len(parts.envelopes) >= 4, "inquiry, claim, reply, close and handovers"


async def test_a_wrong_item_is_corrected_on_an_inquiry_with_proof(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        at_origin(world)
        opener, origin = world.opener, world.origin
        case = a_correction(opener)
        await opener.sync()
        await origin.sync()
        claim(origin.agent, origin.window, case, now=now_utc())
        undecided = evaluate(origin.agent, case, readers=cached_readers(), register=world.register, now=now_utc())
        assert [check.code for check in undecided.checks] == ["G1", "G2", "G5", "G8", "proof", "approval"]
        assert [check.cause for check in undecided.not_passed] == [Code.APPROVAL_NUMBER_MISSING]
        with refusal(Code.NO_DECISIONS):
            acted(world, case)
        with refusal(Code.APPROVAL_NUMBER_MISSING):
            acted(world, case, decisions=(Decision("民族", True),))
        with refusal(Code.ITEM_NOT_ASKED):
            acted(world, case, decisions=(Decision("民族", True, "市公批〔2026〕7号"), Decision("性别", True, "x")))
        done = acted(world, case, decisions=(Decision("民族", True, "市公批〔2026〕7号"),))
        person = world.register.look_up(PERSON["id18"])
        assert person is not None
        assert person.items["民族"] == "回"
        answer = {"item": "民族", "decision": "更正", "serial": "WRONG", "approval_number": "市公批〔2026〕7号"}
        with refusal(Code.SERIAL_DIFFERS):
            reply(origin.agent, origin.window, case, body={"outcome": "已更正", "items": [answer]}, now=now_utc())
        body = {"outcome": "已更正", "items": [answer | {"serial": done.serial}]}
        reply(origin.agent, origin.window, case, body=body, now=now_utc())
        await origin.sync()
        await opener.sync()
        close(opener.agent, opener.window, case, body={}, now=now_utc())
        await opener.sync()
        await origin.sync()
        assert (state_of(opener, case), state_of(origin, case)) == ("closed", "closed")


async def test_an_outcome_that_changes_the_register_is_not_answered_without_the_gate(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        with refusal(Code.STATE_GUARD):
            reply(
                world.origin.agent,
                world.origin.window,
                case,
                body={"outcome": "已回迁", "serial": "INVENTED-1"},
                now=now_utc(),
            )


async def test_the_register_is_not_touched_before_the_human_look(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case, _ = a_sent_letter(world.opener)
        await world.opener.sync()
        await world.origin.sync()
        with refusal(Code.STATE_EVENT):
            acted(world, case)
        claim(world.origin.agent, world.origin.window, case, now=now_utc())
        with refusal(Code.LOOK_MISSING):
            acted(world, case)
        look(world.origin.agent, world.origin.window, case, impression=SEEN, now=now_utc())
        assert acted(world, case).serial
        with world.origin.agent.store.read() as tx:
            assert [row.indication for row in gate_verdicts_of(tx, case)] == ["TOTAL-FAILED", "TOTAL-PASSED"]


async def test_a_register_that_was_busy_is_asked_again_with_the_same_act(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        busy = BusyAfterwards(world.register)
        with pytest.raises(Unavailable):
            acted(replace(world, register=busy), case)  # type: ignore[arg-type]
        with refusal(Code.CASE_TAKEN):
            act_by(world, world.origin.second, case)
        claim(world.origin.agent, world.origin.second, case, note="同事离岗", now=now_utc())
        with refusal(Code.OTHER_OFFICERS_ACT):
            act_by(world, world.origin.second, case)
        claim(world.origin.agent, world.origin.window, case, note="本人办结", now=now_utc())
        done = acted(world, case)
        assert done.serial == busy.serial, "the register had done it; the same act gets the same serial number"
        with world.origin.agent.store.read() as tx:
            assert len(register_acts_of(tx, case)) == 1


async def test_a_returned_letter_comes_back_corrected_as_its_next_version(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        opener, origin = world.opener, world.origin
        case = await a_claimed_case(world)
        return_case(origin.agent, origin.window, case, reason_code="R1", text="印章不清晰", now=now_utc())
        await origin.sync()
        await opener.sync()
        assert state_of(opener, case) == "returned"
        with refusal(Code.STATE_EVENT):
            acted(world, case)
        redraft(opener.agent, opener.window, case, body=a_draft(cause="同名"), now=now_utc())
        a_sealed_letter(opener, case=case)
        send(opener.agent, opener.window, case, now=now_utc())
        await opener.sync()
        await origin.sync()
        claim(origin.agent, origin.window, case, now=now_utc())
        with refusal(Code.LOOK_MISSING):
            acted(world, case)
        look(origin.agent, origin.window, case, impression=SEEN, now=now_utc())
        assert acted(world, case).serial


async def test_a_withdrawn_letter_opens_no_gate(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        withdraw(world.opener.agent, world.opener.head, case, reason="发错单位", now=now_utc())
        await world.origin.sync()
        await world.opener.sync()
        await world.origin.sync()
        assert state_of(world.origin, case) == "withdrawn"
        verdict = evaluate(world.origin.agent, case, readers=cached_readers(), now=now_utc())
        assert [check.cause for check in verdict.not_passed] == [Code.LETTER_WITHDRAWN]
        with refusal(Code.STATE_EVENT):
            acted(world, case)


async def test_a_colleague_takes_a_case_over_only_with_a_reason(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        origin = world.origin
        case = await a_claimed_case(world)
        with refusal(Code.CASE_TAKEN):
            claim(origin.agent, origin.second, case, now=now_utc())
        assert claim(origin.agent, origin.second, case, note="同事休假", now=now_utc()) is None
        with origin.agent.store.read() as tx:
            assert require_case(tx, case).owner == origin.second.number


async def test_vector_7_the_same_letter_is_not_used_a_second_time(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        acted(world, case)
        with refusal(Code.LETTER_ALREADY_USED):
            acted(world, case)


class BusyAfterwards:
    """A register that makes the change and breaks off before it can say so."""

    def __init__(self, real: ReferenceRegister) -> None:
        self.real = real
        self.serial = ""

    def look_up(self, id18: str) -> Person | None:
        """See `Register.look_up`."""
        return self.real.look_up(id18)

    def return_move(self, request: ChangeRequest) -> str:
        """See `Register.return_move`."""
        self.serial = self.real.return_move(request)
        raise Unavailable(Code.REGISTER_BUSY)

    move_in = correct = return_move


def act_by(world: World, officer: Officer, case: CaseId) -> Acted:
    """An attempt by another officer of the origin."""
    agent, readers = world.origin.agent, cached_readers()
    return act(agent, officer, case, register=world.register, readers=readers, now=now_utc())


def at_origin(world: World) -> None:
    """The register as before the mistaken move: the person is with the origin."""
    with open_tables(world.register.file) as tx:
        person = find_person(tx, PERSON["id18"])
        assert person is not None
        put_person(tx, replace(person, station=ORIGIN, came_from=None, move_serial=None, move_date=None))


def refusal(code: Code) -> "pytest.RaisesExc[Refused]":
    """Expect a refusal by code."""
    return pytest.raises(Refused, check=lambda error: error.code is code)
