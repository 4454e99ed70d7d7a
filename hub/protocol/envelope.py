"""The envelope's payload: what one station says to another about one case. DESIGN, Formats."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hub.protocol.identifiers import WireCase, WireDigest, WireEnvelopeId, WireStation
from hub.protocol.instants import INSTANT_PATTERN

WireInstant = Annotated[str, msgspec.Meta(pattern=INSTANT_PATTERN, max_length=32)]
WireMediaType = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}(?!\n)$")]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]

MAX_ATTACHMENTS = 256
MAX_ATTACHMENT_SIZE = 1 << 30


class Kind(StrEnum):
    """What an envelope does to its case (DOMAIN, M1)."""

    INQUIRY = "inquiry"  # 函: opens the case
    HANDOVER = "handover"  # 送达: the receiver's agent has stored it (ETSI EN 319 522 ContentHandover)
    CLAIM = "claim"  # 签收
    ASK = "ask"  # 要求补充
    SUPPLY = "supply"  # 补充
    RETURN = "return"  # 退回补正
    REPLY = "reply"  # 答复
    CLOSE = "close"  # 办结
    DISPUTE = "dispute"  # 对答复有异议
    WITHDRAW = "withdraw"  # 撤回


class Role(StrEnum):
    """What an attachment is for."""

    LETTER = "letter"  # the sealed letter, PDF with the station's PAdES seal
    SCAN = "scan"  # the scan as it came, never altered
    ACT = "act"  # an officer's signed act (application/jose)
    PROOF = "proof"  # proof of a register item (C04)
    OTHER = "other"


class Officer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who acts: police number and name. The agent itself writes number `agent`."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Attachment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that belongs to an envelope, named by the digest of its bytes; `size` in bytes."""

    digest: WireDigest
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_ATTACHMENT_SIZE)]
    media_type: WireMediaType
    name: ShortText
    role: Role


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of an envelope (JWS `typ` hanxun-envelope+jws).

    `type` is the case type's code (C06, C04); `created` is the sender's clock, RFC 3339 UTC; `body` holds the fields
    that the case type's definition asks for; `previous` is the digest of the last envelope of the case that the sender
    had seen, None only for the one that opens it.
    """

    id: WireEnvelopeId
    kind: Kind
    case: WireCase
    type: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,32}(?!\n)$")]
    from_: WireStation = msgspec.field(name="from")
    to: WireStation
    officer: Officer
    created: WireInstant
    body: dict[str, Any]
    attachments: Annotated[tuple[Attachment, ...], msgspec.Meta(max_length=MAX_ATTACHMENTS)]
    previous: WireDigest | None
