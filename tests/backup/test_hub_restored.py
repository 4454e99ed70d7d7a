"""A hub restored from an older backup: stations notice and stop; once it is declared, nothing acknowledged is lost for good."""

import secrets
from pathlib import Path

import msgspec
import pytest

from hub.exchange.administration import make_act
from hub.exchange.backup import backup_hub, restore_hub
from hub.exchange.check import check_hub
from hub.exchange.restore import declare_restore, restore_statement
from hub.exchange.settings import Trail
from hub.protocol.administration import AdministrationKind, AdministrativeApproval, Answer, RestoreDetails
from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.identifiers import digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import Result
from hub.signing.administration import sign_administration, sign_approval
from hub.signing.authority import Subject
from hub.signing.keys import KeySigner, load_signer
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.signing.restores import sign_restore
from hub.store.database import open_writer
from hub.store.restores import RestoreRow, insert_restore
from station_agent.desk.claim import claim
from station_agent.desk.gate.evaluate import evaluate
from station_agent.desk.look import look
from station_agent.desk.reply import reply
from station_agent.history import standstill
from station_agent.store.restores import lost_sizes
from station_agent.store.trust import add_certificate
from tests.backup.scene import BACKUP, CHEAP, HUB_PASSPHRASE, Scene, a_scene, at_hub, held, serving, states
from tests.exchange.builders import declare, now_utc, set_active
from tests.station.desks import BYSTANDER, OPENER, SEEN, World, a_correction, a_sent_letter, acted
from tests.station.scene import cached_readers


async def an_older_backup(scene: Scene, folder: Path) -> tuple[str, str]:
    """A backup, and what was acknowledged since: a claim of the first case, a second case that is answered."""
    async with serving(scene.hub, scene.port):
        first, _ = a_sent_letter(scene.opener)
        await scene.settle()
        backup_hub(scene.hub, folder / "b.hxb", BACKUP, now=now_utc(), cost=CHEAP)
        claim(scene.origin.agent, scene.origin.window, first, now=now_utc())
        second = a_correction(scene.opener)
        await scene.settle()
        claim(scene.origin.agent, scene.origin.window, second, now=now_utc())
        reply(scene.origin.agent, scene.origin.window, second, body={"outcome": "无误不更正"}, now=now_utc())
        await scene.settle()
    restore_hub(folder / "b.hxb", BACKUP, folder / "restored")
    return first, second


def as_world(scene: Scene) -> World:
    return World(scene.province, "", scene.hub, scene.opener, scene.origin, scene.register)


async def test_an_undeclared_restore_stops_exchange_and_gate_and_changes_nothing(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    first, _ = await an_older_backup(scene, tmp_path)
    look(scene.origin.agent, scene.origin.window, first, impression=SEEN, now=now_utc())
    before = at_hub(tmp_path / "restored")
    a_correction(scene.opener)  # something waits to be sent
    async with serving(tmp_path / "restored", scene.port):
        for desk in (scene.opener, scene.origin):
            with pytest.raises(Unavailable) as stop:
                await desk.sync()
            assert (stop.value.code, stop.value.detail) == (Code.HUB_ROLLED_BACK, Code.TRAIL_ROLLBACK.value)
            assert stop.value.values["size"] < stop.value.values["seen"]  # type: ignore[operator]
    assert at_hub(tmp_path / "restored") == before
    verdict = evaluate(scene.origin.agent, first, readers=cached_readers(), now=now_utc())
    assert [(check.code, check.cause) for check in verdict.not_passed] == [("hub.history", Code.HUB_ROLLED_BACK)]
    assert verdict.not_passed[0].result is Result.INDETERMINATE
    with pytest.raises(Unavailable) as shut:
        acted(as_world(scene), first)
    assert shut.value.code is Code.HUB_ROLLED_BACK
    # The true hub comes back after all: everything goes on.
    async with serving(scene.hub, scene.port):
        await scene.settle()
    with scene.origin.agent.store.read() as tx:
        assert standstill(tx) is None


async def test_a_declared_restore_gets_everything_back_and_work_goes_on(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    first, second = await an_older_backup(scene, tmp_path)
    acknowledged, restored = at_hub(scene.hub), tmp_path / "restored"
    lost = acknowledged.keys() - at_hub(restored).keys()
    assert len(lost) >= 6
    receipts, cases = {**held(scene.opener), **held(scene.origin)}, states(scene.origin)
    statement = declare(restored, scene.province)
    async with serving(restored, scene.port):
        await scene.settle()
        assert at_hub(restored).keys() == acknowledged.keys()
        look(scene.origin.agent, scene.origin.window, first, impression=SEEN, now=now_utc())
        acted(as_world(scene), first)
        third = a_correction(scene.opener)
        await scene.settle()
        assert states(scene.origin)[third][1] == "delivered"
    report = check_hub(restored)
    assert (report.findings, report.ok) == ((), True)
    now_held = {**held(scene.opener), **held(scene.origin)}
    for digest, before in receipts.items():
        # The receipt given before the loss stays, and stays the first; the restored hub's own comes behind it.
        assert now_held[digest][0] == before[0]
        assert (len(now_held[digest]) > 1) == (digest in lost)
    assert {case: states(scene.origin)[case][:2] for case in (first, second)} == {
        case: cases[case][:2] for case in (first, second)
    }
    with scene.opener.agent.store.read() as tx:
        assert min(lost_sizes(tx)) > statement.size
        assert standstill(tx) is None


async def test_a_station_that_was_away_meanwhile_sends_again_though_the_trail_is_longer_by_then(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    await an_older_backup(scene, tmp_path)
    acknowledged, restored = at_hub(scene.hub), tmp_path / "restored"
    declare(restored, scene.province)
    async with serving(restored, scene.port):
        _grow(scene, restored, leaves=40)
        await scene.settle()
    assert at_hub(restored).keys() == acknowledged.keys()


async def test_a_trail_that_grew_on_another_branch_is_noticed(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    await an_older_backup(scene, tmp_path)
    restored = tmp_path / "restored"
    # Undeclared, and by now longer than what was seen: the sizes alone would tell nothing.
    _grow(scene, restored, leaves=40)
    async with serving(restored, scene.port):
        with pytest.raises(Unavailable) as stop:
            await scene.opener.sync()
    assert (stop.value.code, stop.value.detail) == (Code.HUB_ROLLED_BACK, Code.TRAIL_CONSISTENCY.value)


async def test_the_statement_of_another_tree_is_not_taken(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    await an_older_backup(scene, tmp_path)
    restored = tmp_path / "restored"
    _grow(scene, restored, leaves=1)  # the log has signed something else before it was declared
    declare(restored, scene.province, reason="掩盖")
    async with serving(restored, scene.port):
        with pytest.raises(Unavailable) as stop:
            await scene.opener.sync()
    assert stop.value.code is Code.HUB_ROLLED_BACK


def test_with_two_administrators_the_passphrase_alone_declares_nothing(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    before = check_hub(scene.hub).trail.size
    for passphrase, code in ((b"wrong", Code.KEY_PASSPHRASE), (HUB_PASSPHRASE, Code.ADMINISTRATORS_PRESENT)):
        with pytest.raises(Refused) as refusal:
            declare_restore(scene.hub, passphrase, reason="x", now=now_utc())
        assert refusal.value.code is code
    assert check_hub(scene.hub).trail.size == before


async def test_where_there_are_administrators_a_station_takes_no_statement_that_only_the_hubs_key_has_signed(
    tmp_path: Path,
) -> None:
    """Whoever holds the hub's machine and passphrase still lacks two people."""
    scene = a_scene(tmp_path)
    await an_older_backup(scene, tmp_path)
    restored = tmp_path / "restored"
    _forge(restored, scene, signatures=())
    async with serving(restored, scene.port):
        with pytest.raises(Unavailable) as stop:
            await scene.opener.sync()
    assert stop.value.code is Code.HUB_ROLLED_BACK


@pytest.mark.parametrize("pair", [(0, 0), (0, None)])
async def test_one_administrator_twice_or_with_a_stranger_declares_nothing(
    tmp_path: Path, pair: tuple[int, int | None]
) -> None:
    scene = a_scene(tmp_path)
    await an_older_backup(scene, tmp_path)
    restored = tmp_path / "restored"
    people = scene.province.two_administrators()
    stranger = scene.province.certify(
        CertificateKind.OFFICER, Subject("所长", station=OPENER, number="1"), roles=(OfficerRole.HEAD,)
    )
    first, second = people[pair[0]], stranger if pair[1] is None else people[pair[1]]
    with scene.opener.agent.store.write() as tx:
        add_certificate(tx, stranger.certified.x5t, stranger.certified.pem)
    _forge(restored, scene, signatures=(first, second))
    async with serving(restored, scene.port):
        with pytest.raises(Unavailable) as stop:
            await scene.opener.sync()
    assert stop.value.code is Code.HUB_ROLLED_BACK


def _forge(data: Path, scene: Scene, *, signatures: tuple[KeySigner, ...]) -> None:
    """File a statement signed by the hub's key, past the program, under any signatures."""
    keys, now = data / "keys", now_utc()
    signer = load_signer((keys / "hub.key.pem").read_bytes(), HUB_PASSPHRASE, (keys / "hub.pem").read_bytes())
    engine = open_writer(data / "hub.sqlite")
    with engine.begin() as tx:
        statement = restore_statement(tx, origin=Trail().origin, reason="掩盖", now=now)
        if signatures:
            first, second = signatures
            unsigned = encode_json(statement)
            details = RestoreDetails(statement=unsigned.decode())
            kind = AdministrationKind.RESTORE
            act = sign_administration(
                make_act(
                    kind, digest_of(unsigned), details, origin=statement.origin, certified=first.certified, now=now
                ),
                signer=first,
            )
            by = Officer(number=second.certified.number or "", name=second.certified.name)
            approval = AdministrativeApproval(
                id=new_uuid7(at=now, random=secrets.token_bytes(10)),
                act=digest_of(act),
                origin=statement.origin,
                at=format_instant(now),
                by=by,
                answer=Answer.APPROVED,
            )
            raws = (act.decode(), sign_approval(approval, signer=second).decode())
            statement = msgspec.structs.replace(statement, signatures=raws)
        raw = sign_restore(statement, signer=signer)
        insert_restore(tx, RestoreRow(statement.number, statement.at, statement.size, statement.next, raw))
    engine.dispose()


def _grow(scene: Scene, data: Path, *, leaves: int) -> None:
    """Let the trail grow by administrators' acts."""
    for _ in range(leaves):
        set_active(data, scene.province, BYSTANDER, active=False)
