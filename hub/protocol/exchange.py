"""What agents and hub say to each other over HTTP, apart from envelopes, receipts and blobs themselves."""

from typing import Annotated

import msgspec

from hub.protocol.identifiers import WireDigest, WireStation


class MailboxItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One delivery. `cursor` grows by station; `envelope` is a compact JWS for the receiver, or None for a bare receipt
    that the sender gets back; `receipts` are the hub's compact JWS about it."""

    cursor: Annotated[int, msgspec.Meta(ge=1)]
    envelope: str | None
    receipts: tuple[str, ...]


class MailboxPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deliveries after the asked cursor, oldest first. `more`: ask again with the last cursor."""

    items: tuple[MailboxItem, ...]
    more: bool


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer of the token endpoint (RFC 6749, 5.1). `expires_in` in seconds."""

    access_token: str
    token_type: str
    expires_in: int


class UploadState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a blob the hub holds: `offset` of `size` bytes; `complete` only when verified, synced and filed."""

    digest: WireDigest
    offset: int
    size: int
    complete: bool


class StationEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One station of the directory; `parent` is None at the top of the organisation tree."""

    code: WireStation
    name: str
    kind: str
    parent: WireStation | None
    active: bool


class Directory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All stations known to the hub."""

    stations: tuple[StationEntry, ...]


class TrailGrowth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The trail's newest `checkpoint` (signed note), the `proof` (base64 hashes, RFC 6962 consistency) that it begins with
    the tree of the size asked about, empty when there is none to give; `restores`: every signed statement of a restore."""

    checkpoint: str
    proof: tuple[str, ...]
    restores: tuple[str, ...]


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason why the hub does not accept: a stable `code`, what it means, what to do; Chinese first, then English."""

    code: str
    title: str
    remedy: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether envelopes are taken now, and every reason why not."""

    ready: bool
    reasons: tuple[Reason, ...]


class Alarms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stations' signed alarms (compact JWS), oldest first."""

    alarms: tuple[str, ...]


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457): `title` and `detail` Chinese first, then English; `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str
    field: str | None = None
    receipt: str | None = None
