"""The hub's list of seals and their states (JWS `typ` hanxun-seals+jws): what a revocation list is to certificates.

Numbered and dated like one; a station takes no older list than the newest it has. DOMAIN, M3.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from hub.protocol.administration import Origin, WireX5t
from hub.protocol.envelope import WireInstant
from hub.protocol.identifiers import WireStation


class SealState(StrEnum):
    """States of M3. `expired` is not among them: a certificate's end says it by itself."""

    REGISTERED = "registered"  # 待备案
    ACTIVE = "active"  # 启用
    SUSPENDED = "suspended"  # 停用
    LOST = "lost"  # 遗失
    CANCELLED = "cancelled"  # 注销


SEAL_STATE_ZH = {
    SealState.REGISTERED: "待备案",
    SealState.ACTIVE: "启用",
    SealState.SUSPENDED: "停用",
    SealState.LOST: "遗失",
    SealState.CANCELLED: "注销",
}


class SealEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The seal came into `state` at `at`; `compromised_since` is for lost ones: what it signed since is in doubt."""

    state: SealState
    at: WireInstant
    compromised_since: WireInstant | None = None


class SealEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One seal by its certificate's x5t#S256, and everything that befell it, oldest first."""

    seal: WireX5t
    station: WireStation
    events: Annotated[tuple[SealEvent, ...], msgspec.Meta(min_length=1)]


class SealStatusList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The list: `number` only grows. `required`: a seal that does not stand in it is not good here.

    `administrators` are the x5t of the hub's administrators: with two or more of them, a restore needs two signatures.
    """

    number: Annotated[int, msgspec.Meta(ge=1)]
    at: WireInstant
    origin: Origin
    required: bool
    administrators: tuple[WireX5t, ...]
    seals: tuple[SealEntry, ...]
