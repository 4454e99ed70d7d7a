"""What agents and hub say to each other about the trail's witnesses, keys and proofs."""

from typing import Annotated

import msgspec

from hub.protocol.envelope import WireInstant
from hub.protocol.identifiers import WireStation

Size = Annotated[int, msgspec.Meta(ge=0)]
VerifierKeyText = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class WitnessKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of a witness's introduction (JWS `typ` hanxun-witness+jws, by the station's agent): from `at` on this station
    cosigns with `key`, a verifier key (C2SP vkey) of type cosignature."""

    station: WireStation
    key: VerifierKeyText
    at: WireInstant


class WitnessStanding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One witness: the largest tree that it has cosigned (`size`, None: none yet) and when."""

    station: WireStation
    name: str
    key: VerifierKeyText
    size: Size | None
    at: WireInstant | None


class Witnessed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the trail is cosigned: of `size` leaves, `cosigned` are covered by a quorum, the stations `by` (names), of `of`
    witnesses. `needed` says what a quorum is; `checkpoint` is the signed note with those cosignatures, None without one."""

    size: Size
    cosigned: Size
    by: tuple[str, ...]
    of: Size
    needed: str
    checkpoint: str | None
    witnesses: tuple[WitnessStanding, ...]


class LeafProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The inclusion proof of leaf `index` (base64 hashes, the leaf's sibling first)."""

    index: Size
    proof: tuple[str, ...]


class LeafProofs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Proofs of leaves against one cosigned `checkpoint`; leaves that it does not cover yet are left out. `time_stamp`:
    base64 of an RFC 3161 token over the checkpoint's text; None while there is none that covers all leaves asked for."""

    checkpoint: str
    proofs: tuple[LeafProof, ...]
    time_stamp: str | None = None
