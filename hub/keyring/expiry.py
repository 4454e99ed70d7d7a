"""Warnings before a certificate expires: 30, 14, 3 and 1 days ahead, and after. Pure: the clock is an argument."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.signing.certificates import Certified

WARN_DAYS = (30, 14, 3, 1)


@dataclass(frozen=True, slots=True)
class Expiry:
    """A certificate that ends soon: whole `days` left (negative: days since), and the `step` of `WARN_DAYS` reached, 0 when
    it has expired."""

    certified: Certified
    days: int
    step: int

    @property
    def expired(self) -> bool:
        """Whether it signs nothing any more."""
        return self.step == 0


def expiry_of(certified: Certified, now: datetime) -> Expiry | None:
    """Return the warning for `certified` at `now`, None while more than 30 days are left."""
    left = certified.not_after - now
    days = left.days
    if left.total_seconds() < 0:
        return Expiry(certified, days, 0)
    reached = [step for step in WARN_DAYS if left.total_seconds() <= step * 86400]
    return Expiry(certified, days, min(reached)) if reached else None


def expiring(certificates: Iterable[Certified], now: datetime) -> tuple[Expiry, ...]:
    """Return the warnings for `certificates`, the most urgent first."""
    found = (expiry_of(certified, now) for certified in certificates)
    return tuple(sorted(filter(None, found), key=lambda expiry: expiry.certified.not_after))
