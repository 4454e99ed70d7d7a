"""The statement that an older backup was restored at the hub (JWS `typ` hanxun-restore+jws), signed by the hub's key."""

from typing import Annotated

import msgspec

from hub.protocol.envelope import WireInstant

Count = Annotated[int, msgspec.Meta(ge=0)]


class RestoreStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the hub states of one restore.

    `number` counts the hub's restores from 1. The trail goes on from `checkpoint` (a signed note over `size` leaves); what
    was acknowledged behind it is lost here and is sent again by the stations. Filing numbers (mailbox cursors) up to `last`
    are as they were; new ones are greater than `next`. `signatures`: the two administrators' act and approval (compact JWS)
    over the statement without them; empty where the hub had no administrators.
    """

    number: Annotated[int, msgspec.Meta(ge=1)]
    at: WireInstant
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    origin: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    size: Count
    checkpoint: str
    last: Count
    next: Count
    signatures: tuple[str, ...] = ()
