"""Renewing an agent's keys while it works: the hub learns of the new one from the old, nothing stands still in between."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from hub.keyring.renew import NewKey, begin_renewal, retired_certificates
from hub.protocol.errors import Unavailable
from hub.signing.authority import Subject
from hub.signing.envelopes import open_envelope
from hub.signing.fingerprints import key_digest
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind, OfficerRole
from station_agent import sync
from station_agent.certificates import warn_of_expiry
from station_agent.folder import AgentFolder, KeyFiles
from station_agent.install import Installed, install_certificate, key_states
from station_agent.settings import load_settings
from station_agent.store.envelopes import envelopes_of
from station_agent.store.outbox import SENT, outbox_rows
from tests.exchange.builders import CHEAP, now_utc, set_active
from tests.station.desks import PASSPHRASE, PASSWORD, Desk, World, a_correction, a_world
from tests.station.test_joining import issued


def renew(
    world: World, desk: Desk, files: KeyFiles, kind: CertificateKind, secret: bytes, **details: object
) -> Installed:
    """A new key and request, signed by the authority, put back."""
    suite = "P-256" if kind is CertificateKind.EVIDENCE else "Ed25519"
    begin_renewal(
        files.place, secret, NewKey("Ed25519" if suite == "Ed25519" else "P-256", cost=CHEAP), purposes=DEFAULT_PURPOSES
    )
    raw = issued(world.province.root, files.place.next.request, kind, **details)
    return install_certificate(
        raw,
        folder=AgentFolder(desk.data),
        settings=load_settings(desk.data),
        trust=desk.agent.knowledge.trust(),
        now=now_utc(),
    )


async def test_a_running_agent_takes_up_its_renewed_key_and_goes_on_sending(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        first = a_correction(desk)
        await desk.sync()
        old = desk.agent.signer.certified
        stop = asyncio.Event()
        serving = asyncio.create_task(sync.serve(desk.data, PASSPHRASE, stop=stop))
        try:
            done = renew(world, desk, desk.agent.folder.agent, CertificateKind.AGENT, PASSPHRASE)
            assert done.waits
            second = a_correction(desk, proposed="满")  # still by the old key
            for _ in range(300):
                if not desk.agent.keys.successor and all_sent(desk):
                    break
                await asyncio.sleep(0.1)
        finally:
            stop.set()
            await serving
        assert desk.agent.keys.reload()
        assert desk.agent.signer.certified == done.certified
        third = a_correction(desk, proposed="壮")
        await desk.sync()
        assert all_sent(desk)
        assert [signer_of(desk, case) for case in (first, second, third)] == [old.x5t, old.x5t, done.certified.x5t]
        place = desk.agent.folder.agent.place
        assert retired_certificates(place, purposes=DEFAULT_PURPOSES) == (old,)
        # Both are good at the hub, and the other side has judged letters by both.
        await world.origin.sync()
        for case in (first, second, third):
            with world.origin.agent.store.read() as tx:
                assert envelopes_of(tx, case)


async def test_a_hub_that_refuses_the_new_certificate_leaves_the_old_key_in_force(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        await desk.sync()
        old = desk.agent.signer.certified
        renew(world, desk, desk.agent.folder.agent, CertificateKind.AGENT, PASSPHRASE)
        set_active(world.hub_data, world.province, desk.agent.station, active=False)
        with pytest.raises(Unavailable):
            await desk.sync()
        assert desk.agent.signer.certified == old
        set_active(world.hub_data, world.province, desk.agent.station, active=True)
        await desk.sync()
        assert desk.agent.signer.certified != old


async def test_an_officers_renewed_key_counts_at_once_with_the_same_password(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        files = desk.agent.folder.officer(desk.window.number)
        done = renew(
            world,
            desk,
            files,
            CertificateKind.OFFICER,
            PASSWORD,
            subject=Subject(desk.window.officer.name, station=desk.agent.station, number=desk.window.number),
            roles=(OfficerRole.WINDOW,),
        )
        assert not done.waits
        assert desk.agent.unlock(desk.window.number, PASSWORD).certified == done.certified
        states = {state.name: state for state in key_states(desk.agent.folder, desk.agent.settings, now=now_utc())}
        assert key_digest(done.certified.public_key) == key_digest(
            states[f"officer {desk.window.number}"].certified.public_key
        )  # type: ignore[union-attr]


async def test_an_evidence_key_is_taken_up_by_an_agent_that_has_used_the_old_one(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        desk = world.opener
        old = desk.agent.evidence_signer.certified
        done = renew(world, desk, desk.agent.folder.evidence, CertificateKind.EVIDENCE, PASSPHRASE)
        assert desk.agent.evidence_signer.certified == done.certified != old


async def test_the_log_warns_once_at_each_step(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with a_world(tmp_path) as world:
        agent = world.opener.agent
        end = min(certified.not_after for certified in agent.own_certificates())
        counts = []
        for days in (40, 29, 28, 13, 2, 0.5, 0.4, -1):
            caplog.clear()
            with caplog.at_level(logging.WARNING):
                warn_of_expiry(agent, now=end - timedelta(days=days))
            counts.append(sum("certificate expires" in record.message for record in caplog.records))
        certificates = len(agent.own_certificates())
        assert counts == [0, *(certificates * times for times in (1, 0, 1, 1, 1, 0, 1))]


def all_sent(desk: Desk) -> bool:
    with desk.agent.store.read() as tx:
        return all(row.state == SENT for row in outbox_rows(tx))


def signer_of(desk: Desk, case: str) -> str:
    with desk.agent.store.read() as tx:
        raw = next(row.raw for row in envelopes_of(tx, case) if not row.incoming)  # type: ignore[arg-type]
    return open_envelope(raw, certificates=desk.agent.knowledge.find).certified.x5t
