"""Agents restored from older backups: no number and no letter twice, and everything since comes back from the hub."""

from pathlib import Path

import pytest
from sqlalchemy import select

from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from station_agent.backup import backup_agent, restore_agent
from station_agent.desk.approve import approve
from station_agent.desk.claim import claim
from station_agent.desk.draft import draft
from station_agent.desk.look import look
from station_agent.desk.reply import reply
from station_agent.store.cases import next_case_number
from station_agent.store.gates import register_acts_of, use_of_letter
from station_agent.store.letters import find_letter, letter_register
from station_agent.store.numbers import STRIDE
from station_agent.store.outbox import SENT, outbox_rows
from station_agent.store.schema import cases as schema
from tests.backup.scene import BACKUP, CHEAP, Scene, a_scene, held, reopened, serving, states
from tests.exchange.builders import now_utc
from tests.station.desks import SEEN, World, a_correction, a_draft, a_sent_letter, acted


def a_backup(scene: Scene, folder: Path) -> None:
    for name, desk in (("opener", scene.opener), ("origin", scene.origin)):
        backup_agent(desk.data, folder / f"{name}.hxb", BACKUP, now=now_utc(), cost=CHEAP)


def restore(scene: Scene, folder: Path) -> None:
    """The old machines are gone; the desks work on what was restored."""
    for name in ("opener", "origin"):
        desk = getattr(scene, name)
        desk.agent.close()
        data = folder / f"restored-{name}"
        restore_agent(folder / f"{name}.hxb", BACKUP, data, now=now_utc())
        setattr(scene, name, reopened(desk, data))


def as_world(scene: Scene) -> World:
    return World(scene.province, "", scene.hub, scene.opener, scene.origin, scene.register)


def case_numbers(scene: Scene) -> set[tuple[str, int]]:
    with scene.opener.agent.store.read() as tx:
        found = tx.execute(select(schema.case_numbers.c.type, schema.case_numbers.c.number))
        return {(row.type, row.number) for row in found}


async def test_restored_agents_reuse_nothing_and_fetch_what_they_lack(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        first, _ = a_sent_letter(scene.opener)
        await scene.settle()
        a_backup(scene, tmp_path)
        second = a_correction(scene.opener)
        third, _ = a_sent_letter(scene.opener)
        await scene.settle()
        claim(scene.origin.agent, scene.origin.window, first, now=now_utc())
        look(scene.origin.agent, scene.origin.window, first, impression=SEEN, now=now_utc())
        done = acted(as_world(scene), first)
        body = {"outcome": "已回迁", "serial": done.serial}
        reply(scene.origin.agent, scene.origin.window, first, body=body, now=now_utc())
        claim(scene.origin.agent, scene.origin.window, second, now=now_utc())
        await scene.settle()
        before = {name: (held(getattr(scene, name)), states(getattr(scene, name))) for name in ("opener", "origin")}
        numbers, cases = {row.text for row in letters(scene)}, case_numbers(scene)
        restore(scene, tmp_path)

        with pytest.raises(Unavailable) as shut:
            acted(as_world(scene), first)
        assert shut.value.code is Code.CATCHING_UP
        # Before the hub is asked, with the machine offline: new numbers, none of which was given out before.
        offline = draft(
            scene.opener.agent,
            scene.opener.window,
            type="C06",
            to=scene.origin.agent.station,
            body=a_draft(),
            now=now_utc(),
        )
        approve(scene.opener.agent, scene.opener.head, offline, now=now_utc())
        assert offline not in {*before["opener"][1]}
        (own,) = [row for row in letters(scene) if row.case == offline]
        assert own.text not in numbers
        assert own.number == 1 + STRIDE + 1

        await scene.settle()
        for name in ("opener", "origin"):
            desk = getattr(scene, name)
            assert held(desk) == before[name][0]
            assert {case: state for case, state in states(desk).items() if case != offline} == before[name][1]
            with desk.agent.store.read() as tx:
                assert {row.state for row in outbox_rows(tx)} == {SENT}
        assert {row.text for row in letters(scene)} == numbers | {own.text}
        assert case_numbers(scene) > cases
        # The letter was used before the loss, and stays used.
        with scene.origin.agent.store.read() as tx:
            letter = find_letter(tx, first)
            assert letter is not None
            assert letter.letter is not None
            used = use_of_letter(tx, letter.letter)
            assert used is not None
            assert (used.case, used.serial) == (first, done.serial)
            assert [row.serial for row in register_acts_of(tx, first)] == [done.serial]
        with pytest.raises(Refused):
            acted(as_world(scene), first)
        # The restored desks go on with what was under way.
        claim(scene.origin.agent, scene.origin.window, third, now=now_utc())
        await scene.settle()
        assert states(scene.opener)[third][1] == "claimed"


async def test_a_letter_used_but_not_yet_answered_for_is_not_acted_on_again(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        first, _ = a_sent_letter(scene.opener)
        await scene.settle()
        claim(scene.origin.agent, scene.origin.window, first, now=now_utc())
        look(scene.origin.agent, scene.origin.window, first, impression=SEEN, now=now_utc())
        await scene.settle()
        a_backup(scene, tmp_path)
        acted(as_world(scene), first)
        restore(scene, tmp_path)
        await scene.settle()
        with pytest.raises(Refused) as refusal:
            acted(as_world(scene), first)
        # The register tells that the record has moved; were it asked all the same, it knows the request.
        assert refusal.value.code is Code.RECORD_ELSEWHERE


async def test_catching_up_may_be_broken_off_and_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = a_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        a_backup(scene, tmp_path)
        case = a_correction(scene.opener)
        await scene.settle()
        claim(scene.origin.agent, scene.origin.window, case, now=now_utc())
        await scene.settle()
        before = {name: held(getattr(scene, name)) for name in ("opener", "origin")}
        restore(scene, tmp_path)

        def broken(*_arguments: object, **_options: object) -> bool:
            raise Unavailable(Code.HUB_UNREACHABLE, values={"n": "?"})

        with monkeypatch.context() as patch:
            patch.setattr("station_agent.catch_up.file_own", broken)
            for desk in (scene.opener, scene.origin):
                with pytest.raises(Unavailable):
                    await desk.sync()
        await scene.settle()
        assert {name: held(getattr(scene, name)) for name in ("opener", "origin")} == before


def letters(scene: Scene):  # type: ignore[no-untyped-def]
    with scene.opener.agent.store.read() as tx:
        return letter_register(tx)


def test_numbers_leap_in_every_year_that_may_have_been_used(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    scene.opener.agent.close()
    december, january = now_utc().replace(month=12, day=30), now_utc().replace(month=1, day=2)
    january = january.replace(year=december.year + 1)
    backup_agent(scene.opener.data, tmp_path / "b.hxb", BACKUP, now=december, cost=CHEAP)
    _, skipped = restore_agent(tmp_path / "b.hxb", BACKUP, tmp_path / "restored", now=january)
    years = (december.year, january.year)
    assert {(row.kind, row.year) for row in skipped} >= {
        (kind, year) for kind in ("letter", "C04", "C06") for year in years
    }
    store = reopened(scene.opener, tmp_path / "restored").agent.store
    with store.write() as tx:
        number = next_case_number(tx, "C06", station=scene.opener.agent.station, year=january.year)
    assert number.endswith(f"-{STRIDE + 1:06d}")
    store.close()
