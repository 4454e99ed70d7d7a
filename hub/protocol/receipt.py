"""Receipts: what the hub states, signed, about one envelope (JWS `typ` hanxun-receipt+jws)."""

from enum import StrEnum
from typing import Annotated

import msgspec

from hub.protocol.envelope import WireInstant
from hub.protocol.identifiers import WireCase, WireDigest, WireEnvelopeId, WireStation


class Event(StrEnum):
    """Names of events. Source: ETSI EN 319 522-1, clause 6."""

    SUBMISSION_ACCEPTANCE = "SubmissionAcceptance"
    SUBMISSION_REJECTION = "SubmissionRejection"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_HANDOVER = "ContentHandover"


class TrailPosition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a leaf stands: `index` (0-based), `leaf` (base64 of the leaf record), `proof` (base64 hashes, the leaf's
    sibling first) and `checkpoint`, the signed note that commits to it. Source: RFC 6962; C2SP tlog-checkpoint."""

    index: Annotated[int, msgspec.Meta(ge=0)]
    leaf: str
    proof: tuple[str, ...]
    checkpoint: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of a receipt.

    `events` happened to `envelope` (digest of its exact bytes) at `time` (the hub's clock). `verified` names what the
    hub checked. For ContentHandover, `handover` is the digest of the receiver's own signed handover envelope. `trail`
    is None only for a SubmissionRejection, whose `refusal` is the error code.
    """

    events: tuple[Event, ...]
    envelope: WireDigest
    id: WireEnvelopeId | None
    case: WireCase | None
    from_: WireStation | None = msgspec.field(name="from")
    to: WireStation | None
    time: WireInstant
    verified: tuple[str, ...] = ()
    handover: WireDigest | None = None
    refusal: str | None = None
    trail: TrailPosition | None = None
