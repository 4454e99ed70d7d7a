"""Who administers and who audits: their accounts here, letting somebody in, resetting a sign-in by two."""

from dataclasses import dataclass

from hub.protocol.instants import format_instant
from hub.signing.purposes import OfficerRole
from hub.store.desk import accounts_known
from hub.web.desk.ground import Ground
from hub.web.desk.officials import people_here, roles_in_force
from hub.web.desk.visit import Answer, Html, Visit


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person; `roles` that count here now (none: out of office)."""

    number: str
    name: str
    roles: tuple[str, ...]
    enrolled: bool
    locked: bool
    last_at: str | None
    not_after: str
    expired: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Everybody whose key lies at this hub."""

    people: tuple[PersonLine, ...]


def show_people(ground: Ground, visit: Visit) -> Answer:
    """The list."""
    accounts = {row.number: row for row in ground.read(accounts_known)}
    now, lines = format_instant(visit.now), []
    for certified in people_here(ground.folder, purposes=ground.purposes):
        number = certified.number or ""
        account = accounts.get(number)
        roles: frozenset[OfficerRole] = ground.read(lambda tx, one=certified: roles_in_force(tx, one))  # type: ignore[misc]
        lines.append(
            PersonLine(
                number=number,
                name=certified.name,
                roles=tuple(sorted(role.value for role in roles)),
                enrolled=account is not None and account.totp is not None,
                locked=account is not None and account.locked_until is not None and account.locked_until > now,
                last_at=None if account is None else account.last_at,
                not_after=format_instant(certified.not_after),
                expired=certified.not_after < visit.now,
            )
        )
    return Html("people.html", PeoplePage(tuple(lines)))
