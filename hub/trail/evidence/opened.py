"""The parts of one case, opened: signatures verified, receipts set beside their envelopes, acts beside their carriers.

What cannot be opened is kept with the refusal, so that it becomes a failed check and not a missing one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from hub.protocol.envelope import Attachment, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.media_types import JOSE
from hub.protocol.receipt import Event
from hub.signing.acts import SignedAct, open_act
from hub.signing.certificates import CertificateSource, Certified, known, read_certificate
from hub.signing.crl import Crl, read_crl
from hub.signing.envelopes import SignedEnvelope, open_envelope
from hub.signing.erasures import SignedErasure, open_erasure
from hub.signing.receipts import SignedReceipt, open_receipt
from hub.signing.trust import Trust
from hub.trail.evidence.parts import EvidenceParts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opening(Generic[T]):
    """One part, opened (`value`) or refused (`refusal`); `name` says which it is."""

    name: str
    value: T | None
    refusal: Refused | None


@dataclass(frozen=True, slots=True)
class Carried:
    """An attachment's place: the first envelope that names it (`number` from 1), and how."""

    number: int
    envelope: SignedEnvelope
    attachment: Attachment


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """All parts of a case, opened. `trust` holds the caller's roots and lists together with the lists in the parts."""

    trust: Trust
    certificates: tuple[Opening[Certified], ...]
    crls: tuple[Opening[Crl], ...]
    envelopes: tuple[Opening[SignedEnvelope], ...]
    receipts: tuple[Opening[SignedReceipt], ...]
    acts: tuple[Opening[SignedAct], ...]
    carried: dict[Digest, Carried]
    erasures: tuple[Opening[SignedErasure], ...] = ()

    def acceptance_of(self, envelope: SignedEnvelope) -> SignedReceipt | None:
        """Return the receipt by which the hub accepted `envelope`, the first in order."""
        handover = envelope.envelope.kind is Kind.HANDOVER
        for receipt in self._good_receipts():
            stated = receipt.receipt
            about = stated.handover if handover else stated.envelope if stated.handover is None else None
            if about == envelope.digest and Event.SUBMISSION_ACCEPTANCE in stated.events:
                return receipt
        return None

    def handover_of(self, envelope: SignedEnvelope) -> SignedReceipt | None:
        """Return the receipt that says `envelope` was handed over to its receiver."""
        for receipt in self._good_receipts():
            if receipt.receipt.envelope == envelope.digest and Event.CONTENT_HANDOVER in receipt.receipt.events:
                return receipt
        return None

    def _good_receipts(self) -> tuple[SignedReceipt, ...]:
        return tuple(opening.value for opening in self.receipts if opening.value is not None)


def open_case(parts: EvidenceParts, trust: Trust) -> OpenedCase:
    """Open every part of `parts`. Never raises for bad parts."""
    certificates, crls = _open_certificates(parts, trust), _open_numbered("crls", parts.crls, read_crl)
    mine = [opening.value for opening in certificates if opening.value is not None]
    source = known((*mine, *trust.roots, *trust.intermediates))
    envelopes = _open_numbered("envelopes", parts.envelopes, lambda raw: open_envelope(raw, certificates=source))
    receipts = _open_numbered("receipts", parts.receipts, lambda raw: open_receipt(raw, certificates=source))
    carried = _carried(envelopes)
    return OpenedCase(
        trust=joined_trust(parts, trust),
        certificates=certificates,
        crls=crls,
        envelopes=envelopes,
        receipts=receipts,
        acts=_open_acts(parts, carried, source),
        carried=carried,
        erasures=_open_numbered("erased", parts.erasures, lambda raw: open_erasure(raw, certificates=source)),
    )


def joined_trust(parts: EvidenceParts, trust: Trust) -> Trust:
    """Return `trust` with the revocation lists and the authorities' certificates that `parts` bring.

    They widen nothing: each counts only when a root of `trust` vouches for it.
    """
    crls = (opening.value for opening in _open_numbered("crls", parts.crls, read_crl))
    lists = tuple(crl for crl in crls if crl is not None and crl not in trust.crls)
    known_ders = {root.der for root in (*trust.roots, *trust.intermediates)}
    certificates = (opening.value for opening in _open_certificates(parts, trust))
    between = tuple(
        item for item in certificates if item is not None and is_authority(item) and item.der not in known_ders
    )
    return replace(trust, crls=(*trust.crls, *lists), intermediates=(*trust.intermediates, *between))


def is_authority(certified: Certified) -> bool:
    """Say whether this is a certificate that signs others rather than messages."""
    return not certified.signs


def _open_certificates(parts: EvidenceParts, trust: Trust) -> tuple[Opening[Certified], ...]:
    return _open_numbered("certs", parts.certificates, lambda raw: read_certificate(raw, purposes=trust.purposes))


def _carried(envelopes: tuple[Opening[SignedEnvelope], ...]) -> dict[Digest, Carried]:
    carried: dict[Digest, Carried] = {}
    for number, opening in enumerate(envelopes, start=1):
        for attachment in opening.value.envelope.attachments if opening.value is not None else ():
            assert opening.value is not None
            carried.setdefault(attachment.digest, Carried(number, opening.value, attachment))
    return carried


def _open_acts(
    parts: EvidenceParts, carried: dict[Digest, Carried], certificates: CertificateSource
) -> tuple[Opening[SignedAct], ...]:
    acts = []
    for digest in sorted(
        parts.attachments, key=lambda item: (carried[item].number if item in carried else 1 << 30, item)
    ):
        file = parts.attachments[digest]
        role = carried[digest].attachment.role if digest in carried else None
        # An act that no envelope names (the look before the gate) is recognised by its media type.
        if role is Role.ACT or (role is None and file.media_type == JOSE):
            acts.append(_open(digest, lambda raw: open_act(raw, certificates=certificates), file.raw))
    return tuple(acts)


def _open_numbered(folder: str, raws: tuple[bytes, ...], opener: Callable[[bytes], T]) -> tuple[Opening[T], ...]:
    return tuple(_open(f"{folder}/{number:04d}", opener, raw) for number, raw in enumerate(raws, start=1))


def _open(name: str, opener: Callable[[bytes], T], raw: bytes) -> Opening[T]:
    try:
        return Opening(name, opener(raw), None)
    except Refused as refusal:
        return Opening(name, None, refusal)
