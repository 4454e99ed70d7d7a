"""Everything the gate judges, as verified bytes: gathered from the agent's store or read from an evidence container.

Nothing here decides; what cannot be opened is kept as a `flaw`, which the gate turns into a failed check.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.cases.catalogue import CaseType, Catalogue
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, StationId, digest_of
from hub.protocol.instants import parse_instant
from hub.signing.acts import SignedAct, open_act
from hub.signing.certificates import CertificateSource
from hub.signing.envelopes import SignedEnvelope, open_envelope
from hub.signing.receipts import SignedReceipt, open_receipt


@dataclass(frozen=True, slots=True)
class Decision:
    """What the answering officer decides on one item (C04): correct it or not, with the approval's number where needed."""

    item: str
    correct: bool
    approval_number: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What stands outside the case file: `used_in`, the case that used this letter; `disputes`, open cases on the persons;
    `names` and `holders`, the register's name and station of each citizen number (None: not looked up); `decisions` of the
    officer."""

    used_in: CaseId | None = None
    disputes: tuple[CaseId, ...] = ()
    names: Mapping[str, str] | None = None
    holders: Mapping[str, StationId] | None = None
    decisions: tuple[Decision, ...] | None = None


NOTHING_KNOWN = Circumstances()


@dataclass(frozen=True, slots=True)
class Material:
    """One case before the gate of `station`.

    `inquiry` is the newest inquiry, `received_at` the hub's time on its receipt, `first` the one that opened the case;
    `files` holds attachments' bytes by the digest that names them, `acts` the sender's acts among them, `looks` those of
    this station. `flaws` are what could not be opened.
    """

    station: StationId
    case_type: CaseType
    case: CaseId
    envelopes: tuple[SignedEnvelope, ...]
    inquiry: SignedEnvelope
    first: SignedEnvelope
    receipt: SignedReceipt
    received_at: datetime
    files: Mapping[Digest, bytes]
    acts: tuple[SignedAct, ...]
    looks: tuple[SignedAct, ...]
    flaws: tuple[Refused, ...] = ()
    circumstances: Circumstances = NOTHING_KNOWN

    @property
    def body(self) -> Mapping[str, Any]:
        """Fields of the inquiry."""
        return self.inquiry.envelope.body

    def attachment(self, role: Role) -> Attachment | None:
        """Return the inquiry's first attachment of `role`."""
        return next((item for item in self.inquiry.envelope.attachments if item.role is role), None)

    def file(self, role: Role) -> bytes | None:
        """Return the bytes of the inquiry's first attachment of `role`, if they are here."""
        attachment = self.attachment(role)
        return None if attachment is None else self.files.get(attachment.digest)

    def act(self, kind: ActKind) -> SignedAct | None:
        """Return the sender's act of `kind`; None when there is none, or more than one and it is not clear which counts."""
        found = [act for act in self.acts if act.act.act is kind]
        return found[0] if len(found) == 1 else None


def make_material(
    *,
    station: StationId,
    case: CaseId,
    catalogue: Catalogue,
    envelopes: Sequence[bytes],
    receipts: Iterable[bytes],
    files: Mapping[Digest, bytes],
    looks: Iterable[bytes],
    certificates: CertificateSource,
    circumstances: Circumstances = NOTHING_KNOWN,
) -> Material:
    """Open what belongs to `case` for the gate of `station`; `envelopes` in the case's order.

    Raises: Refused (`station.no_inquiry`, `station.no_receipt`, `case.type_unknown`, and what opening an envelope raises)
    when there is nothing the gate could judge.
    """
    opened = tuple(open_envelope(raw, certificates=certificates) for raw in envelopes)
    inquiries = [signed for signed in opened if signed.envelope.kind is Kind.INQUIRY and signed.envelope.case == case]
    if not inquiries:
        raise Refused(Code.NO_INQUIRY, detail=case)
    inquiry = inquiries[-1]
    receipt = _receipt_for(inquiry, receipts, certificates)
    acts, flaws = _open_acts(inquiry, files, certificates)
    own, more = _open_all(looks, certificates)
    return Material(
        station=station,
        case_type=catalogue.case_type(inquiry.envelope.type),
        case=case,
        envelopes=opened,
        inquiry=inquiry,
        first=inquiries[0],
        receipt=receipt,
        received_at=parse_instant(receipt.receipt.time),
        files=files,
        acts=acts,
        looks=tuple(act for act in own if act.act.act is ActKind.LOOK),
        flaws=flaws + more,
        circumstances=circumstances,
    )


def _receipt_for(inquiry: SignedEnvelope, receipts: Iterable[bytes], certificates: CertificateSource) -> SignedReceipt:
    for raw in receipts:
        signed = open_receipt(raw, certificates=certificates)
        if (
            signed.receipt.envelope == inquiry.digest
            and signed.receipt.trail is not None
            and signed.receipt.handover is None
        ):
            return signed
    raise Refused(Code.NO_RECEIPT, detail=inquiry.digest)


def _open_acts(
    inquiry: SignedEnvelope, files: Mapping[Digest, bytes], certificates: CertificateSource
) -> tuple[tuple[SignedAct, ...], tuple[Refused, ...]]:
    named = [item.digest for item in inquiry.envelope.attachments if item.role is Role.ACT]
    # Bytes that are not what the envelope names are no act of it, however well signed.
    return _open_all(
        (files[digest] for digest in named if digest in files and digest_of(files[digest]) == digest), certificates
    )


def _open_all(
    raws: Iterable[bytes], certificates: CertificateSource
) -> tuple[tuple[SignedAct, ...], tuple[Refused, ...]]:
    acts, flaws = [], []
    for raw in raws:
        try:
            acts.append(open_act(raw, certificates=certificates))
        except Refused as error:
            flaws.append(error)
    return tuple(acts), tuple(flaws)
