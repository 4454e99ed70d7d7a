"""People joining, leaving, forgetting: acts of the station's head about officers' keys, signed and on their way to the trail.

A key is never recovered: a new one is made under the officer's new password, and the old certificate is for the authority
to revoke. Both are said in signed statements.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from hub.disk import sync_folder, write_file
from hub.keyring.pairs import certificate_at
from hub.keyring.place import KeyPlace
from hub.keyring.renew import NewKey, make_key
from hub.protocol.administration import (
    COUNTS_AT_ONCE,
    AdministrationKind,
    AdministrativeAct,
    AdministrativeApproval,
    Answer,
    ReasonDetails,
)
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Result, Verdict
from hub.signing.administration import check_administrator, sign_administration, sign_approval
from hub.signing.authority import Subject
from hub.signing.certificates import Certified
from hub.signing.purposes import OfficerRole, SealPurpose
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.stamp import household_seal
from station_agent.people import Person
from station_agent.seal_states import SUSPENSION, seal_lists
from station_agent.store.seals import add_statement

PERSONNEL = "personnel"
APPROVED_WITHIN = timedelta(days=7)
ANY_ROLE = frozenset(OfficerRole)


@dataclass(frozen=True, slots=True)
class Removed:
    """A certificate whose key is out of use here, and where it is kept for the authority to revoke."""

    certified: Certified
    path: Path


def disable_officer(agent: Agent, head: Person, number: str, *, reason: str, now: datetime) -> Removed:
    """Take an officer's key out of use at once, by the head. Raises: Refused (`station.officer_unknown`), NotPermitted."""
    place, _ = _officer(agent, head, number)
    act = _signed_act(agent, head, AdministrationKind.DISABLE_OFFICER, number, reason, agent.station, now)
    with agent.store.write() as tx:
        add_statement(tx, kind=PERSONNEL, subject=number, raw=act, now=now)
    # Only then: what is on record and not done yet can be done again, the other way round it would leave no trace.
    return remove_key(agent, place)


def reset_officer(
    agent: Agent, head: Person, other: Person, number: str, *, new_password: bytes, reason: str, now: datetime
) -> tuple[Removed, Path]:
    """Replace an officer's key by a new one under `new_password`, by the head and another; return the new request as well.

    Raises: Refused (`station.officer_unknown`, `administration.same_person`), NotPermitted.
    """
    place, certified = _officer(agent, head, number)
    require_own(agent, other)
    if other.number in (head.number, number):
        raise Refused(Code.SAME_ADMINISTRATOR, detail=other.number)
    _require_good(agent, other, ANY_ROLE, now)
    act = _signed_act(agent, head, AdministrationKind.RESET_OFFICER, number, reason, agent.station, now)
    approval = AdministrativeApproval(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        act=digest_of(act),
        origin=agent.station,
        at=format_instant(now),
        by=other.officer,
        answer=Answer.APPROVED,
    )
    with agent.store.write() as tx:
        add_statement(tx, kind=PERSONNEL, subject=number, raw=act, now=now)
        raw = sign_approval(approval, signer=other.signer)
        add_statement(tx, kind=PERSONNEL, subject=number, raw=raw, now=now)
    removed = remove_key(agent, place)
    subject = Subject(certified.name, station=certified.station, number=certified.number)
    make_key(place, new_password, subject, NewKey("Ed25519"))
    return removed, place.request


def suspend_own_seal(agent: Agent, head: Person, purpose: SealPurpose, *, reason: str, now: datetime) -> str:
    """Suspend this station's seal at once, by its head: here now, at the hub with the next contact. Only the province resumes it.

    Returns the seal's x5t. Raises: Refused (`station.seal_missing`, `seal.unknown`), NotPermitted. Source: DOMAIN, M3.
    """
    require_own(agent, head)
    head.require_role(OfficerRole.HEAD)
    _require_good(agent, head, frozenset({OfficerRole.HEAD}), now)
    seal = household_seal(agent, purpose).x5t
    with agent.store.write() as tx:
        _require_registered(tx, agent, seal)
        act = _signed_act(agent, head, AdministrationKind.SUSPEND_SEAL, seal, reason, agent.log_key.name, now)
        add_statement(tx, kind=SUSPENSION, subject=seal, raw=act, now=now)
    return seal


def remove_key(agent: Agent, place: KeyPlace) -> Removed:
    """Take a key out of use for good: the private key is gone, its certificate stays in `retired/`."""
    certified = certificate_at(place, purposes=agent.settings.purposes)
    if certified is None:
        raise Refused(Code.KEY_MISSING, detail=place.key.name)
    return remove_pair(place, certified)


def remove_pair(place: KeyPlace, certified: Certified) -> Removed:
    """As `remove_key`, for any folder."""
    kept = place.retired / f"{certified.x5t}.pem"
    write_file(kept, certified.pem)
    for pair in (place, place.next):
        for path in (pair.key, pair.token, pair.certificate, pair.request):
            path.unlink(missing_ok=True)
    sync_folder(place.key.parent)
    return Removed(certified, kept)


def _officer(agent: Agent, head: Person, number: str) -> tuple[KeyPlace, Certified]:
    require_own(agent, head)
    head.require_role(OfficerRole.HEAD)
    if head.number == number:
        raise NotPermitted(Code.SAME_ADMINISTRATOR, detail=number)
    place = agent.folder.officer(number).place
    certified = certificate_at(place, purposes=agent.settings.purposes)
    if certified is None:
        raise Refused(Code.OFFICER_UNKNOWN, detail=number[:32])
    return place, certified


def _signed_act(
    agent: Agent, head: Person, kind: AdministrationKind, subject: str, reason: str, origin: str, now: datetime
) -> bytes:
    _require_good(agent, head, frozenset({OfficerRole.HEAD}), now)
    act = AdministrativeAct(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        act=kind,
        origin=origin,
        at=format_instant(now),
        by=head.officer,
        subject=subject,
        details={"reason": ReasonDetails(reason=reason).reason},
        expires=None if kind in COUNTS_AT_ONCE else format_instant(now + APPROVED_WITHIN),
    )
    return sign_administration(act, signer=head.signer)


def _require_good(agent: Agent, person: Person, roles: frozenset[OfficerRole], now: datetime) -> None:
    trust = agent.knowledge.trust()
    verdict = check_administrator(person.certified, person.officer, trust=trust, at=now, now=now, roles=roles)
    # A station that is cut off has an old list; what is known to be wrong is refused.
    Verdict(tuple(check for check in verdict.checks if check.result is not Result.INDETERMINATE)).require()


def _require_registered(tx: Connection, agent: Agent, seal: str) -> None:
    lists = seal_lists(tx, agent)
    if lists and not any(entry.seal == seal for item in lists for entry in item.list.seals):
        raise Refused(Code.SEAL_UNKNOWN, detail=seal)
