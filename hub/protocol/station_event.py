"""What happened at a station, for the trail (JWS `typ` hanxun-event+jws, by the station's agent): digests and ids, nobody's name."""

from enum import StrEnum
from typing import Annotated

import msgspec

from hub.protocol.envelope import WireInstant
from hub.protocol.identifiers import WireCase, WireDigest, WireEnvelopeId, WireStation
from hub.protocol.receipt import TrailPosition

MAX_EVENTS = 100


class StationEventKind(StrEnum):
    """What happened. `subject` is the digest of the bytes that say it whole; they stay at the station."""

    READING = "reading"  # 印文核对、阅函: the officer's signed look
    SEAL_USE = "seal-use"  # 用印: the custodian's signed act; the sealed letter
    GATE_VERDICT = "gate-verdict"  # 闸口结论: the verdict's checks as stored
    CASE_ERASED = "case-erased"  # 按规定删除: the hub's notice, with two administrators' signatures
    REGISTER_ACT = "register-act"  # 登记操作: the officer's signed act, before the register was asked


class StationEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of an event at `station` about `case`, at `at` by the station's clock."""

    id: WireEnvelopeId
    event: StationEventKind
    station: WireStation
    case: WireCase
    subject: WireDigest
    at: WireInstant


class StationEvents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events to log, oldest first, each as signed."""

    events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]


class LoggedEvents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where each stands in the trail now, in the order asked."""

    positions: tuple[TrailPosition, ...]
