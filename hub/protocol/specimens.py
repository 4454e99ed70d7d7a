"""The hub's word on the impressions (印模) registered with a station's seals (JWS `typ` hanxun-specimens+jws).

Apart from the list of seal states: what gates judge by does not hang on what is only there to look at.
"""

from typing import Annotated

import msgspec

from hub.protocol.administration import Origin, WireX5t
from hub.protocol.envelope import WireInstant
from hub.protocol.identifiers import WireDigest, WireStation

MAX_SPECIMEN_BYTES = 8 * 1024 * 1024


class RegisteredSpecimen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One impression: the digest of its file and its size, and since when it is registered."""

    digest: WireDigest
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_SPECIMEN_BYTES)]
    registered_at: WireInstant


class SealSpecimens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The impressions of one seal, by its certificate's x5t#S256, the first registered first."""

    seal: WireX5t
    specimens: tuple[RegisteredSpecimen, ...]


class SpecimenStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which impressions the hub of the trail `origin` has of all seals of `station`, at `at`."""

    origin: Origin
    at: WireInstant
    station: WireStation
    seals: tuple[SealSpecimens, ...]
