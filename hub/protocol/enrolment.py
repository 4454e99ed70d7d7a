"""What a station that joins asks the hub for first (`GET /v1/enrolment`), before it trusts anything the hub says."""

from typing import Annotated

import msgspec

from hub.protocol.envelope import WireInstant


class EnrolmentStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which hub this is (JWS `typ` hanxun-enrolment+jws, signed by the hub's key): its `name`, the `origin` of its trail,
    `trail_key` (verifier key, C2SP signed note), `at` the instant of stating it."""

    name: Annotated[str, msgspec.Meta(max_length=64)]
    origin: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    trail_key: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    at: WireInstant


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document: `roots` (PEM, one after another) to be confirmed by their fingerprints, the `hub_certificate` (PEM) that
    must lead to one of them, and the `statement` (compact JWS) that it signs. Nothing in it is trusted by itself."""

    roots: Annotated[str, msgspec.Meta(max_length=256 * 1024)]
    hub_certificate: Annotated[str, msgspec.Meta(max_length=64 * 1024)]
    statement: Annotated[str, msgspec.Meta(max_length=16 * 1024)]
