"""Extended limits (延期): which limits may be extended, how far, and when an extended one ends. Pure; both sides ask it.

What the notice fixes nobody extends, and what ends the same day ends that day. Source: DOMAIN 0.5 and 4.3, A4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.cases.catalogue import ClockKind, ClockRule
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

MOST_EXTENDED = timedelta(days=30)
"""How long after its original end a limit may end, all extensions together."""
HOURS_DIFFER = timedelta(days=10)
"""A station counts by its own opening hours, the hub by the usual ones: across holidays their ends may differ by as much."""
NOTICE = "N"
_OF_ONE_DAY = (ClockKind.CALENDAR_DAY, ClockKind.SITE_CLOSING)


@dataclass(frozen=True, slots=True)
class Extension:
    """The limit `step` ends at `due_at` instead: signed at `at` by `who`, because of `reason`."""

    step: str
    at: datetime
    due_at: datetime
    who: str
    reason: str


def why_fixed(rule: ClockRule) -> Code | None:
    """Return why a limit is never extended, None when it may be."""
    if rule.basis == NOTICE:
        return Code.LIMIT_FIXED_NOTICE
    if rule.kind in _OF_ONE_DAY and rule.limit == 0:
        return Code.LIMIT_SAME_DAY
    return None if rule.extendable else Code.LIMIT_NOT_EXTENDABLE


def require_extendable(rule: ClockRule) -> None:
    """Raise Refused (`limit.*`) for a limit that is never extended."""
    if (code := why_fixed(rule)) is not None:
        raise Refused(code, field="step", values={"step": rule.zh})


def in_force(rule: ClockRule, start: datetime, due: datetime, extensions: Iterable[Extension]) -> tuple[Extension, ...]:
    """Return the extensions of a limit that began at `start` and ends by itself at `due`, in the order signed.

    One signed before the limit began was of an earlier round (the letter came back and was sent anew) and counts no more.
    One that the rules do not allow counts nothing, whoever signed it.
    """
    latest = due + MOST_EXTENDED + HOURS_DIFFER
    if why_fixed(rule) is not None:
        return ()
    mine = (each for each in extensions if each.step == rule.step and each.at >= start)
    allowed = (each for each in mine if due < each.due_at <= latest)
    return tuple(sorted(allowed, key=lambda each: each.at))


def extended(due: datetime, extensions: Sequence[Extension]) -> datetime:
    """Return when a limit ends that by itself ends at `due`; no extension shortens it."""
    return max((due, *(each.due_at for each in extensions)))
