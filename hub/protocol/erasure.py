"""Erasing a case's content: what two administrators sign, and the hub's notice to the stations (JWS `typ` hanxun-erasure+jws).

What is erased is named by digest, so that what stays in the trail still tells what there was, and nothing of what it said.
"""

from typing import Annotated

import msgspec

from hub.protocol.administration import Origin, Reason
from hub.protocol.envelope import WireInstant
from hub.protocol.identifiers import WireCase, WireDigest, WireStation

Count = Annotated[int, msgspec.Meta(ge=0)]
ERASED = "erased"
"""The state of a case whose content was erased, at the hub and at stations; it stands in M1 and nothing leads out of it."""


class ErasedContent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a case holds: its envelopes in the order filed, and the files that they name, each once."""

    envelopes: tuple[WireDigest, ...]
    files: tuple[WireDigest, ...]


class EraseDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the administrators sign (the act's subject is the case): why, and exactly what goes.

    `content` is the digest of `ErasedContent` as canonical JSON. `letters` of the `files` are sealed letters; `bytes` counts
    envelopes and files. `state` is the case's own when this was signed; `open` says that it need not be ended.
    """

    reason: Reason
    content: WireDigest
    envelopes: Count
    files: Count
    letters: Count
    bytes: Count
    stations: tuple[WireStation, WireStation]
    state: Annotated[str, msgspec.Meta(max_length=32)]
    open: bool = False


class ErasureNotice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of the hub's notice: `case` of the two `stations` (opener, respondent) was erased `at` the hub whose trail is
    `origin`, with what it held. `signatures`: the two administrators' act and approval (compact JWS)."""

    origin: Origin
    case: WireCase
    stations: tuple[WireStation, WireStation]
    at: WireInstant
    content: ErasedContent
    signatures: tuple[str, str]


class ErasureItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One notice (compact JWS) and the trail's leaf that it is."""

    leaf: Count
    notice: str


class Erasures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Notices that concern the station that asks, in the order of their leaves; `more`: ask again behind the last."""

    erasures: tuple[ErasureItem, ...]
    more: bool
