"""A station's machine is lost with all it had and no backup: the new one learns from the hub what its station has done."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Unavailable
from hub.signing.certificates import Certified
from hub.signing.crl import Revocation
from hub.signing.purposes import CertificateKind
from station_agent.agent import open_agent
from station_agent.desk.approve import approve
from station_agent.desk.claim import claim
from station_agent.desk.draft import draft
from station_agent.desk.look import look
from station_agent.desk.reply import reply
from station_agent.folder import AgentFolder
from station_agent.found import NewAgent, found_agent
from station_agent.settings import load_settings
from station_agent.store.gates import use_of_letter
from station_agent.store.letters import find_letter, letter_register
from station_agent.store.numbers import STRIDE
from tests.backup.scene import CHEAP, Scene, a_scene, held, serving, states
from tests.backup.test_agent_restored import as_world
from tests.exchange.builders import now_utc, register_certificate
from tests.station.desks import PASSPHRASE, SEEN, Desk, a_correction, a_draft, a_sent_letter, acted
from tests.station.test_joining import issued


def replaced(scene: Scene, old: Desk, data: Path, *, registered: bool = True) -> Desk:
    """A new machine for the station of `old`: new keys, new certificates, registered at the hub by two administrators."""
    settings = load_settings(old.data)
    new = NewAgent(settings, old.agent.knowledge.roots, replaces=True)
    requests = found_agent(data, PASSPHRASE, new, now=now_utc(), cost=CHEAP)
    folder = AgentFolder(data)
    folder.agent.certificate.write_bytes(issued(scene.province.root, requests.agent, CertificateKind.AGENT))
    folder.evidence.certificate.write_bytes(issued(scene.province.root, requests.evidence, CertificateKind.EVIDENCE))
    if registered:
        register_certificate(scene.hub, scene.province, folder.agent.certificate.read_bytes())
    agent = open_agent(data, PASSPHRASE)
    return Desk(data, agent, old.window, old.second, old.head, old.custodian, old.seal)


def revoke(scene: Scene, certified: Certified, *, doubted_since: bool) -> None:
    """The authority revokes the lost machine's certificate and the hub gets the new list."""
    # A list dates to the second: what was accepted within this one must not count as accepted after the revocation.
    time.sleep(1.1)
    now = now_utc()
    since = now - timedelta(hours=1) if doubted_since else None
    raw = scene.province.crl(Revocation(certified.serial, now, None, since), number=2, at=now)
    (scene.hub / "trust" / "crl.der").write_bytes(raw)


@pytest.mark.parametrize("doubted_since", [False, True])
async def test_a_machine_without_a_backup_reuses_no_number_and_no_letter(tmp_path: Path, doubted_since: bool) -> None:
    scene = a_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        first, _ = a_sent_letter(scene.opener)
        second = a_correction(scene.opener)
        await scene.settle()
        claim(scene.origin.agent, scene.origin.window, first, now=now_utc())
        look(scene.origin.agent, scene.origin.window, first, impression=SEEN, now=now_utc())
        done = acted(as_world(scene), first)
        reply(
            scene.origin.agent,
            scene.origin.window,
            first,
            body={"outcome": "已回迁", "serial": done.serial},
            now=now_utc(),
        )
        await scene.settle()
        # What a peer's doubted key has signed is put aside, so then only the peer itself is replaced.
        names = ("opener",) if doubted_since else ("opener", "origin")
        before = {name: (held(getattr(scene, name)), states(getattr(scene, name))) for name in names}
        with scene.opener.agent.store.read() as tx:
            numbers = {row.text for row in letter_register(tx)}
        lost = {name: getattr(scene, name) for name in names}
        for name, desk in lost.items():
            desk.agent.close()
            setattr(scene, name, replaced(scene, desk, tmp_path / f"new-{name}"))
        revoke(scene, lost["opener"].agent.signer.certified, doubted_since=doubted_since)

        def drafted() -> str:
            desk = scene.opener
            return draft(
                desk.agent, desk.window, type="C06", to=scene.origin.agent.station, body=a_draft(), now=now_utc()
            )

        with pytest.raises(Unavailable) as unknown:
            drafted()
        assert unknown.value.code is Code.NUMBERS_UNKNOWN

        await scene.settle()
        for name in names:
            assert held(getattr(scene, name)) == before[name][0]
            assert states(getattr(scene, name)) == before[name][1]
        with scene.origin.agent.store.read() as tx:
            letter = find_letter(tx, first)
            assert letter is not None
            assert letter.letter is not None
            assert use_of_letter(tx, letter.letter) is not None
        with pytest.raises(HanxunError):
            acted(as_world(scene), first)

        third = drafted()
        approve(scene.opener.agent, scene.opener.head, third, now=now_utc())  # type: ignore[arg-type]
        assert third not in (first, second)
        with scene.opener.agent.store.read() as tx:
            (own,) = [row for row in letter_register(tx) if row.case == third]
            assert {row.text for row in letter_register(tx)} == numbers | {own.text}
        assert own.number == 1 + STRIDE + 1


async def test_a_case_stays_used_up_although_its_inquiry_cannot_be_judged_any_more(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        case, _ = a_sent_letter(scene.opener)
        await scene.settle()
        claim(scene.origin.agent, scene.origin.window, case, now=now_utc())
        look(scene.origin.agent, scene.origin.window, case, impression=SEEN, now=now_utc())
        serial = acted(as_world(scene), case).serial
        body = {"outcome": "已回迁", "serial": serial}
        reply(scene.origin.agent, scene.origin.window, case, body=body, now=now_utc())
        await scene.settle()
        scene.origin.agent.close()
        scene.origin = replaced(scene, scene.origin, tmp_path / "new-origin")
        revoke(scene, scene.opener.agent.signer.certified, doubted_since=True)
        await scene.origin.sync()
        side, _, gate = states(scene.origin)[case]
        assert (side, gate) == ("answerer", "used")
        with pytest.raises(HanxunError):
            acted(as_world(scene), case)


async def test_the_lost_machine_is_shut_out_at_once(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    async with serving(scene.hub, scene.port):
        await scene.opener.sync()
        revoke(scene, scene.opener.agent.signer.certified, doubted_since=False)
        with pytest.raises(Unavailable) as shut:
            await scene.opener.sync()
        assert shut.value.code is Code.HUB_SIGN_IN
