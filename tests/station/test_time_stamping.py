"""Time-stamps of the trail with a real hub: pending while the authority is away, completed later in a new version."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.exchange.evidence import export_evidence
from hub.exchange.stamping import make_trial_time_stamps
from hub.exchange.trail_keys import draft_trail_keys, install_trail_keys
from hub.protocol.codes import Code
from hub.protocol.trail_keys import TimeStampAuthority
from hub.protocol.verdict import Check, Indication, Result
from hub.signing.certificates import Certified
from hub.signing.time_stamps import make_trial_authority, stamp_for_trial
from hub.signing.trust import Trust
from hub.trail.evidence.verify import check_evidence
from hub.trail.keys import read_statement, sign_trail_keys
from station_agent.desk.claim import claim
from station_agent.desk.close import close
from station_agent.desk.reply import reply
from station_agent.evidence import read_version, write_version
from tests.backup.scene import HUB_PASSPHRASE, Scene, a_scene, serving
from tests.exchange.builders import now_utc
from tests.station.desks import a_correction

pytestmark = pytest.mark.long

SOON = 1.3


@dataclass
class Authority:
    """An RFC 3161 authority over HTTP that may be away."""

    key: rsa.RSAPrivateKey
    certified: Certified
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    away: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    @property
    def named(self) -> TimeStampAuthority:
        return TimeStampAuthority(name="省时间戳中心", certificate=self.certified.pem.decode(), trial=False)

    async def answer(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=503)
        raw = stamp_for_trial(await request.read(), key=self.key, certified=self.certified, at=now_utc())
        return web.Response(body=raw, content_type="application/timestamp-reply")

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.SockSite(runner, self.listener).start()
        try:
            yield
        finally:
            await runner.cleanup()


def an_authority() -> Authority:
    key = rsa.generate_private_key(65537, 2048)
    return Authority(key, make_trial_authority(key, name="tsa", not_before=now_utc() - timedelta(days=1)))


def state_keys(scene: Scene, authority: TimeStampAuthority, url: str = "") -> None:
    """Have the root name the authority, and the hub ask it every second."""
    draft = read_statement(draft_trail_keys(scene.hub, quorum=0, authorities=(authority,), now=now_utc()))
    raw = sign_trail_keys(draft, root=scene.province.root)
    install_trail_keys(scene.hub, HUB_PASSPHRASE, raw, now=now_utc())
    path = scene.hub / "hub.toml"
    path.write_text(f'{path.read_text()}\n[time_stamp]\nurl = "{url}"\nevery_s = 1\n')


def stamp_check(scene: Scene, raw: bytes) -> tuple[Indication, Check]:
    trust = Trust((scene.province.root.certified,))
    verdict, _ = check_evidence(raw, trust=trust, now=now_utc() + timedelta(days=9000))
    return verdict.indication, next(check for check in verdict.checks if check.code == "evidence.time_stamp")


async def a_closed_case(scene: Scene) -> str:
    case = a_correction(scene.opener)
    await scene.settle()
    claim(scene.origin.agent, scene.origin.window, case, now=now_utc())
    reply(scene.origin.agent, scene.origin.window, case, body={"outcome": "无误不更正"}, now=now_utc())
    await scene.settle()
    close(scene.opener.agent, scene.opener.window, case, body={"note": "已知悉"}, now=now_utc())
    await scene.settle()
    return case


async def test_evidence_is_pending_while_the_authority_is_away_and_completed_visibly_later(tmp_path: Path) -> None:
    scene, authority = a_scene(tmp_path), an_authority()
    authority.away = True
    state_keys(scene, authority.named, authority.url)
    async with authority.serving(), serving(scene.hub, scene.port):
        case = await a_closed_case(scene)
        first = write_version(scene.origin.agent, case, now=now_utc())
        raw = scene.origin.agent.store.blobs.get(first.digest)
        indication, check = stamp_check(scene, raw)
        assert (indication, check.result) == (Indication.TOTAL_PASSED, Result.PENDING)
        assert check.cause is Code.TIME_STAMP_TO_COME
        authority.away = False
        await asyncio.sleep(SOON)
        await scene.origin.sync()
    newest = read_version(scene.origin.agent, case)
    assert newest is not None
    assert newest[0].version > first.version
    indication, check = stamp_check(scene, newest[1])
    assert (indication, check.result) == (Indication.TOTAL_PASSED, Result.PASSED), check
    assert stamp_check(scene, raw)[0] is Indication.TOTAL_PASSED  # the old version stays valid
    exported = export_evidence(scene.hub, HUB_PASSPHRASE, case, now=now_utc())
    assert stamp_check(scene, exported)[1].result is Result.PASSED


async def test_the_hubs_own_stamps_are_trial_stamps_and_never_count_as_independent(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    state_keys(scene, make_trial_time_stamps(scene.hub, HUB_PASSPHRASE, now=now_utc()))
    async with serving(scene.hub, scene.port):
        case = await a_closed_case(scene)
        await asyncio.sleep(SOON)
        await scene.origin.sync()
        await scene.origin.sync()
    row = write_version(scene.origin.agent, case, now=now_utc())
    indication, check = stamp_check(scene, scene.origin.agent.store.blobs.get(row.digest))
    assert indication is Indication.TOTAL_PASSED
    assert (check.result, check.cause) == (Result.PENDING, Code.TIME_STAMP_TRIAL)
    assert "试用时间戳" in (check.detail or "")


async def test_a_stamp_by_somebody_whom_the_root_does_not_name_is_not_taken(tmp_path: Path) -> None:
    scene, named, asked = a_scene(tmp_path), an_authority(), an_authority()
    state_keys(scene, named.named, asked.url)
    async with asked.serving(), serving(scene.hub, scene.port):
        case = await a_closed_case(scene)
        await asyncio.sleep(SOON)
        await scene.origin.sync()
    row = write_version(scene.origin.agent, case, now=now_utc())
    check = stamp_check(scene, scene.origin.agent.store.blobs.get(row.digest))[1]
    assert (check.result, check.cause) == (Result.PENDING, Code.TIME_STAMP_TO_COME)


def test_a_draft_keeps_the_authorities_that_were_stated_before(tmp_path: Path) -> None:
    scene, authority = a_scene(tmp_path), an_authority()
    state_keys(scene, authority.named)
    draft = read_statement(draft_trail_keys(scene.hub, quorum=0, now=now_utc()))
    assert [msgspec.to_builtins(item) for item in draft.authorities] == [msgspec.to_builtins(authority.named)]
