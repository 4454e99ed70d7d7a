"""Who works at this station, as the accounts page shows them: keys and certificates here, accounts, what is on record about them.

Read only. A certificate that is out of use here stays on the list until the authority's list says that it is revoked.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.keyring.pairs import certificate_at
from hub.pages.accounts import AccountRow
from hub.protocol.administration import AdministrationKind, Answer
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.instants import parse_instant
from hub.signing.authority import read_request
from hub.signing.certificates import Certified, read_certificate
from hub.signing.crl import Crl
from station_agent.personnel_record import Recorded, records
from station_agent.store.desk import accounts_known
from station_agent.web.desk import Desk

_ENDS = (".cert.pem", ".csr.pem", ".key.pem", ".key.uri")


class State(StrEnum):
    """How somebody stands: `CHOOSES` after a reset until a new password is chosen, `CERTIFICATE` until the authority has issued
    one, `NOT_ENROLLED` until the second factor is set up."""

    ACTIVE = "active"
    LOCKED = "locked"
    NOT_ENROLLED = "not_enrolled"
    CERTIFICATE = "certificate"
    CHOOSES = "chooses"
    EXPIRED = "expired"
    REVOKED = "revoked"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Retired:
    """A certificate whose key is out of use here. `revoked`: the authority's list says so; `ended`: it has run out by itself."""

    certified: Certified
    revoked: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class Member:
    """One person: the certificate in force (None: there is none), the account, certificates out of use, what is on record."""

    number: str
    name: str
    roles: tuple[str, ...]
    state: State
    certified: Certified | None
    has_request: bool
    account: AccountRow
    retired: tuple[Retired, ...]
    on_record: tuple[Recorded, ...]

    @property
    def to_revoke(self) -> tuple[Retired, ...]:
        """Certificates that are still to be revoked by the authority."""
        return tuple(each for each in self.retired if not each.revoked and not each.ended)


def members(desk: Desk, *, now: datetime) -> tuple[Member, ...]:
    """Return everybody who works or has worked here with a key of their own, by number; who has left comes last."""
    with desk.agent.store.read() as tx:
        accounts = {row.number: row for row in accounts_known(tx)}
        on_record = records(tx)
    retired, crls = _retired(desk), desk.agent.knowledge.newest_crls()
    found = []
    for number in sorted(_numbers(desk) | set(accounts) | set(retired)):
        gone = tuple(Retired(each, _is_revoked(each, crls), each.not_after < now) for each in retired.get(number, ()))
        said = tuple(each for each in on_record if each.number == number)
        member = _member(desk, number, accounts.get(number), gone, said, now)
        if member is not None:
            found.append(member)
    return tuple(sorted(found, key=lambda each: each.state is State.LEFT))


def require_member(desk: Desk, number: str, *, now: datetime) -> Member:
    """Return one of them. Raises: Refused (`desk.not_found`)."""
    for each in members(desk, now=now):
        if each.number == number:
            return each
    raise Refused(Code.DESK_NOT_FOUND)


def _member(
    desk: Desk,
    number: str,
    account: AccountRow | None,
    retired: tuple[Retired, ...],
    on_record: tuple[Recorded, ...],
    now: datetime,
) -> Member | None:
    place = desk.agent.folder.officer(number).place
    certified = certificate_at(place, purposes=desk.agent.settings.purposes)
    newest = certified or (retired[-1].certified if retired else None)
    name = newest.name if newest is not None else _requested_name(desk, number)
    if name is None:  # an account of a number that never had a key here: nobody
        return None
    known = account or AccountRow(number)
    return Member(
        number=number,
        name=name,
        roles=tuple(sorted(role.value for role in newest.roles)) if newest is not None else (),
        state=_state(desk, certified, place.has_key, known, on_record, now),
        certified=certified,
        has_request=place.has_key and certified is None and place.request.is_file(),
        account=known,
        retired=retired,
        on_record=on_record,
    )


def _state(
    desk: Desk,
    certified: Certified | None,
    has_key: bool,
    account: AccountRow,
    on_record: tuple[Recorded, ...],
    now: datetime,
) -> State:
    if certified is None:
        if has_key:
            return State.CERTIFICATE
        done = [each.what for each in on_record if each.what in (Answer.APPROVED, AdministrationKind.DISABLE_OFFICER)]
        return State.CHOOSES if done and done[-1] is Answer.APPROVED else State.LEFT
    if certified.not_after < now:
        return State.EXPIRED
    if not desk.accounts.in_force(certified, now):
        return State.REVOKED
    if account.locked_until is not None and now < parse_instant(account.locked_until):
        return State.LOCKED
    return State.NOT_ENROLLED if account.totp is None else State.ACTIVE


def _numbers(desk: Desk) -> set[str]:
    folder = desk.agent.folder.officers
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return {name.removesuffix(end) for name in names for end in _ENDS if name.endswith(end)}


def _retired(desk: Desk) -> dict[str, list[Certified]]:
    """Return the certificates out of use by their officer's number, oldest first."""
    folder, found = desk.agent.folder.officers / "retired", []
    for path in folder.glob("*.pem"):
        try:
            found.append(read_certificate(path.read_bytes(), purposes=desk.agent.settings.purposes))
        except HanxunError:
            continue  # a file that somebody put there; the check of the folder names it
    theirs: dict[str, list[Certified]] = {}
    for each in sorted(found, key=lambda each: each.not_before):
        theirs.setdefault(each.number or "", []).append(each)
    theirs.pop("", None)
    return theirs


def _requested_name(desk: Desk, number: str) -> str | None:
    request = desk.agent.folder.officer(number).request
    return read_request(request.read_bytes()).subject.name if request.is_file() else None


def _is_revoked(certified: Certified, crls: tuple[Crl, ...]) -> bool:
    issuer = certified.certificate.issuer
    return any(crl.parsed.issuer == issuer and certified.serial in crl.entries for crl in crls)
