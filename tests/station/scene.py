"""Two stations' people, keys and one honest C06 inquiry, built from real parts; a test changes the one thing it is about."""

import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw

from hub.cases.approval import default_approval_levels
from hub.cases.catalogue import default_catalogue
from hub.protocol.act import Act, ActKind
from hub.protocol.envelope import Attachment, Envelope, Kind, Officer, Role
from hub.protocol.identifiers import CaseId, Digest, StationId, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.media_types import JOSE, JPEG, PDF
from hub.protocol.receipt import Event, Receipt
from hub.protocol.strict_json import encode_json
from hub.signing.acts import sign_act
from hub.signing.authority import Subject
from hub.signing.certificates import known
from hub.signing.crl import Crl, Revocation, read_crl
from hub.signing.envelopes import open_envelope, sign_envelope
from hub.signing.keys import KeySigner
from hub.signing.purposes import CertificateKind, OfficerRole, SealPurpose
from hub.signing.receipts import sign_receipt
from hub.signing.seals import SealLabel, seal_letter
from hub.signing.trust import Trust
from hub.trail.checkpoint import sign_checkpoint
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.parts import EvidenceFile, EvidenceParts
from hub.trail.evidence.standing import keys_name
from hub.trail.evidence.verify import write_container
from hub.trail.hashing import leaf_hash
from hub.trail.keys import make_statement, sign_trail_keys
from hub.trail.note import NoteSigner, make_signer
from hub.trail.position import make_positions
from hub.trail.record import make_record
from hub.trail.sequence import EMPTY, append
from station_agent.desk.draft import LATER_FIELDS
from station_agent.desk.gate.checks import Rules
from station_agent.desk.gate.evaluate import Readers
from station_agent.desk.gate.material import Circumstances, Material, make_material
from station_agent.desk.proofread import ScanCheck
from station_agent.people import Person
from station_agent.readers import gate_readers, scan_check
from tests.exchange.builders import Province, a_province, now_utc

OPENER = StationId("341822500000")
ORIGIN = StationId("341802500000")
BYSTANDER = StationId("340102500000")
CASE = CaseId(f"C06-{OPENER}-2026-000001")
PERSON = {"name": "张三", "id18": "341824199003078810"}
OTHER_PERSON = {"name": "李四", "id18": "11010519491231002X"}


def a_scan() -> bytes:
    """A page with lines of text and a red round impression, JPEG."""
    return _page(30)


def another_scan() -> bytes:
    """Another page."""
    return _page(24)


@cache
def _page(lines: int) -> bytes:
    image = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(image)
    for line in range(lines):
        draw.line((150, 250 + line * 40, 1000 - (line % 7) * 30, 250 + line * 40), fill=(30, 30, 30), width=6)
    draw.ellipse((760, 1250, 1080, 1570), outline=(200, 20, 30), width=14)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80, dpi=(150, 150))
    return out.getvalue()


@cache
def cached_readers() -> Readers:
    """The real readers of scans, each answer remembered: the same scan is asked for in every test."""
    real = gate_readers()
    return Readers(lru_cache(maxsize=16)(real.scan_to_pdf), lru_cache(maxsize=16)(real.count_pages))


@cache
def cached_check() -> ScanCheck:
    """The real look at a scan, remembered likewise."""
    return lru_cache(maxsize=16)(scan_check())


@dataclass(frozen=True)
class Scene:
    """A province with two stations' people, the hub's keys and the time of the story."""

    province: Province
    at: datetime
    hub: KeySigner
    log: NoteSigner
    crl: Crl
    agent: KeySigner
    origin_agent: KeySigner
    evidence: KeySigner
    seal: KeySigner
    drafter: Person
    head: Person
    custodian: Person
    window: Person
    second: Person

    def person(self, number: str, name: str, station: StationId, *roles: OfficerRole) -> Person:
        """One more officer."""
        subject = Subject(name, station=station, number=number)
        return Person(self.province.certify(CertificateKind.OFFICER, subject, roles=roles))

    def trust(self, *revocations: Revocation, crl: Crl | None = None) -> Trust:
        """What is trusted: the root and one list, issued before the story."""
        list_ = crl or (self.newer_crl(*revocations) if revocations else self.crl)
        return Trust((self.province.root.certified,), (list_,))

    def newer_crl(self, *revocations: Revocation) -> Crl:
        """The next list, with revocations."""
        return read_crl(self.province.crl(*revocations, number=2, at=self.at - timedelta(minutes=1)))

    def rules(self, trust: Trust | None = None, *, now: datetime | None = None) -> Rules:
        """How the gate judges."""
        readers = cached_readers()
        return Rules(
            trust=trust or self.trust(),
            now=now or self.at + timedelta(minutes=5),
            levels=default_approval_levels(),
            scan_to_pdf=readers.scan_to_pdf,
            count_pages=readers.count_pages,
        )


@cache
def a_scene() -> Scene:
    """The scene; made once, nothing in it changes."""
    province = a_province()
    at = now_utc().replace(microsecond=0) - timedelta(minutes=10)

    def certify(kind: CertificateKind, name: str, station: StationId | None = None, **details: object) -> KeySigner:
        return province.certify(kind, Subject(name, station=station), **details)

    def person(number: str, name: str, station: StationId, *roles: OfficerRole) -> Person:
        subject = Subject(name, station=station, number=number)
        return Person(province.certify(CertificateKind.OFFICER, subject, roles=roles))

    return Scene(
        province=province,
        at=at,
        hub=certify(CertificateKind.HUB, "hub"),
        log=make_signer("hub.test/trail", Ed25519PrivateKey.generate()),
        crl=read_crl(province.crl(at=at - timedelta(hours=1))),
        agent=province.agent(OPENER),
        origin_agent=province.agent(ORIGIN),
        evidence=certify(CertificateKind.EVIDENCE, "evidence", ORIGIN),
        seal=certify(CertificateKind.SEAL, "户口专用章", OPENER, seal_purpose=SealPurpose.HOUSEHOLD),
        drafter=person("011001", "赵一", OPENER, OfficerRole.WINDOW),
        head=person("011002", "钱二", OPENER, OfficerRole.HEAD),
        custodian=person("011003", "孙三", OPENER, OfficerRole.CUSTODIAN),
        window=person("022001", "周五", ORIGIN, OfficerRole.WINDOW),
        second=person("022002", "吴六", ORIGIN, OfficerRole.WINDOW),
    )


@cache
def a_seal(purpose: SealPurpose, *, station: StationId = OPENER) -> KeySigner:
    """One more seal."""
    subject = Subject(f"{purpose.value} seal", station=station)
    return a_scene().province.certify(CertificateKind.SEAL, subject, seal_purpose=purpose)


@cache
def sealed(seal: KeySigner, scan: bytes) -> bytes:
    """`scan` as a sealed letter. Remembered: sealing takes a while."""
    scene = a_scene()
    label = SealLabel("测试派出所", "皖公测户函〔2026〕1号")
    pdf = cached_readers().scan_to_pdf(scan)
    return seal_letter(
        pdf, signer=seal, chain=(scene.province.root.certified,), crls=(scene.crl,), at=scene.at, label=label
    )


def a_body(**changes: Any) -> dict[str, Any]:
    """Fields of an honest C06 inquiry."""
    scene = a_scene()
    person = {"relation": "本人", "original_address": "宣州区某路1号", "mistaken_address": "广德市某路2号"}
    return {
        "letter_kind": "错迁说明函",
        "letter_number": "皖公测户函〔2026〕1号",
        "persons": [PERSON | person],
        "move_date": scene.at.date().isoformat(),
        "move_serial": "QR-1",
        "handler": "赵一",
        "discovered_at": format_instant(scene.at),
        "how_found": "群众来电",
        "cause": "选人错误",
        "citizen_informed": True,
        "original_attested": True,
        "pages": 1,
    } | changes


@dataclass
class Bundle:
    """One case as bytes, ready for the gate or an evidence file."""

    scene: Scene
    envelopes: list[bytes] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    files: dict[Digest, bytes] = field(default_factory=dict)
    looks: list[bytes] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    case: CaseId = CASE

    def material(self, *, station: StationId = ORIGIN, circumstances: Circumstances | None = None) -> Material:
        """The material of the case."""
        scene = self.scene
        certificates = [scene.agent.certified, scene.origin_agent.certified, scene.hub.certified]
        return make_material(
            station=station,
            case=self.case,
            catalogue=default_catalogue(),
            envelopes=self.envelopes,
            receipts=self.receipts,
            files=self.files,
            looks=self.looks,
            certificates=known((*certificates, *(person.certified for person in self.people))),
            circumstances=circumstances or Circumstances(),
        )

    def evidence(self, *, signer: KeySigner | None = None, now: datetime | None = None) -> bytes:
        """The evidence file of the case."""
        scene, now = self.scene, now or self.scene.at + timedelta(minutes=5)
        named = {digest: EvidenceFile("file", _media(raw), raw) for digest, raw in self.files.items()}
        looks = {digest_of(raw): EvidenceFile("look.jws", JOSE, raw) for raw in self.looks}
        people = dict.fromkeys(person.certified.pem for person in self.people)
        parts = EvidenceParts(
            case=self.case,
            envelopes=tuple(self.envelopes),
            receipts=tuple(self.receipts),
            attachments=named | looks,
            certificates=(scene.agent.certified.pem, scene.hub.certified.pem, *people),
            crls=(scene.crl.pem,),
            trail={keys_name(1): statement_of_keys()},
        )
        report = check_parts(parts, trust=scene.trust(), now=now)
        return write_container(
            parts,
            report=report,
            report_pdf=b"%PDF-1.7 the printed report is not looked at here",
            signer=signer or scene.evidence,
            at=now,
        )


@cache
def statement_of_keys() -> bytes:
    """The root's word for the key of the scene's log; no cosignatures are asked for."""
    scene = a_scene()
    statement = make_statement(number=1, at=scene.at - timedelta(hours=1), log=scene.log.key)
    return sign_trail_keys(statement, root=scene.province.root)


def a_bundle(
    *,
    body: Mapping[str, Any] | None = None,
    draft_body: Mapping[str, Any] | None = None,
    approver: Person | None = None,
    custodian: Person | None = None,
    seal: KeySigner | None = None,
    letter: bytes | None = None,
    scan: bytes | None = None,
    to: StationId = ORIGIN,
    looks: tuple[Person, ...] | None = None,
    impression: Mapping[str, Any] | None = None,
    leave_out: frozenset[ActKind] = frozenset(),
    received_at: datetime | None = None,
) -> Bundle:
    """An honest C06 inquiry, received by the hub and looked at by the origin's officer; arguments change single things."""
    scene = a_scene()
    approver, custodian, seal = approver or scene.head, custodian or scene.custodian, seal or scene.seal
    text, scan = dict(body or a_body()), scan or a_scan()
    letter = letter or sealed(seal, scan)
    acts = [
        raw
        for kind, raw in _acts(scene, text, draft_body or text, scan, seal, approver, custodian)
        if kind not in leave_out
    ]
    attachments = [
        _file(letter, PDF, "说明函.pdf", Role.LETTER),
        _file(scan, JPEG, "说明函.jpg", Role.SCAN),
        *(_file(raw, JOSE, "act.jws", Role.ACT) for raw in acts),
    ]
    raw = sign_envelope(an_envelope(Kind.INQUIRY, text, tuple(attachments), to=to), signer=scene.agent)
    bundle = Bundle(scene, [raw], [a_receipt(raw, at=received_at or scene.at, to=to)])
    bundle.files = {digest_of(item): item for item in (letter, scan, *acts)}
    bundle.people = [scene.drafter, approver, custodian, scene.window, scene.second]
    for person in (scene.window,) if looks is None else looks:
        bundle.looks.append(a_look(person, digest_of(letter), **(impression or {})))
        bundle.people.append(person)
    return bundle


def an_envelope(
    kind: Kind,
    body: Mapping[str, Any],
    attachments: tuple[Attachment, ...] = (),
    *,
    sender: StationId = OPENER,
    to: StationId = ORIGIN,
    case: CaseId = CASE,
    previous: Digest | None = None,
) -> Envelope:
    """An envelope of the case."""
    scene = a_scene()
    return Envelope(
        id=new_uuid7(at=scene.at, random=secrets.token_bytes(10)),
        kind=kind,
        case=case,
        type=case.partition("-")[0],
        from_=sender,
        to=to,
        officer=Officer(number="011001", name="赵一"),
        created=format_instant(scene.at),
        body=dict(body),
        attachments=attachments,
        previous=previous,
    )


def an_act(
    person: Person, kind: ActKind, subject: Digest, details: Mapping[str, Any], *, case: CaseId = CASE, **changes: Any
) -> bytes:
    """An act of `person`, signed by their own key."""
    scene = a_scene()
    act = Act(
        id=new_uuid7(at=scene.at, random=secrets.token_bytes(10)),
        act=kind,
        case=case,
        station=person.certified.station or OPENER,
        officer=person.officer,
        at=format_instant(scene.at),
        subject=subject,
        details=dict(details),
        **changes,
    )
    return sign_act(act, signer=person.signer)


def a_look(person: Person, letter: Digest, **changes: Any) -> bytes:
    """The human look at the impression."""
    seen = {"legible": True, "unit_name_equals": True, "colour": True, "result": "consistent"}
    return an_act(person, ActKind.LOOK, letter, seen | changes)


def a_receipt(envelope: bytes, *, at: datetime, to: StationId = ORIGIN, sender: StationId = OPENER) -> bytes:
    """The hub's receipt for an envelope, with its place in a trail of one leaf."""
    scene, digest = a_scene(), digest_of(envelope)
    identity = new_uuid7(at=at, random=secrets.token_bytes(10))
    record = make_record(event="envelope", digest=digest, id=identity, at=at, nonce=secrets.token_bytes(16))
    appended = append(EMPTY, [leaf_hash(record)])
    checkpoint = sign_checkpoint(scene.log.key.name, 1, appended.root, signer=scene.log)
    stated = _stated(envelope)
    receipt = Receipt(
        events=(Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT),
        envelope=digest,
        id=stated.id,
        case=stated.case,
        from_=sender,
        to=to,
        time=format_instant(at),
        trail=make_positions(appended, [record], checkpoint)[0],
    )
    return sign_receipt(receipt, signer=scene.hub)


def attach(raw: bytes, media_type: str, name: str, role: Role) -> Attachment:
    """The attachment that names `raw`."""
    return _file(raw, media_type, name, role)


def changed(bundle: Bundle, role: Role) -> Bundle:
    """The bundle with one byte of a file changed, under the digest that the envelope names."""
    named = next(item for item in bundle.material().inquiry.envelope.attachments if item.role is role)
    raw = bytearray(bundle.files[named.digest])
    raw[len(raw) // 2] ^= 1
    return replace(bundle, files=bundle.files | {named.digest: bytes(raw)})


def _acts(
    scene: Scene,
    body: Mapping[str, Any],
    draft_body: Mapping[str, Any],
    scan: bytes,
    seal: KeySigner,
    approver: Person,
    custodian: Person,
) -> list[tuple[ActKind, bytes]]:
    text = digest_of(encode_json({key: value for key, value in draft_body.items() if key not in LATER_FIELDS}))
    draft = an_act(scene.drafter, ActKind.DRAFT, text, {"body": text})
    number = {"letter_number": body["letter_number"]}
    approval = an_act(approver, ActKind.APPROVAL, digest_of(draft), number | {"draft": digest_of(draft)})
    use = number | {"copies": 1, "custodian": custodian.number, "seal": seal.certified.x5t}
    seal_use = an_act(custodian, ActKind.SEAL_USE, digest_of(approval), use)
    attested = {"pages": body["pages"], "attested_original": True, "letter": digest_of(scan)}
    scan_act = an_act(scene.drafter, ActKind.SCAN, digest_of(scan), attested)
    return [
        (ActKind.DRAFT, draft),
        (ActKind.APPROVAL, approval),
        (ActKind.SEAL_USE, seal_use),
        (ActKind.SCAN, scan_act),
    ]


def _file(raw: bytes, media_type: str, name: str, role: Role) -> Attachment:
    return Attachment(digest=digest_of(raw), size=len(raw), media_type=media_type, name=name, role=role)


def _stated(envelope: bytes) -> Envelope:
    agents = known((a_scene().agent.certified, a_scene().origin_agent.certified))
    return open_envelope(envelope, certificates=agents).envelope


def _media(raw: bytes) -> str:
    return PDF if raw.startswith(b"%PDF") else JPEG if raw.startswith(b"\xff\xd8") else JOSE


def changed_raw(raw: bytes) -> bytes:
    """`raw` with one byte changed in its middle."""
    changed = bytearray(raw)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)
