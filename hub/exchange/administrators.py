"""Who the hub's administrators are now, and by what their acts are judged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.protocol.verdict import Result
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate
from hub.store.administration import administrators_named
from hub.store.trail_log import TrailLog

NEEDED = 2
"""How many people it takes before anything but their naming is possible."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What acts are judged by and filed with. `hub_signer` unlocks the hub's key when an effect needs it."""

    log: TrailLog
    origin: str
    trust: Trust
    certificates: CertificateSource
    hub_signer: Callable[[], Signer]


@dataclass(frozen=True, slots=True)
class Administrator:
    """One of the hub's administrators; `good` unless the certificate has expired or was revoked."""

    certified: Certified
    named_at: str
    good: bool


def names_of(tx: sa.Connection) -> frozenset[str]:
    """Return the x5t of everybody who was named and not dismissed."""
    return frozenset(row.x5t for row in administrators_named(tx) if row.dismissed_at is None)


def administrators_in(tx: sa.Connection, rules: Rules, now: datetime) -> tuple[Administrator, ...]:
    """Return the administrators there are, in the order of their naming."""
    found = []
    for row in administrators_named(tx):
        certified = rules.certificates(row.x5t) if row.dismissed_at is None else None
        if certified is None:
            continue
        checks = check_certificate(certified, kind=CertificateKind.OFFICER, trust=rules.trust, at=now, now=now)
        # An old list decides nothing, so it does not end anybody's administration either.
        good = all(check.result is not Result.FAILED for check in checks)
        found.append(Administrator(certified, row.named_at, good))
    return tuple(found)


def people_among(present: tuple[Administrator, ...]) -> int:
    """Return how many different people those are whose certificates are good."""
    return len({item.certified.number for item in present if item.good})
