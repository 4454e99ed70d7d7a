"""People joining, leaving, forgetting: acts of the station's head about officers' keys, signed and on their way to the trail.

A key is never recovered: a new one is made under the officer's new password, and the old certificate is for the authority
to revoke. Both are said in signed statements. A reset takes two: the head proposes it, somebody else confirms it.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
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
from hub.protocol.identifiers import Digest, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Result, Verdict
from hub.signing.administration import check_administrator, sign_administration, sign_approval
from hub.signing.authority import Request, Subject
from hub.signing.certificates import Certified
from hub.signing.purposes import OfficerRole, SealPurpose
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.stamp import household_seal
from station_agent.people import Person
from station_agent.personnel_record import APPROVED_WITHIN, PERSONNEL, WaitingReset, resets_waiting
from station_agent.seal_states import SUSPENSION, seal_lists
from station_agent.store.seals import add_statement

ANY_ROLE = frozenset(OfficerRole)
Also = Callable[[Connection], object]
"""What else belongs to an act: done in the transaction that puts it on record."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A certificate whose key is out of use here, and where it is kept for the authority to revoke."""

    certified: Certified
    path: Path


def _nothing_more(_tx: Connection) -> None:
    """What is done in the transaction of an act when nothing else hangs on it."""


def disable_officer(
    agent: Agent, head: Person, number: str, *, reason: str, now: datetime, also: Also = _nothing_more
) -> Removed:
    """Take an officer's key out of use at once, by the head; `also` is done in the transaction that puts it on record.

    Raises: Refused (`station.officer_unknown`), NotPermitted.
    """
    place, _ = require_officer(agent, head, number)
    act = _signed_act(agent, head, AdministrationKind.DISABLE_OFFICER, number, reason, agent.station, now)
    with agent.store.write() as tx:
        add_statement(tx, kind=PERSONNEL, subject=number, raw=act, now=now)
        also(tx)
    # Only then: what is on record and not done yet can be done again, the other way round it would leave no trace.
    return remove_key(agent, place)


def reset_officer(
    agent: Agent, head: Person, other: Person, number: str, *, new_password: bytes, reason: str, now: datetime
) -> tuple[Removed, Path]:
    """Replace an officer's key by a new one under `new_password`, by the head and another; return the new request as well.

    Raises: Refused (`station.officer_unknown`, `administration.same_person`), NotPermitted.
    """
    require_officer(agent, head, number)
    _require_other(agent, other, by=head.number, number=number, now=now)
    digest = propose_reset(agent, head, number, reason=reason, now=now)
    removed = confirm_reset(agent, other, digest, now=now)
    choose_new_key(agent, number, removed.certified, new_password)
    return removed, agent.folder.officer(number).place.request


def propose_reset(agent: Agent, head: Person, number: str, *, reason: str, now: datetime) -> Digest:
    """Sign, as the head, that an officer is to get a new key; nothing changes before somebody else confirms it.

    Return the act's digest. Raises: Refused (`station.officer_unknown`, `administration.waiting`), NotPermitted.
    """
    require_officer(agent, head, number)
    act = _signed_act(agent, head, AdministrationKind.RESET_OFFICER, number, reason, agent.station, now)
    with agent.store.write() as tx:
        if any(each.number == number for each in resets_waiting(tx, now=now)):
            raise Refused(Code.PROPOSAL_WAITING, detail=number)
        return add_statement(tx, kind=PERSONNEL, subject=number, raw=act, now=now)


def confirm_reset(agent: Agent, other: Person, digest: Digest, *, now: datetime, also: Also = _nothing_more) -> Removed:
    """Confirm a reset as somebody else than the head and the officer: the old key is out of use at once.

    `also` is done in the transaction that puts it on record. Raises: Refused (`administration.answered`,
    `administration.same_person`, `station.officer_unknown`), NotPermitted.
    """
    waiting = require_waiting_reset(agent, digest, now=now)
    _require_other(agent, other, by=waiting.by.number, number=waiting.number, now=now)
    place = agent.folder.officer(waiting.number).place
    if certificate_at(place, purposes=agent.settings.purposes) is None:
        raise Refused(Code.OFFICER_UNKNOWN, detail=waiting.number[:32])
    _answer(agent, other, waiting, Answer.APPROVED, reason="", now=now, also=also)
    return remove_key(agent, place)


def withdraw_reset(agent: Agent, person: Person, digest: Digest, *, reason: str, now: datetime) -> None:
    """Take a reset back, or decline it, with a reason: the head, or anybody who could have confirmed it.

    Raises: Refused (`administration.answered`, `administration.same_person`), NotPermitted.
    """
    waiting = require_waiting_reset(agent, digest, now=now)
    if person.number != waiting.by.number:
        _require_other(agent, person, by=waiting.by.number, number=waiting.number, now=now)
    _answer(agent, person, waiting, Answer.WITHDRAWN, reason=ReasonDetails(reason=reason).reason, now=now)


def require_waiting_reset(agent: Agent, digest: Digest, *, now: datetime) -> WaitingReset:
    """Return the reset that waits. Raises: Refused (`administration.answered`): answered, lapsed, or never there."""
    with agent.store.read() as tx:
        return _waiting_reset(tx, digest, now)


def choose_new_key(agent: Agent, number: str, before: Certified, new_password: bytes) -> Request:
    """Make an officer's new key, after a reset, under the password that they have chosen; return its request.

    One that was made before and has no certificate yet is replaced: its password may be forgotten, or it may be another's.
    Raises: Refused (`file.exists` when a certificate is here, `key.passphrase` when the password is empty).
    """
    place = agent.folder.officer(number).place
    if certificate_at(place, purposes=agent.settings.purposes) is not None:
        raise Refused(Code.FILE_EXISTS, detail=str(place.certificate))
    for path in (place.key, place.token, place.request):
        path.unlink(missing_ok=True)
    subject = Subject(before.name, station=before.station, number=before.number)
    return make_key(place, new_password, subject, NewKey("Ed25519"))


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


def require_officer(agent: Agent, head: Person, number: str) -> tuple[KeyPlace, Certified]:
    """Return where the key lies of an officer about whom this head may act, and its certificate.

    Raises: Refused (`station.officer_unknown`), NotPermitted (`station.role`, `administration.same_person`: nobody locks
    themselves out).
    """
    require_own(agent, head)
    head.require_role(OfficerRole.HEAD)
    if head.number == number:
        raise NotPermitted(Code.SAME_ADMINISTRATOR, detail=number)
    place = agent.folder.officer(number).place
    certified = certificate_at(place, purposes=agent.settings.purposes)
    if certified is None:
        raise Refused(Code.OFFICER_UNKNOWN, detail=number[:32])
    return place, certified


def _require_other(agent: Agent, other: Person, *, by: str, number: str, now: datetime) -> None:
    require_own(agent, other)
    if other.number in (by, number):
        raise Refused(Code.SAME_ADMINISTRATOR, detail=other.number)
    _require_good(agent, other, ANY_ROLE, now)


def _waiting_reset(tx: Connection, digest: Digest, now: datetime) -> WaitingReset:
    for each in resets_waiting(tx, now=now):
        if each.digest == digest:
            return each
    raise Refused(Code.PROPOSAL_ANSWERED)


def _answer(
    agent: Agent,
    person: Person,
    waiting: WaitingReset,
    answer: Answer,
    *,
    reason: str,
    now: datetime,
    also: Also = _nothing_more,
) -> None:
    approval = AdministrativeApproval(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        act=waiting.digest,
        origin=agent.station,
        at=format_instant(now),
        by=person.officer,
        answer=answer,
        reason=reason,
    )
    raw = sign_approval(approval, signer=person.signer)
    with agent.store.write() as tx:
        _waiting_reset(tx, waiting.digest, now)  # two who answer at the same moment: the second finds it answered
        add_statement(tx, kind=PERSONNEL, subject=waiting.number, raw=raw, now=now)
        also(tx)


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
