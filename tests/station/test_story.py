"""C06 and C04 from desk to desk over a hub that really serves: every station verifies on its own bytes."""

from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.trust import Trust
from hub.trail.evidence.verify import check_evidence
from station_agent.desk.close import close
from station_agent.desk.reply import reply
from station_agent.evidence import read_version
from station_agent.store.cases import require_case
from station_agent.store.gates import evidence_of, gate_verdicts_of
from station_agent.store.letters import find_letter
from station_agent.store.outbox import outbox_rows
from tests.exchange.builders import now_utc
from tests.station.desks import Desk, a_claimed_case, a_world, acted
from tests.station.scene import ORIGIN, PERSON

CLOSING = {"record_gone": True, "booklet": "已收回", "citizen_informed": True, "archive_number": "D-1"}


def state_of(desk: Desk, case: str) -> str:
    """M1's state at a desk."""
    with desk.agent.store.read() as tx:
        return require_case(tx, case).state  # type: ignore[arg-type]


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


async def test_the_same_letter_is_not_used_a_second_time(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        acted(world, case)
        with pytest.raises(Refused) as refusal:
            acted(world, case)
        assert refusal.value.code is Code.LETTER_ALREADY_USED
