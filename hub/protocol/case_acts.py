"""督办 and 延期 as a station is told of them: each signed by the administrator who urged or extended."""

from typing import Annotated

import msgspec


class CaseActItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act: its number at the hub and what was signed (compact JWS, kind `urge-case` or `extend-limit`)."""

    number: Annotated[int, msgspec.Meta(ge=1)]
    act: str


class CaseActs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acts behind a number, oldest first; `more`: ask again."""

    acts: tuple[CaseActItem, ...]
    more: bool
