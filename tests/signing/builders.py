"""A sample province for tests: a root, certificates of every kind, revocation lists, and signed things that are right.

Each builder gives something valid; a test changes the one thing it is about.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from hub.protocol.act import Act, ActKind
from hub.protocol.envelope import Envelope, Kind, Officer
from hub.protocol.identifiers import CaseId, StationId, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.receipt import Event, Receipt, TrailPosition
from hub.signing.authority import Subject, issue, make_crl, make_root, next_crl
from hub.signing.certificates import CertificateSource, known
from hub.signing.crl import Crl, Revocation
from hub.signing.keys import KeySigner, Suite, generate_key, signer_for
from hub.signing.purposes import CertificateKind, OfficerRole, SealPurpose
from hub.signing.trust import Trust

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STATION = StationId("341802500000")
OTHER_STATION = StationId("340881500000")
CASE = CaseId("C06-341802500000-2026-000017")


@dataclass
class SampleProvince:
    """One root and what it issued; `crls` grows with `revoke`, the first is an hour older than `start`."""

    start: datetime = NOW
    root: KeySigner = field(init=False)
    crls: list[Crl] = field(default_factory=list)
    issued: list[KeySigner] = field(default_factory=list)

    def __post_init__(self) -> None:
        begin, end = self.start - timedelta(days=400), self.start + timedelta(days=7000)
        key = generate_key("P-256")
        self.root = make_root(key, name="测试省根 TEST root", not_before=begin, not_after=end)  # type: ignore[arg-type]
        first = self.start - timedelta(hours=1)
        self.crls.append(make_crl(self.root, (), number=1, this_update=first, next_update=first + timedelta(days=1)))

    def certify(
        self,
        kind: CertificateKind,
        *,
        name: str = "",
        station: str | None = STATION,
        number: str | None = None,
        roles: Iterable[OfficerRole] = (),
        seal_purpose: SealPurpose | None = None,
        suite: Suite = "P-256",
        days: tuple[int, int] = (-300, 700),
    ) -> KeySigner:
        """Issue a certificate of `kind` for a new key; `days` is its period, from `start`."""
        key = generate_key(suite)
        certified = issue(
            self.root,
            kind=kind,
            public_key=key.public_key(),
            subject=Subject(name or f"TEST {kind.value}", StationId(station) if station else None, number),
            not_before=self.start + timedelta(days=days[0]),
            not_after=self.start + timedelta(days=days[1]),
            roles=roles,
            seal_purpose=seal_purpose,
        )
        signer = signer_for(key, certified)
        self.issued.append(signer)
        return signer

    def agent(self, station: str = STATION, *, suite: Suite = "Ed25519") -> KeySigner:
        """An agent of `station`."""
        return self.certify(CertificateKind.AGENT, name=f"TEST agent {station}", station=station, suite=suite)

    def officer(
        self, name: str = "张三", number: str = "011234", *roles: OfficerRole, station: str = STATION
    ) -> KeySigner:
        """An officer of `station`; without roles, one of the window."""
        held = roles or (OfficerRole.WINDOW,)
        return self.certify(
            CertificateKind.OFFICER, name=name, number=number, roles=held, station=station, suite="Ed25519"
        )

    def hub(self) -> KeySigner:
        """The hub that signs receipts."""
        return self.certify(CertificateKind.HUB, name="TEST hub", station=None)

    def seal(self, purpose: SealPurpose = SealPurpose.HOUSEHOLD, *, station: str = STATION) -> KeySigner:
        """A seal of `station`."""
        return self.certify(CertificateKind.SEAL, station=station, seal_purpose=purpose)

    def revoke(self, signer: KeySigner, at: datetime, *, listed_at: datetime, **entry: Any) -> Crl:
        """Revoke `signer`'s certificate from `at`, in a new list of `listed_at`."""
        revocation = Revocation(signer.certified.serial, at, **entry)
        crl = next_crl(
            self.root, self.crls[-1], [revocation], this_update=listed_at, next_update=listed_at + timedelta(days=1)
        )
        self.crls.append(crl)
        return crl

    def publish(self, at: datetime) -> Crl:
        """Publish a new list of `at` without new entries."""
        crl = next_crl(self.root, self.crls[-1], (), this_update=at, next_update=at + timedelta(days=1))
        self.crls.append(crl)
        return crl

    @property
    def trust(self) -> Trust:
        """Trust in this root with all lists published so far."""
        return Trust((self.root.certified,), tuple(self.crls))

    @property
    def certificates(self) -> CertificateSource:
        """All certificates issued so far."""
        return known(signer.certified for signer in self.issued)


def an_envelope(**changes: Any) -> Envelope:
    """An inquiry of case C06 from STATION to OTHER_STATION."""
    envelope = Envelope(
        id=new_uuid7(at=NOW, random=b"0123456789"),
        kind=Kind.INQUIRY,
        case=CASE,
        type="C06",
        from_=STATION,
        to=OTHER_STATION,
        officer=Officer(number="011234", name="张三"),
        created=format_instant(NOW),
        body={"letter_kind": "错迁说明函", "persons": [{"name": "李四", "id18": "11010519491231002X"}], "pages": 2},
        attachments=(),
        previous=None,
    )
    return msgspec.structs.replace(envelope, **changes)


def a_receipt(envelope: bytes, **changes: Any) -> Receipt:
    """The hub's acceptance of the bytes `envelope`; its place in the trail is made up."""
    receipt = Receipt(
        events=(Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT),
        envelope=digest_of(envelope),
        id=an_envelope().id,
        case=CASE,
        from_=STATION,
        to=OTHER_STATION,
        time=format_instant(NOW),
        trail=TrailPosition(index=0, leaf="", proof=(), checkpoint="made up"),
    )
    return msgspec.structs.replace(receipt, **changes)


def an_act(**changes: Any) -> Act:
    """A draft by 张三 011234 of STATION."""
    act = Act(
        id=new_uuid7(at=NOW, random=b"abcdefghij"),
        act=ActKind.DRAFT,
        case=CASE,
        station=STATION,
        officer=Officer(number="011234", name="张三"),
        at=format_instant(NOW),
        subject=digest_of(b"draft"),
        details={"body": digest_of(b"draft")},
    )
    return msgspec.structs.replace(act, **changes)
