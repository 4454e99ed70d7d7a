"""A small province for tests: a root, a hub's parts, stations with agents; signed envelopes; a running hub."""

import hashlib
import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from hub.exchange.administration import Filed, approve, name_first, open_office, propose, propose_restore
from hub.exchange.init import HubParts, init_hub
from hub.exchange.trail_keys import draft_trail_keys, install_trail_keys
from hub.protocol.administration import AdministrationKind, CertificateDetails, ReasonDetails, StationDetails
from hub.protocol.envelope import Attachment, Envelope, Kind, Officer, Role
from hub.protocol.identifiers import CaseId, Digest, StationId, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.restore import RestoreStatement
from hub.signing.authority import Subject, issue, make_crl, make_root
from hub.signing.certificates import read_certificate
from hub.signing.crl import Revocation
from hub.signing.envelopes import sign_envelope
from hub.signing.keys import KeySigner, ScryptCost, encrypt_key, generate_key, signer_for
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.trail.keys import read_statement, sign_trail_keys

PASSPHRASE = b"a hub's passphrase"
CHEAP = ScryptCost(n=1024, p=1)
A = StationId("341802500000")
B = StationId("320102500000")
C = StationId("110101500000")
_numbers = itertools.count(1)


def now_utc() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


@dataclass
class Province:
    """A certificate authority with its stations' agents."""

    root: KeySigner
    start: datetime
    agents: dict[StationId, KeySigner] = field(default_factory=dict)
    administrators: tuple[KeySigner, ...] = ()

    def agent(self, station: StationId) -> KeySigner:
        """The agent of `station`, made at the first question."""
        if station not in self.agents:
            self.agents[station] = self.certify(CertificateKind.AGENT, Subject("agent", station=station))
        return self.agents[station]

    def administrator(self, number: str = "900003", name: str = "管理员丙") -> KeySigner:
        """An officer whose certificate has the role of an administrator; named by nobody yet."""
        subject = Subject(name, station=StationId("340000000000"), number=number)
        return self.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.ADMINISTRATOR,))

    def two_administrators(self) -> tuple[KeySigner, KeySigner]:
        """The hub's two administrators, made at the first question."""
        if not self.administrators:
            self.administrators = (
                self.administrator("900001", "管理员甲"),
                self.administrator("900002", "管理员乙"),
            )
        first, second = self.administrators
        return first, second

    def certify(self, kind: CertificateKind, subject: Subject, **details: object) -> KeySigner:
        """A new key with a certificate."""
        key = generate_key("P-256" if kind in (CertificateKind.SEAL, CertificateKind.EVIDENCE) else "Ed25519")
        certified = issue(
            self.root,
            kind=kind,
            public_key=key.public_key(),
            subject=subject,
            not_before=self.start,
            not_after=self.start + timedelta(days=400),
            **details,  # type: ignore[arg-type]
        )
        return signer_for(key, certified)

    def crl(self, *revocations: Revocation, number: int = 1, at: datetime | None = None) -> bytes:
        """A revocation list, DER."""
        at = at or now_utc() - timedelta(minutes=1)
        return make_crl(self.root, revocations, number=number, this_update=at, next_update=at + timedelta(days=1)).der


def a_province() -> Province:
    """A new province."""
    start = now_utc().replace(microsecond=0) - timedelta(days=1)
    root = make_root(
        generate_key("P-256"),  # type: ignore[arg-type]
        name="Root",
        not_before=start - timedelta(days=1),
        not_after=start + timedelta(days=4000),
    )
    return Province(root, start)


def a_hub_folder(
    province: Province,
    data: Path,
    *,
    stations: tuple[StationId, ...] = (A, B, C),
    settings: bytes = b"",
    administrators: int = 2,
) -> Path:
    """A hub's data folder with its administrators, registered stations and their agents' certificates."""
    signer = province.certify(CertificateKind.HUB, Subject("hub"))
    evidence = province.certify(CertificateKind.EVIDENCE, Subject("hub evidence"))
    parts = HubParts(
        roots=province.root.certified.pem,
        crl=province.crl(),
        hub_key=encrypt_key(signer.private_key, PASSPHRASE, cost=CHEAP),
        hub_certificate=signer.certified.pem,
        evidence_key=encrypt_key(evidence.private_key, PASSPHRASE, cost=CHEAP),
        evidence_certificate=evidence.certified.pem,
        settings=settings,
    )
    init_hub(data, PASSPHRASE, parts, now=now_utc(), cost=CHEAP)
    if administrators:
        populate(data, province, stations)
    install_trail_keys(data, PASSPHRASE, a_statement_of_keys(province, data), now=now_utc())
    return data


def populate(
    data: Path, province: Province, stations: tuple[StationId, ...], *, passphrase: bytes = PASSPHRASE
) -> None:
    """Name the two administrators and let them add the stations."""
    with open_office(data, passphrase) as office:
        for signer in province.two_administrators():
            name_first(office, signer.certified.pem, now=now_utc())
    for station in stations:
        details = station_details(province, station)
        administer(data, province, AdministrationKind.ADD_STATION, station, details, passphrase=passphrase)


def station_details(province: Province, station: StationId) -> StationDetails:
    """A station to add, with its agent's certificate."""
    pem = province.agent(station).certified.pem.decode()
    return StationDetails(name=f"派出所{station[:4]}", kind="station", parent=None, certificates=(pem,))


def administer(
    data: Path,
    province: Province,
    kind: AdministrationKind,
    subject: str,
    details: msgspec.Struct,
    *,
    passphrase: bytes = PASSPHRASE,
) -> Filed:
    """Have the first administrator propose an act and the second approve it, if it does not count at once."""
    first, second = province.two_administrators()
    with open_office(data, passphrase) as office:
        filed = propose(office, kind, subject, details, signer=first, now=now_utc())
        return filed if filed.number is None else approve(office, filed.number, signer=second, now=now_utc())


def set_active(data: Path, province: Province, station: StationId, *, active: bool) -> None:
    """Suspend or resume a station."""
    kind = AdministrationKind.RESUME_STATION if active else AdministrationKind.SUSPEND_STATION
    administer(data, province, kind, station, ReasonDetails(reason="试验"))


def register_certificate(data: Path, province: Province, pem: bytes) -> None:
    """Register a certificate by two administrators."""
    x5t = read_certificate(pem).x5t
    administer(
        data, province, AdministrationKind.REGISTER_CERTIFICATE, x5t, CertificateDetails(certificate=pem.decode())
    )


def declare(
    data: Path, province: Province, *, reason: str = "磁盘损坏", passphrase: bytes = PASSPHRASE
) -> RestoreStatement:
    """Have two administrators declare that the folder is an older backup."""
    first, second = province.two_administrators()
    with open_office(data, passphrase) as office:
        filed = propose_restore(office, reason=reason, signer=first, now=now_utc())
        assert filed.number is not None
        approve(office, filed.number, signer=second, now=now_utc())
    return msgspec.json.decode(filed.act.details["statement"], type=RestoreStatement)


def a_statement_of_keys(province: Province, data: Path, *, quorum: int = 0) -> bytes:
    """The statement of the trail's keys, signed by the root; by default no cosignatures are asked for."""
    draft = read_statement(draft_trail_keys(data, quorum=quorum, now=now_utc() - timedelta(minutes=1)))
    return sign_trail_keys(draft, root=province.root)


def a_case_number(opener: StationId = A, type: str = "C04") -> CaseId:
    """A case number that was not used before."""
    return CaseId(f"{type}-{opener}-2026-{next(_numbers):06d}")


def an_attachment(raw: bytes, *, role: Role = Role.PROOF, name: str = "证明.pdf") -> Attachment:
    """The attachment that names `raw`."""
    return Attachment(digest=digest_of(raw), size=len(raw), media_type="application/pdf", name=name, role=role)


def an_inquiry_body(proof: Digest) -> dict[str, object]:
    """A C04 inquiry's fields."""
    return {
        "person": {"name": "张三", "id18": "11010519491231002X"},
        "items": [
            {"item": "姓名", "change_code": "19", "current": "张山", "proposed": "张三", "proof": proof},
        ],
        "caused_by_opener": False,
    }


PROOF = b"%PDF-1.7 a proof"


def an_envelope(
    *,
    kind: Kind = Kind.INQUIRY,
    case: CaseId | None = None,
    sender: StationId = A,
    to: StationId = B,
    body: dict[str, object] | None = None,
    attachments: tuple[Attachment, ...] | None = None,
    previous: Digest | None = None,
    created: datetime | None = None,
    **changes: object,
) -> Envelope:
    """A valid envelope: by default an inquiry that opens a new case; a test changes the one thing it is about."""
    at = created or now_utc()
    opening = kind is Kind.INQUIRY
    if attachments is None:
        attachments = (an_attachment(PROOF),) if opening else ()
    if body is None:
        body = an_inquiry_body(digest_of(PROOF)) if opening else {}
    values: dict[str, object] = {
        "id": new_uuid7(at=at, random=secrets.token_bytes(10)),
        "kind": kind,
        "case": case or a_case_number(sender),
        "type": "C04",
        "from_": sender,
        "to": to,
        "officer": Officer(number="agent" if kind is Kind.HANDOVER else "012345", name="李四"),
        "created": format_instant(at),
        "body": body,
        "attachments": attachments,
        "previous": previous,
    }
    return Envelope(**{**values, **changes})  # type: ignore[arg-type]


def signed(province: Province, envelope: Envelope) -> bytes:
    """The envelope, signed by its sender's agent."""
    return sign_envelope(envelope, signer=province.agent(envelope.from_))


def a_handover(delivered: Envelope, digest: Digest) -> Envelope:
    """The handover of an envelope that was delivered."""
    return an_envelope(
        kind=Kind.HANDOVER,
        case=delivered.case,
        sender=delivered.to,
        to=delivered.from_,
        body={"received": digest},
        previous=digest,
    )


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Bytes that do not repeat."""
    out = bytearray()
    state = hashlib.sha256(str(seed).encode()).digest()
    while len(out) < size:
        state = hashlib.sha256(state).digest()
        out += state
    return bytes(out[:size])
