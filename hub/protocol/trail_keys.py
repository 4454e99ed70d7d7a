"""The statement of the trail's keys (JWS `typ` hanxun-trail-keys+jws): what makes a checkpoint count, vouched for by the root."""

from typing import Annotated

import msgspec

from hub.protocol.envelope import WireInstant

Origin = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class TimeStampAuthority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An authority whose RFC 3161 time-stamps count: its `certificate` (PEM). `trial`: the hub's own (试用时间戳), which is
    never independent."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    certificate: Annotated[str, msgspec.Meta(min_length=1, max_length=64 * 1024)]
    trial: bool


class TrailKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The statement: for the log `origin`, `policy` (C2SP tlog-policy, text) names the log's key, the witnesses and the
    quorum; `authorities` the time-stamp authorities. A larger `number` replaces a smaller one for what comes later."""

    number: Annotated[int, msgspec.Meta(ge=1)]
    at: WireInstant
    origin: Origin
    policy: Annotated[str, msgspec.Meta(min_length=1, max_length=200_000)]
    authorities: tuple[TimeStampAuthority, ...] = ()


class TrailKeysList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The statements that a hub has installed, oldest first, each as signed."""

    statements: tuple[str, ...]
