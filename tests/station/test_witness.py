"""Stations as witnesses: a real hub is cosigned by its agents; forks and rollbacks are found, proved and stop the gate."""

import asyncio
import shutil
import stat
from pathlib import Path

import pytest
from tlog_scales import signing, tlog

from hub.exchange.backup import backup_hub, restore_hub
from hub.exchange.verify_trail import verify_trail
from hub.exchange.witnessing import witnessed
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.witness import Witnessed
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.trail.fork import check_fork_proof, notes_in
from hub.trail.note import KeyType, parse_verifier_key
from hub.trail.witness import WitnessState
from station_agent.agent import open_agent
from station_agent.backup import backup_agent, restore_agent
from station_agent.history import FORK, standstill
from station_agent.hub_client import HubRefusal
from station_agent.store.trail import misbehaviour_kept, witness_row
from station_agent.store.trust import setting
from station_agent.sync import connect
from station_agent.trail import keep_step
from station_agent.witness import StoredWitness, cosign
from tests.backup.scene import BACKUP, CHEAP, Scene, a_scene, serving
from tests.exchange.builders import declare, now_utc
from tests.station.desks import PASSPHRASE, Desk, a_correction
from tests.web.growing import grow

SOON = 0.3  # a little more than the hub's pause between two offers


def a_witnessed_scene(folder: Path) -> Scene:
    """A hub that asks for cosignatures as often as it may."""
    scene = a_scene(folder)
    settings = scene.hub / "hub.toml"
    settings.write_text(f"{settings.read_text()}\n".replace("[trail]", "[trail]\ncosign_every_s = 0.1"))
    if "cosign_every_s" not in settings.read_text():
        settings.write_text(f"{settings.read_text()}[trail]\ncosign_every_s = 0.1\n")
    return scene


def standing(data: Path) -> Witnessed:
    readers = Readers(DataFolder(data).database)
    try:
        return readers.read_now(witnessed)
    finally:
        readers.close()


async def both_cosign(scene: Scene) -> None:
    """Both keys are introduced (they are leaves), then both stations cosign what is offered."""
    for pause in (0.0, SOON):
        await asyncio.sleep(pause)
        for desk in (scene.opener, scene.origin):
            await desk.sync()


def proofs_of(desk: Desk) -> tuple[bytes, ...]:
    with desk.agent.store.read() as tx:
        return misbehaviour_kept(tx)


async def test_stations_cosign_and_the_hub_names_them_and_goes_on_without_one(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await both_cosign(scene)
        found = standing(scene.hub)
        assert found.cosigned == found.size
        assert found.by == tuple(row.name for row in found.witnesses)
        assert (found.of, found.needed) == (2, "2/2")
        async with connect(scene.opener.agent) as client:
            assert await client.witnessed() == found
        # The origin's station is away: letters are taken all the same, and the standing says how far it had come.
        a_correction(scene.opener)
        await scene.opener.sync()
        await asyncio.sleep(SOON)
        await scene.opener.sync()
        behind = standing(scene.hub)
        assert behind.size > found.size
        assert behind.cosigned == found.size
        assert {row.station: row.size for row in behind.witnesses}[scene.opener.agent.station] == behind.size


async def test_an_independent_client_verifies_the_cosignatures_on_the_served_checkpoint(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await both_cosign(scene)
        async with connect(scene.opener.agent) as client:
            note = await client.tile("checkpoint")
            checkpoint = tlog.Checkpoint.from_text(note.decode())
    for row in standing(scene.hub).witnesses:
        checkpoint.verify(signing.Vkey.from_string(row.key))
    checkpoint.verify(signing.Vkey.from_string(scene.opener.agent.settings.trail.key))


async def test_the_witness_key_is_the_stations_own_encrypted_and_used_for_nothing_else(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await scene.opener.sync()
    path = scene.opener.agent.folder.witness
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    (row,) = standing(scene.hub).witnesses
    key = parse_verifier_key(row.key)
    assert key.key_type is KeyType.COSIGNATURE
    others = [item.public_key for item in scene.opener.agent.own_certificates()]
    assert key.public_key not in [item.public_bytes_raw() for item in others if hasattr(item, "public_bytes_raw")]


async def test_a_cosignature_by_another_station_or_on_nothing_of_this_log_is_refused(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await both_cosign(scene)
        note = standing(scene.hub).checkpoint or ""
        only_origin = "".join(line for line in note.splitlines(keepends=True) if scene.opener.agent.station not in line)
        async with connect(scene.opener.agent) as client:
            for raw, code in (
                (only_origin.encode(), "witness.not_cosigned"),
                (b"nothing\n", "note.form"),
                (note.replace("\n\n", "\nextension\n\n", 1).encode(), "note.signature"),
            ):
                with pytest.raises(HubRefusal) as refusal:
                    await client.cosigned(raw)
                assert refusal.value.problem.code == code


async def test_a_stalled_request_gets_no_cosignature_once_another_has_passed(tmp_path: Path) -> None:
    """As torchwood's TestRace: A is judged, B is stored and signed, then A must not be."""
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await both_cosign(scene)
        agent, passed = scene.opener.agent, []
        grow(scene.hub, 1)
        await asyncio.sleep(SOON)
        real = StoredWitness.swap

        def stalled(self: StoredWitness, before: WitnessState | None, after: WitnessState) -> bool:
            if not passed:
                passed.append(after)
                assert real(self, before, after)  # B, in between
            return real(self, before, after)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(StoredWitness, "swap", stalled)
            async with connect(agent) as client:
                before = standing(scene.hub)
                with pytest.raises(Refused) as refusal:
                    await cosign(agent, client, clock=now_utc)
        assert Code.WITNESS_CONFLICT.value in str(refusal.value)
        assert {row.station: row.size for row in standing(scene.hub).witnesses} == {
            row.station: row.size for row in before.witnesses
        }


async def test_a_hub_forked_from_a_copy_is_proved_to_anybody_and_never_taken_again(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    shutil.copytree(scene.hub, tmp_path / "copy")
    async with serving(scene.hub, scene.port):
        grow(scene.hub, 3)
        await scene.opener.sync()
    grow(tmp_path / "copy", 9, first=1000)
    async with serving(tmp_path / "copy", scene.port):
        with pytest.raises(Unavailable) as stop:
            await scene.opener.sync()
        assert stop.value.code is Code.HUB_ROLLED_BACK
        (proof,) = proofs_of(scene.opener)
        key = parse_verifier_key(scene.opener.agent.settings.trail.key)
        assert check_fork_proof(proof, key=key).passed
        # The proof is also what an auditor holds the hub's folder against.
        assert verify_trail(scene.hub, against=notes_in(proof)[:1]).ok
        bad = verify_trail(tmp_path / "copy", against=notes_in(proof)).first_bad
        assert bad is not None
        assert bad.what == "checkpoint"
        assert not check_fork_proof(proof.replace(b'"root":"', b'"root":"A', 1), key=key).passed
    # The first hub again: the log has signed two histories, and nothing makes that undone.
    async with serving(scene.hub, scene.port):
        with pytest.raises(Unavailable):
            await scene.opener.sync()
    with scene.opener.agent.store.read() as tx:
        assert setting(tx, FORK) is not None
        assert standstill(tx) is not None


@pytest.mark.parametrize("seen", [32, 33])
async def test_the_proof_holds_for_trees_of_any_shape(tmp_path: Path, seen: int) -> None:
    scene = a_witnessed_scene(tmp_path)
    shutil.copytree(scene.hub, tmp_path / "copy")
    grow(scene.hub, seen - standing(scene.hub).size)
    async with serving(scene.hub, scene.port), connect(scene.opener.agent) as client:
        await client.growth(since=0)  # signs in, and so sees the trail
    grow(tmp_path / "copy", seen, first=1000)
    async with serving(tmp_path / "copy", scene.port):
        with pytest.raises(Unavailable):
            await scene.opener.sync()
    (proof,) = proofs_of(scene.opener)
    assert check_fork_proof(proof, key=parse_verifier_key(scene.opener.agent.settings.trail.key)).passed


async def test_a_declared_restore_is_cosigned_again_from_the_tree_that_it_goes_on_from(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await both_cosign(scene)
        backup_hub(scene.hub, tmp_path / "b.hxb", BACKUP, now=now_utc(), cost=CHEAP)
        grow(scene.hub, 5)
        await both_cosign(scene)
        lost = standing(scene.hub).size
    restore_hub(tmp_path / "b.hxb", BACKUP, tmp_path / "restored")
    async with serving(tmp_path / "restored", scene.port):
        with pytest.raises(Unavailable):
            await scene.opener.sync()
    assert len(proofs_of(scene.opener)) == 1  # what it had signed is kept
    declare(tmp_path / "restored", scene.province)
    async with serving(tmp_path / "restored", scene.port):
        await both_cosign(scene)
        again = standing(tmp_path / "restored")
    assert again.cosigned == again.size < lost
    assert len(again.by) == 2
    assert len(proofs_of(scene.opener)) == 1


async def test_a_restored_agent_gets_a_new_witness_key(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await both_cosign(scene)
        before = scene.opener.agent.witness().key
        backup_agent(scene.opener.data, tmp_path / "a.hxb", BACKUP, now=now_utc(), cost=CHEAP)
        restore_agent(tmp_path / "a.hxb", BACKUP, tmp_path / "again", now=now_utc())
        agent = open_agent(tmp_path / "again", PASSPHRASE)
        assert agent.witness().key != before
        async with connect(agent) as client:
            await keep_step(agent, client, clock=now_utc)
        agent.close()
    keys = {row.station: row.key for row in standing(scene.hub).witnesses}
    assert keys[scene.opener.agent.station] == agent.witness().key.text
    assert len(keys) == 2


async def test_a_key_whose_state_was_lost_signs_nothing_more(tmp_path: Path) -> None:
    scene = a_witnessed_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await both_cosign(scene)
    old = scene.opener.agent.witness().key
    scene.opener.agent.close()
    for path in scene.opener.data.glob("agent.sqlite*"):
        path.unlink()
    agent = open_agent(scene.opener.data, PASSPHRASE)
    assert agent.witness().key != old
    with agent.store.read() as tx:
        assert witness_row(tx, old.text, agent.log_key.name) is None
    agent.close()
