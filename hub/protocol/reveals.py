"""Looks at cases in full, as a station is told of them: each signed by the administrator or auditor who looked."""

from typing import Annotated

import msgspec


class RevealItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One look: its number at the hub and the signed act (compact JWS, kind `reveal-case`)."""

    number: Annotated[int, msgspec.Meta(ge=1)]
    act: str


class Reveals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Looks behind a number, oldest first; `more`: ask again."""

    reveals: tuple[RevealItem, ...]
    more: bool
