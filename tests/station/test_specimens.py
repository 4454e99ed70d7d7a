"""Registered impressions at the station that looks at a letter: fetched, checked, kept, laid side by side; never a verdict."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw

from hub.exchange.administration import approve, open_office, propose
from hub.protocol.administration import AdministrationKind, ReasonDetails, SealDetails, SpecimenDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.instants import format_instant
from hub.protocol.specimens import RegisteredSpecimen, SealSpecimens, SpecimenStatement
from hub.protocol.verdict import NotVerified
from hub.signing.authority import Subject
from hub.signing.purposes import CertificateKind
from hub.signing.specimen_statements import sign_specimens
from hub.store.specimens import keep_specimen
from station_agent.check import check_agent
from station_agent.desk import beside as looking
from station_agent.desk.beside import impression_on, impressions_beside, lay_beside
from station_agent.hub_client import HubClient
from station_agent.specimens import specimens_known, take_specimens
from station_agent.sync import connect
from tests.exchange.builders import PASSPHRASE as HUB_PASSPHRASE
from tests.exchange.builders import now_utc
from tests.letters.compare.stamps import a_stamp, jpeg, printed
from tests.station.desks import OPENER, World, a_sent_letter, a_world

WHY = ReasonDetails(reason="试验")
CLEAN = jpeg(printed(a_stamp()))
OTHER = jpeg(printed(a_stamp(characters=tuple(range(50, 61)))))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two desks around a hub."""
    async with a_world(tmp_path) as world:
        yield world


def registered(world: World, *files: bytes) -> str:
    """The opener's seal in the hub's register, with these impressions."""
    seal = world.opener.seal.certified
    digests = tuple(map(digest_of, files))
    details = SealDetails(
        certificate=seal.pem.decode(), specimen=digests[0] if digests else None, further_specimens=digests[1:]
    )
    _administer(world, AdministrationKind.REGISTER_SEAL, details, files)
    _administer(world, AdministrationKind.ACTIVATE_SEAL, WHY)
    return seal.x5t


def _administer(world: World, kind: AdministrationKind, details: object, files: tuple[bytes, ...] = ()) -> None:
    def keep(tx: object) -> None:
        for raw in files:
            keep_specimen(tx, digest=digest_of(raw), name="印模.jpg", raw=raw)  # type: ignore[arg-type]

    first, second = world.province.two_administrators()
    subject = world.opener.seal.certified.x5t
    with open_office(world.hub_data, HUB_PASSPHRASE) as office:
        filed = propose(office, kind, subject, details, signer=first, now=now_utc(), before=keep)  # type: ignore[arg-type]
        if filed.number is not None:
            approve(office, filed.number, signer=second, now=now_utc())


async def received(world: World) -> CaseId:
    """A letter of the opener, at the origin."""
    await world.opener.sync()
    case, _ = a_sent_letter(world.opener)
    await world.opener.sync()
    await world.origin.sync()
    return case


async def test_the_impressions_come_with_the_letter_and_stay_when_the_hub_is_away(world: World) -> None:
    seal = registered(world, CLEAN, OTHER)
    case = await received(world)
    found = impressions_beside(world.origin.agent, case)
    assert [one.digest for one in found.specimens] == [digest_of(CLEAN), digest_of(OTHER)]
    assert {one.seal for one in found.specimens} == {seal}
    assert found.own == (True, True)
    assert found.lacking is None
    # Nothing of this asked the hub: the files lie here, and the check of the folder knows them.
    assert world.origin.agent.store.blobs.get(found.specimens[0].digest) == CLEAN
    assert not [finding for finding in check_agent(world.origin.data) if digest_of(CLEAN) in str(finding)]


async def test_a_station_that_registered_none_is_said_to_have_none(world: World) -> None:
    case = await received(world)
    assert impressions_beside(world.origin.agent, case).lacking is Code.SPECIMENS_NONE
    assert specimens_known(world.opener.agent, OPENER).lacking is Code.SPECIMEN_AWAITED


async def test_an_impression_added_later_and_a_new_seal_are_told_apart(world: World) -> None:
    registered(world, CLEAN)
    case = await received(world)
    worn = jpeg(printed(a_stamp(), strength=0.8))
    _administer(
        world, AdministrationKind.ADD_SPECIMEN, SpecimenDetails(specimen=digest_of(worn), reason="磨损"), (worn,)
    )
    await world.origin.sync()
    found = impressions_beside(world.origin.agent, case)
    assert {one.digest for one in found.specimens} == {digest_of(CLEAN), digest_of(worn)}
    # The letter's own seal comes first; what is registered with the station's next seal is shown, and said to be another's.
    stated = SpecimenStatement(
        origin=world.origin.agent.log_key.name,
        at=format_instant(now_utc() + timedelta(seconds=1)),
        station=OPENER,
        seals=(_of("N" * 43, CLEAN), _of(world.opener.seal.certified.x5t, worn)),
    )
    take_specimens(world.origin.agent, OPENER, _signed(world, stated), now=now_utc() + timedelta(seconds=2))
    found = impressions_beside(world.origin.agent, case)
    assert [one.digest for one in found.specimens] == [digest_of(worn), digest_of(CLEAN)]
    assert found.own == (True, False)


async def test_a_specimen_that_is_not_what_the_hub_signed_is_not_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(world, CLEAN)

    async def swapped(self: HubClient, station: str, digest: Digest, *, size: int) -> bytes:
        return OTHER[:size]

    with monkeypatch.context() as patched:
        patched.setattr(HubClient, "specimen", swapped)
        case = await received(world)
    found = impressions_beside(world.origin.agent, case)
    assert found.specimens == ()
    assert found.lacking is Code.SPECIMEN_DIGEST
    await world.origin.sync()  # fetched again, and right this time
    assert impressions_beside(world.origin.agent, case).lacking is None


async def test_the_word_of_another_hub_or_about_another_station_or_an_older_one_is_not_taken(world: World) -> None:
    await world.origin.sync()
    agent, now = world.origin.agent, now_utc()
    stated = SpecimenStatement(origin=agent.log_key.name, at=format_instant(now), station=OPENER, seals=())
    take_specimens(agent, OPENER, _signed(world, stated), now=now)
    for changed in ({"origin": "elsewhere"}, {"station": "340102500000"}):
        other = _signed(world, msgspec.structs.replace(stated, **changed))
        with pytest.raises(NotVerified) as unverified:
            take_specimens(agent, OPENER, other, now=now)
        assert Code.SPECIMENS_STRANGER in {check.cause for check in unverified.value.verdict.checks}
    older = _signed(world, msgspec.structs.replace(stated, at=format_instant(now - timedelta(hours=1))))
    with pytest.raises(Refused) as refused:
        take_specimens(agent, OPENER, older, now=now)
    assert refused.value.code is Code.SPECIMENS_OLDER


async def test_who_has_no_case_with_a_station_does_not_get_its_impressions(world: World) -> None:
    registered(world, CLEAN)
    await world.origin.sync()
    async with connect(world.origin.agent) as client:
        for asked in (client.specimens(OPENER), client.specimen(OPENER, digest_of(CLEAN), size=len(CLEAN))):
            with pytest.raises(Refused) as refused:
                await asked
            assert refused.value.detail == Code.SPECIMEN_UNKNOWN.value
    assert await received(world)


def test_the_impression_on_a_letter_is_laid_beside_the_registered_one(tmp_path: Path) -> None:
    (tmp_path / "letter").write_bytes(a_page_with(printed(a_stamp(), degrees=40)))
    kept = {"clean": CLEAN, "other": OTHER}

    class Agent:
        class store:
            class blobs:
                get = staticmethod(kept.__getitem__)
                whole = staticmethod(tmp_path.joinpath)

    impression = impression_on(Agent, "letter")  # type: ignore[arg-type]
    assert (impression.page, impression.count) == (1, 1)
    for name, verdict in (("clean", "similar"), ("other", "different")):
        sight = lay_beside(Agent, looking.Specimen(Digest(name), "s", ""), impression)  # type: ignore[arg-type]
        assert sight.comparison.verdict.value == verdict
        shown = [_picture(raw) for raw in (sight.specimen, sight.impression, sight.overlay)]
        assert {picture.shape for picture in shown} == {(640, 640, 3)}
        # Orange is the specimen alone, blue the impression alone: the like stamps have less of either.
        alone = (np.abs(shown[2][..., 0].astype(int) - shown[2][..., 2]) > 90).mean()
        assert bool(alone < 0.005) == (name == "clean"), alone


def test_a_letter_without_an_impression_says_so(tmp_path: Path) -> None:
    blank = tmp_path / "letter"
    page = Image.new("RGB", (1240, 1754), "white")
    ImageDraw.Draw(page).text((200, 200), "nothing red here", fill="black")
    page.save(blank, "PNG", dpi=(150, 150))

    class Agent:
        class store:
            class blobs:
                whole = staticmethod(tmp_path.joinpath)

    with pytest.raises(Refused) as refused:
        impression_on(Agent, "letter")  # type: ignore[arg-type]
    assert refused.value.code is Code.IMPRESSION_NOT_FOUND


def _signed(world: World, stated: SpecimenStatement) -> bytes:
    """The statement, signed by a hub of this province whose certificate the origin knows."""
    hub = world.province.certify(CertificateKind.HUB, Subject("hub"))
    world.origin.agent.knowledge.learn(hub.certified.pem)
    return sign_specimens(stated, signer=hub)


def a_page_with(stamp: np.ndarray) -> bytes:
    """A4 at 300 dpi with lines of print and the stamp below right."""
    page = np.full((3508, 2480, 3), 250, np.uint8)
    for row in range(400, 2100, 90):
        cv2.line(page, (300, row), (2100, row), (40, 40, 40), 9)
    page[2400 : 2400 + stamp.shape[0], 1500 : 1500 + stamp.shape[1]] = stamp
    out = io.BytesIO()
    Image.fromarray(page[..., ::-1]).save(out, "JPEG", quality=90, dpi=(300, 300))
    return out.getvalue()


def _picture(raw: bytes) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found


def _of(seal: str, raw: bytes) -> SealSpecimens:
    one = RegisteredSpecimen(digest=digest_of(raw), size=len(raw), registered_at=format_instant(now_utc()))
    return SealSpecimens(seal=seal, specimens=(one,))
