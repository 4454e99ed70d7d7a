"""A small case with everything an evidence file holds, all of it right: inquiry, handover, look, reply, their receipts."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol.act import ActKind
from hub.protocol.envelope import Attachment, Envelope, Kind, Officer, Role
from hub.protocol.identifiers import Digest, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.media_types import JOSE, JPEG, PDF
from hub.protocol.receipt import Event, TrailPosition
from hub.signing.acts import sign_act
from hub.signing.envelopes import sign_envelope
from hub.signing.keys import KeySigner
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.signing.receipts import sign_receipt
from hub.trail.checkpoint import add_signatures, parse_checkpoint, sign_checkpoint
from hub.trail.cosignature import cosign
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.parts import EvidenceFile, EvidenceParts
from hub.trail.evidence.standing import keys_name, proof_name
from hub.trail.evidence.verify import write_container
from hub.trail.hashing import leaf_hash
from hub.trail.keys import make_statement, sign_trail_keys
from hub.trail.note import KeyType, make_signer
from hub.trail.position import make_positions
from hub.trail.record import LeafEvent, make_record
from hub.trail.sequence import EMPTY, Frontier, append
from hub.trail.tlog_proof import TlogProof, encode_tlog_proof
from tests.signing.builders import CASE, NOW, OTHER_STATION, STATION, SampleProvince, a_receipt, an_act, an_envelope
from tests.signing.documents.builders import a_scan, a_scan_pdf, a_sealed_letter

REPORT_PDF = b"%PDF-1.7\n% stands in for the printed report\n"
MINUTE = timedelta(minutes=1)


@dataclass
class SampleCase:
    """A case in the making; `parts` is what has happened so far."""

    province: SampleProvince = field(default_factory=SampleProvince)
    envelopes: list[bytes] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    files: dict[Digest, EvidenceFile] = field(default_factory=dict)
    log: Frontier = EMPTY
    records: list[bytes] = field(default_factory=list)
    cosigners: int = 2
    statement: bytes = b""

    def __post_init__(self) -> None:
        province = self.province
        self.sender, self.receiver = province.agent(), province.agent(OTHER_STATION, suite="P-256")
        self.hub, self.evidence = province.hub(), province.certify(CertificateKind.EVIDENCE)
        self.drafter = province.officer()
        self.approver = province.officer("王五", "015678", OfficerRole.HEAD)
        self.looker = province.officer("赵六", "027777", station=OTHER_STATION)
        self.seal = province.seal()
        self.log_key = make_signer("hub.test/trail", Ed25519PrivateKey.generate())
        self.witnesses = [
            make_signer(f"hub.test/trail/witness/{number}", Ed25519PrivateKey.generate(), KeyType.COSIGNATURE)
            for number in range(3)
        ]

    def attach(self, raw: bytes, name: str, media_type: str, role: Role) -> Attachment:
        """Keep a file and return how an envelope names it."""
        digest = digest_of(raw)
        self.files[digest] = EvidenceFile(name, media_type, raw)
        return Attachment(digest=digest, size=len(raw), media_type=media_type, name=name, role=role)

    def act(self, signer: KeySigner, number: int, **fields: Any) -> bytes:
        """An officer's signed act."""
        certified = signer.certified
        officer = Officer(number=certified.number or "", name=certified.name)
        id = new_uuid7(at=NOW, random=bytes([number]) * 10)
        return sign_act(an_act(id=id, officer=officer, station=certified.station, **fields), signer=signer)

    def send(self, envelope: Envelope, signer: KeySigner, at: datetime, **receipt: Any) -> bytes:
        """File an envelope and the hub's receipt for it."""
        raw = sign_envelope(envelope, signer=signer)
        self.envelopes.append(raw)
        standing = receipt.pop("trail", None) or self.stand(digest_of(raw), at)
        stated = {"id": envelope.id, "from_": envelope.from_, "to": envelope.to, "time": format_instant(at), **receipt}
        self.receipts.append(sign_receipt(a_receipt(raw, trail=standing, **stated), signer=self.hub))
        return raw

    def stand(self, digest: Digest, at: datetime) -> TrailPosition:
        """Add a leaf about `digest` to the log and return where it stands."""
        record = make_record(event=LeafEvent.ENVELOPE, digest=digest, id=None, at=at, nonce=bytes(16))
        appended = append(self.log, [leaf_hash(record)])
        self.log = appended.frontier
        self.records.append(record)
        note = sign_checkpoint("hub.test/trail", self.log.size, appended.root, signer=self.log_key)
        return make_positions(appended, [record], note)[0]

    @property
    def parts(self) -> EvidenceParts:
        """All that has happened so far."""
        province = self.province
        certificates = [province.root, *province.issued]
        return EvidenceParts(
            case=CASE,
            envelopes=tuple(self.envelopes),
            receipts=tuple(self.receipts),
            attachments=dict(self.files),
            certificates=tuple(signer.certified.pem for signer in certificates),
            crls=tuple(crl.der for crl in province.crls),
            trail={"checkpoint": b"the newest checkpoint the agent holds\n", **self.trail},
        )

    def keys(self, *, root: KeySigner | None = None, **changes: Any) -> bytes:
        """The statement of the trail's keys: two of three witnesses make a quorum."""
        stated = {"witnesses": [one.key for one in self.witnesses], "quorum": 2, "number": 1, "at": NOW - MINUTE}
        statement = make_statement(log=self.log_key.key, **{**stated, **changes})
        return sign_trail_keys(statement, root=root or self.province.root)

    @property
    def trail(self) -> dict[str, bytes]:
        """The statement, and a proof for every receipt against the newest tree, cosigned by `cosigners` witnesses."""
        proofs: dict[str, bytes] = {}
        if self.records:
            whole = append(EMPTY, [leaf_hash(record) for record in self.records])
            note = sign_checkpoint("hub.test/trail", len(self.records), whole.root, signer=self.log_key)
            signed = parse_checkpoint(note)
            lines = [cosign(signed, signer=one, at=NOW) for one in self.witnesses[: self.cosigners]]
            cosigned = add_signatures(note, lines)
            proofs = {
                proof_name(number): encode_tlog_proof(TlogProof(position.index, position.proof, cosigned))
                for number, position in enumerate(whole.positions, start=1)
            }
        # ES256 signs otherwise each time: one statement for one case.
        self.statement = self.statement or self.keys()
        return {keys_name(1): self.statement, **proofs}

    def container(
        self, parts: EvidenceParts | None = None, *, at: datetime = NOW + 9 * MINUTE, pem: bool = False
    ) -> bytes:
        """The evidence file of `parts`, by default of all that has happened; `pem`: with its lists as PEM."""
        chosen = parts or self.parts
        if pem:
            chosen = replace(chosen, crls=tuple(crl.pem for crl in self.province.crls))
        report = check_parts(chosen, trust=self.province.trust, now=at)
        return write_container(chosen, report=report, report_pdf=REPORT_PDF, signer=self.evidence, at=at)


def an_inquiry(case: SampleCase, *, letter: bytes | None = None, **changes: Any) -> bytes:
    """The inquiry with its sealed letter, the scan and two acts, sent and accepted."""
    sealed = letter or a_sealed_letter(case.province, pdf=a_scan_pdf(), seal=case.seal)
    draft = case.act(case.drafter, 1)
    approval = case.act(case.approver, 2, act=ActKind.APPROVAL, subject=digest_of(draft), details={})
    attachments = (
        case.attach(sealed, "错迁说明函.pdf", PDF, Role.LETTER),
        case.attach(a_scan(), "扫描件.jpg", JPEG, Role.SCAN),
        case.attach(draft, "draft.jws", JOSE, Role.ACT),
        case.attach(approval, "approval.jws", JOSE, Role.ACT),
    )
    return case.send(an_envelope(attachments=attachments, **changes), case.sender, NOW + MINUTE)


def a_whole_case() -> SampleCase:
    """Inquiry, handover, the human look, and the reply."""
    case = SampleCase()
    inquiry = an_inquiry(case)
    officer = Officer(number="agent", name="TEST agent")
    back = {"from_": OTHER_STATION, "to": STATION, "attachments": ()}
    handover = an_envelope(
        id=new_uuid7(at=NOW, random=b"handover--"),
        kind=Kind.HANDOVER,
        officer=officer,
        body={"received": digest_of(inquiry)},
        previous=digest_of(inquiry),
        **back,
    )
    case.envelopes.append(sign_envelope(handover, signer=case.receiver))
    case.receipts.append(_handover_receipt(case, inquiry, case.envelopes[-1]))
    letter = next(digest for digest, file in case.files.items() if file.media_type == PDF)
    look = case.act(case.looker, 3, act=ActKind.LOOK, subject=letter, details={"result": "consistent"})
    case.files[digest_of(look)] = EvidenceFile("look.jws", JOSE, look)
    reply = an_envelope(
        id=new_uuid7(at=NOW, random=b"reply-----"),
        kind=Kind.REPLY,
        officer=Officer(number="027777", name="赵六"),
        body={"outcome": "已回迁", "serial": "HK2026-1"},
        previous=digest_of(case.envelopes[-1]),
        **back,
    )
    case.send(reply, case.receiver, NOW + 4 * MINUTE)
    return case


def _handover_receipt(case: SampleCase, inquiry: bytes, handover: bytes) -> bytes:
    at = NOW + 2 * MINUTE
    return sign_receipt(
        a_receipt(
            inquiry,
            handover=digest_of(handover),
            events=(Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_HANDOVER),
            time=format_instant(at),
            trail=case.stand(digest_of(handover), at),
        ),
        signer=case.hub,
    )
