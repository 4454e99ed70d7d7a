"""A desk's table of addresses: every route declares a rule, and nothing else lets a request through."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hub.pages.visit import Answer, P, Visit
from hub.signing.purposes import OfficerRole

D = TypeVar("D")


class Rule(StrEnum):
    """What a visitor must be. `CASE`: somebody who may see the case that the path names; others are told that there is none.
    `REASON`: as `ROLE`, and the form says why; the reason stays on record."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    ROLE = "role"
    CASE = "case"
    REASON = "reason"


@dataclass(frozen=True)  # no slots: with them a subscripted class cannot be called
class Route(Generic[D, P]):
    """One address. `by_itself`: the page's script asks, not the person, so the session rests on. `raw_body`: the body is no
    form. `roles` belong to `Rule.ROLE`. `keeps_form`: what was typed is kept when the session is over."""

    method: str
    path: str
    rule: Rule
    view: Callable[[D, Visit[P]], Answer]
    roles: tuple[OfficerRole, ...] = ()
    by_itself: bool = False
    raw_body: bool = False
    keeps_form: bool = False
