"""Desks that really work: agents on disk with their people, beside a hub that really serves."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.cases.catalogue import default_catalogue
from hub.protocol.envelope import Role
from hub.protocol.identifiers import CaseId, StationId, digest_of
from hub.protocol.instants import SHANGHAI, format_instant
from hub.protocol.media_types import PNG
from hub.signing.authority import Subject
from hub.signing.crl import read_crl
from hub.signing.keys import KeySigner, ScryptCost, encrypt_key
from hub.signing.purposes import CertificateKind, OfficerRole, SealPurpose
from hub.signing.trust import Trust
from station_agent.agent import Agent, open_agent
from station_agent.desk.act import Acted, act
from station_agent.desk.approve import approve
from station_agent.desk.claim import claim
from station_agent.desk.draft import NewFile, draft
from station_agent.desk.gate.evaluate import rules_for
from station_agent.desk.look import Impression, look
from station_agent.desk.scan import ProofTicks, scan
from station_agent.desk.seal import seal
from station_agent.desk.send import Sent, send
from station_agent.desk.stamp import stamp
from station_agent.folder import AgentFolder, KeyFiles
from station_agent.people import Person as Officer
from station_agent.register.interface import Person
from station_agent.register.reference import ReferenceRegister
from station_agent.settings import AgentSettings, TrailSettings, write_settings
from station_agent.sync import connect, sync_once
from tests.exchange.builders import Province, a_hub_folder, a_province, now_utc
from tests.station.scene import ORIGIN, PERSON, a_scan, cached_check, cached_readers
from tests.web.builders import a_served_hub

PASSPHRASE = b"agent"
PASSWORD = b"officer"
CHEAP = ScryptCost(n=1024, p=1)
OPENER = StationId("341822500000")
BYSTANDER = StationId("340102500000")
SEEN = Impression(legible=True, unit_name_equals=True, colour=True, consistent=True)


@dataclass
class Desk:
    """One station: its data folder, its agent and its people."""

    data: Path
    agent: Agent
    window: Officer
    second: Officer
    head: Officer
    custodian: Officer
    seal: KeySigner

    async def sync(self) -> None:
        """Everything that can be done with the hub now."""
        async with connect(self.agent) as client:
            await sync_once(self.agent, client)


@dataclass
class World:
    """A hub, its data folder and address; two desks; a register."""

    province: Province
    url: str
    hub_data: Path
    opener: Desk
    origin: Desk
    register: ReferenceRegister


@contextlib.asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    """Two desks around a serving hub that knows a third station."""
    province = a_province()
    a_hub_folder(province, folder / "hub", stations=(OPENER, ORIGIN, BYSTANDER))
    async with a_served_hub(folder, province=province) as served:
        key = trail_key(served.data)
        desks = [
            a_desk(province, folder / station, station, hub=served.url, trail_key=key) for station in (OPENER, ORIGIN)
        ]
        try:
            yield World(province, served.url, served.data, *desks, a_register(province, folder))
        finally:
            for desk in desks:
                desk.agent.close()


def a_desk(province: Province, data: Path, station: StationId, *, hub: str, trail_key: str) -> Desk:
    """A station's data folder with keys and people, opened. Keys are cheaply encrypted: guessing is not the point here."""
    folder = AgentFolder(data)
    name = f"{station[:6]}派出所"
    write_pair(folder.agent, province.agent(station), PASSPHRASE)
    evidence = province.certify(CertificateKind.EVIDENCE, Subject("evidence", station=station))
    write_pair(folder.evidence, evidence, PASSPHRASE)
    seal_key = province.certify(
        CertificateKind.SEAL, Subject("户口专用章", station=station), seal_purpose=SealPurpose.HOUSEHOLD
    )
    write_pair(folder.seal(SealPurpose.HOUSEHOLD), seal_key, PASSWORD)
    people = {}
    for number, title, role in (
        ("001", "窗口", OfficerRole.WINDOW),
        ("002", "窗口二", OfficerRole.WINDOW),
        ("003", "所长", OfficerRole.HEAD),
        ("004", "保管", OfficerRole.CUSTODIAN),
    ):
        subject = Subject(f"民警{title}", station=station, number=station[:6] + number)
        signer = province.certify(CertificateKind.OFFICER, subject, roles=(role,))
        write_pair(folder.officer(station[:6] + number), signer, PASSWORD)
        people[number] = signer
    folder.trust.mkdir(parents=True)
    (folder.trust / "root.pem").write_bytes(province.root.certified.pem)
    settings = AgentSettings(station=station, name=name, word="测", hub=hub, trail=TrailSettings(key=trail_key))
    write_settings(data, settings)
    agent = open_agent(data, PASSPHRASE)
    officers = [Officer(people[number]) for number in ("001", "002", "003", "004")]
    return Desk(data, agent, *officers, seal_key)


def write_pair(files: KeyFiles, signer: KeySigner, passphrase: bytes) -> None:
    """Keep a key and its certificate."""
    files.stem.parent.mkdir(parents=True, exist_ok=True)
    files.key.write_bytes(encrypt_key(signer.private_key, passphrase, cost=CHEAP))
    files.certificate.write_bytes(signer.certified.pem)


def a_register(province: Province, folder: Path) -> ReferenceRegister:
    """The province's register, with the person of the story moved to the opener by mistake (serial QR-1)."""
    crl = read_crl(province.crl())
    register = ReferenceRegister(
        file=folder / "register.sqlite",
        trust=lambda: Trust((province.root.certified,), (crl,)),
        rules=rules_for(cached_readers(), two_looks_from=3),
        clock=now_utc,
        catalogue=default_catalogue(),
    )
    register.enrol(
        Person(PERSON["id18"], PERSON["name"], OPENER, "广德市某路2号", ORIGIN, "QR-1", "2026-11-01", {"民族": "汉"})
    )
    return register


def a_draft(**changes: Any) -> dict[str, Any]:
    """Fields of a C06 draft."""
    now = now_utc()
    person = PERSON | {"relation": "本人", "original_address": "宣州区某路1号", "mistaken_address": "广德市某路2号"}
    return {
        "letter_kind": "错迁说明函",
        "persons": [person],
        "move_date": (now - timedelta(days=1)).astimezone(SHANGHAI).date().isoformat(),
        "move_serial": "QR-1",
        "handler": "民警窗口",
        "discovered_at": format_instant(now),
        "how_found": "群众来电",
        "cause": "选人错误",
        "citizen_informed": True,
    } | changes


def a_sealed_letter(
    desk: Desk, *, to: StationId = ORIGIN, body: Mapping[str, Any] | None = None, case: CaseId | None = None
) -> CaseId:
    """The letter's whole way at the opener, up to the seal; with `case`, that of a draft that is there already."""
    case = case or draft(desk.agent, desk.window, type="C06", to=to, body=body or a_draft(), now=now_utc())
    approve(desk.agent, desk.head, case, now=now_utc())
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    ticks = ProofTicks(pages=1, stamp_clear=True, persons_equal=True, original=True)
    scan(
        desk.agent, desk.window, case, raw=a_scan(), name="说明函.jpg", ticks=ticks, check=cached_check(), now=now_utc()
    )
    seal(
        desk.agent,
        desk.custodian,
        case,
        seal_key=desk.seal,
        to_pdf=cached_readers().scan_to_pdf,
        now=now_utc(),
    )
    return case


def a_sent_letter(desk: Desk, **options: Any) -> tuple[CaseId, Sent]:
    """A sealed letter in the outbox."""
    case = a_sealed_letter(desk, **options)
    return case, send(desk.agent, desk.window, case, now=now_utc())


PROOF = b"\x89PNG a proof"


def a_correction(
    desk: Desk, *, item: str = "民族", code: str = "52", current: str = "汉", proposed: str = "回"
) -> CaseId:
    """A C04 inquiry of the opener about the person of the story, in its outbox."""
    proof = NewFile(PROOF, "出生医学证明.png", PNG, Role.PROOF)
    entry = {"item": item, "change_code": code, "current": current, "proposed": proposed, "proof": digest_of(PROOF)}
    body = {"person": PERSON, "items": [entry], "caused_by_opener": False}
    case = draft(desk.agent, desk.window, type="C04", to=ORIGIN, body=body, files=(proof,), now=now_utc())
    send(desk.agent, desk.window, case, now=now_utc())
    return case


async def a_claimed_case(world: World, **options: Any) -> CaseId:
    """A letter that the origin has received, claimed and looked at."""
    case, _ = a_sent_letter(world.opener, **options)
    await world.opener.sync()
    await world.origin.sync()
    claim(world.origin.agent, world.origin.window, case, now=now_utc())
    look(world.origin.agent, world.origin.window, case, impression=SEEN, now=now_utc())
    return case


def acted(world: World, case: CaseId, **options: Any) -> Acted:
    """The origin's officer acts on the register."""
    return act(
        world.origin.agent,
        world.origin.window,
        case,
        register=world.register,
        readers=cached_readers(),
        now=now_utc(),
        **options,
    )


def trail_key(hub_data: Path) -> str:
    """The hub's trail key, as its folder publishes it."""
    (path,) = hub_data.rglob("*.vkey")
    return path.read_text().strip()
