"""Officers' acts: what one person did with one thing, signed by that person's own key (JWS `typ` hanxun-act+jws)."""

from enum import StrEnum
from typing import Any

import msgspec

from hub.protocol.envelope import Officer, WireInstant
from hub.protocol.identifiers import WireCase, WireDigest, WireEnvelopeId, WireStation


class ActKind(StrEnum):
    """What was done. The letter's way is draft, approval, seal-use, scan, seal (DOMAIN, M2)."""

    DRAFT = "draft"  # 拟稿: `subject` is the digest of the draft's canonical body bytes
    APPROVAL = "approval"  # 审批: `subject` is the digest of the draft act
    SEAL_USE = "seal-use"  # 用印: `subject` is the digest of the approval act
    SCAN = "scan"  # 扫描校对, 原件扫描声明: `subject` is the digest of the scan as it came
    LOOK = "look"  # 印文核对: `subject` is the digest of the sealed letter
    REGISTER = "register"  # 登记操作: `subject` is the digest of the evidence file


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of an act. `details` depends on `act` (see `hub/protocol/act.py` and the docs' reference)."""

    id: WireEnvelopeId
    act: ActKind
    case: WireCase
    station: WireStation
    officer: Officer
    at: WireInstant
    subject: WireDigest
    details: dict[str, Any]
    previous: WireDigest | None = None
