"""Administration by two people: an administrator's signed act counts when a second, different one has signed its digest.

Acts that take power away (COUNTS_AT_ONCE) need one signature. Every signed statement is kept and is a leaf of the trail;
what the act changes is written in the same transaction as the last signature. May run beside a serving hub: all write
under BEGIN IMMEDIATE. What each kind of act changes: `effects.py`.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from hub.exchange.administrators import NEEDED, Administrator, Rules, administrators_in, names_of, people_among
from hub.exchange.effects import EFFECTS, Acting, name_administrator
from hub.exchange.erasing import finish_erasures, look_before_erasing
from hub.exchange.hub import open_trail, open_trust, read_settings
from hub.exchange.registry import require_registrable
from hub.exchange.restore import open_hub_signer, restore_statement
from hub.protocol.administration import (
    AUDIT_ACTS,
    COUNTS_AT_ONCE,
    AdministrationKind,
    AdministrativeAct,
    AdministrativeApproval,
    Answer,
    RestoreDetails,
)
from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.erasure import EraseDetails
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of, new_uuid7
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.restore import RestoreStatement
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import NotVerified, Result, Verdict
from hub.signing.administration import (
    SignedAdministration,
    check_administrator,
    check_two_people,
    open_administration,
    open_approval,
    sign_administration,
    sign_approval,
)
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.signing.purposes import OfficerRole
from hub.store.administration import (
    ProposalRow,
    answer_proposal,
    insert_proposal,
    proposal,
    proposals_of,
    proposals_unanswered,
    record_act,
    record_statement,
)
from hub.store.database import Readers, open_writer
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.restores import restores_declared
from hub.store.seals import find_seal

T = TypeVar("T")
PROPOSAL_KEPT = timedelta(days=7)
CLOCKS_DIFFER = timedelta(minutes=5)
NOBODY = "hub passphrase"
"""Who named the first two administrators: no person, whoever knew the passphrase."""


@dataclass(frozen=True, slots=True)
class Office:
    """A hub's data folder opened for administration: the rules, and where to write."""

    rules: Rules
    engine: sa.Engine
    folder: DataFolder


@dataclass(frozen=True, slots=True)
class Filed:
    """An act on record: `effective` when it counts; else it waits as proposal `number` until `expires_at`."""

    act: AdministrativeAct
    digest: Digest
    effective: bool
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act that waits: its number, what was signed and by whom, and whether it has lapsed."""

    number: int
    act: AdministrativeAct
    digest: Digest
    lapsed: bool


@contextmanager
def open_office(data: Path, passphrase: bytes) -> Iterator[Office]:
    """Give the data folder, opened with the hub's passphrase (it unlocks the trail's key).

    Raises: Refused (`key.passphrase`, `config.invalid`), Damaged.
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    log = open_trail(folder, passphrase, settings)
    require_current(folder.database)
    readers, engine = Readers(folder.database), open_writer(folder.database)
    book = open_trust(folder, settings, readers)
    hub_signer = cache(lambda: open_hub_signer(folder, passphrase, settings))
    try:
        yield Office(Rules(log, settings.trail.origin, book.trust, book.certificate, hub_signer), engine, folder)
    finally:
        readers.close()
        engine.dispose()


def propose(
    office: Office,
    kind: AdministrationKind,
    subject: str,
    details: msgspec.Struct,
    *,
    signer: Signer,
    now: datetime,
    before: Callable[[sa.Connection], None] | None = None,
) -> Filed:
    """Sign the act of `kind` on `subject` as an administrator and file it: at once in effect, or waiting for another.

    `before` writes what the act refers to (a seal's impression) in the same transaction.
    Raises: Refused (`administration.*`, and what the act's effect refuses), NotVerified when the signer may not.
    """
    act = make_act(kind, subject, details, origin=office.rules.origin, certified=signer.certified, now=now)
    return propose_act(office, act, signer=signer, now=now, before=before)


def propose_act(
    office: Office,
    act: AdministrativeAct,
    *,
    signer: Signer,
    now: datetime,
    before: Callable[[sa.Connection], None] | None = None,
) -> Filed:
    """As `propose`, for the very act that the administrator has been shown. Raises: as `propose`."""
    raw = sign_administration(act, signer=signer)
    with office.engine.begin() as tx:
        if before is not None:
            before(tx)
        return file_act(tx, raw, rules=office.rules, now=now)


def propose_restore(office: Office, *, reason: str, signer: Signer, now: datetime) -> Filed:
    """Propose to declare that this folder is an older backup restored for `reason`; the second signature declares it.

    Do it before the restored hub serves, and before any other act. Raises: as `propose`.
    """
    rules = office.rules
    with office.engine.begin() as tx:
        earlier = _first_proposed_since(tx, rules)
        statement = restore_statement(tx, origin=rules.origin, reason=reason, now=now, earlier=earlier)
    unsigned = encode_json(statement)
    details = RestoreDetails(statement=unsigned.decode())
    return propose(office, AdministrationKind.RESTORE, digest_of(unsigned), details, signer=signer, now=now)


def propose_erasure(office: Office, case: CaseId, details: EraseDetails, *, signer: Signer, now: datetime) -> Filed:
    """Propose to erase `case` as it was looked at (`look_at_case`). Raises: as `propose`; also `case.*`, `erase.*`."""
    return propose(office, AdministrationKind.ERASE_CASE, case, details, signer=signer, now=now)


def look_at_case(office: Office, case: CaseId, *, reason: str, open: bool = False) -> EraseDetails:
    """Return what erasing `case` would delete. Raises: Refused (`case.*`, `erase.*`)."""
    with office.engine.begin() as tx:
        return look_before_erasing(tx, case, reason=reason, open=open)


def approve(office: Office, number: int, *, signer: Signer, now: datetime) -> Filed:
    """Sign proposal `number` as the second administrator; it takes effect in the same transaction.

    Raises: Refused (`administration.*`, and what the effect refuses), NotVerified when the signer may not or is the first.
    """
    filed = _answer(office, number, Answer.APPROVED, "", signer, now)
    if filed.act.act is AdministrationKind.ERASE_CASE:
        finish_erasures(office.folder)
    return filed


def withdraw(office: Office, number: int, *, reason: str, signer: Signer, now: datetime) -> Filed:
    """Take proposal `number` back; any one administrator may. Raises: Refused (`administration.*`), NotVerified."""
    return _answer(office, number, Answer.WITHDRAWN, reason, signer, now)


def name_first(office: Office, certificate: bytes, *, now: datetime) -> Certified:
    """Name an administrator by the hub's passphrase alone: only while there are fewer than two. Recorded as that.

    Raises: Refused (`administration.two_needed`, `cert.*`, `act.role`).
    """
    rules = office.rules
    certified = require_registrable(certificate, trust=rules.trust, now=now)
    with office.engine.begin() as tx:
        if people_among(administrators_in(tx, rules, now)) >= NEEDED:
            raise Refused(Code.ADMINISTRATORS_PRESENT)
        name_administrator(tx, certified, now=now)
        kind, nonce = AdministrationKind.NAME_ADMINISTRATOR, os.urandom(16)
        record_act(tx, rules.log, kind=kind, by=NOBODY, subject=certified.x5t, now=now, nonce=nonce)
    return certified


def pending(office: Office, *, now: datetime) -> tuple[Proposal, ...]:
    """Return the proposals that have no answer, oldest first; lapsed ones say so."""
    with office.engine.begin() as tx:
        return tuple(_proposal(row, office.rules, now) for row in proposals_unanswered(tx))


def proposed(office: Office, number: int, *, now: datetime) -> Proposal:
    """Return proposal `number`, to be looked at before it is signed. Raises: Refused (`administration.no_proposal`, `.answered`)."""
    with office.engine.begin() as tx:
        return _proposal(_waiting(tx, number), office.rules, now)


def administrators(office: Office, *, now: datetime) -> tuple[Administrator, ...]:
    """Return the hub's administrators, in the order of their naming."""
    with office.engine.begin() as tx:
        return administrators_in(tx, office.rules, now)


def make_act(
    kind: AdministrationKind,
    subject: str,
    details: msgspec.Struct,
    *,
    origin: str,
    certified: Certified,
    now: datetime,
) -> AdministrativeAct:
    """Return the act, unsigned: what is shown before it is signed."""
    plain: dict[str, Any] = msgspec.to_builtins(details)
    return AdministrativeAct(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        act=kind,
        origin=origin,
        at=format_instant(now),
        by=Officer(number=certified.number or "", name=certified.name),
        subject=subject,
        details=plain,
        expires=None if kind in COUNTS_AT_ONCE else format_instant(now + PROPOSAL_KEPT),
    )


def file_act(tx: sa.Connection, raw: bytes, *, rules: Rules, now: datetime) -> Filed:
    """File a signed act: in effect at once when one signature is enough, else as a proposal that could be done now.

    Raises: Refused (`jws.*`, `administration.*`, what the effect refuses), NotVerified.
    """
    signed = open_administration(raw, certificates=rules.certificates)
    act = signed.act
    at_once = act.act in COUNTS_AT_ONCE
    if act.act not in EFFECTS or act.origin != rules.origin or at_once != (act.expires is None):
        raise Refused(Code.ADMINISTRATION_FORM, detail="another hub's act or another version's")
    if parse_instant(act.at) > now + CLOCKS_DIFFER:
        raise Refused(Code.ADMINISTRATION_FORM, field="/at", detail=act.at)
    _require_signer(tx, signed, rules=rules, now=now)
    if at_once:
        _take_effect(tx, signed, (raw,), rules=rules, now=now)
        _record(tx, raw, rules=rules, now=now)
        return Filed(act, signed.digest, effective=True)
    if people_among(administrators_in(tx, rules, now)) < NEEDED:
        raise Refused(Code.ADMINISTRATORS_MISSING)
    with tx.begin_nested() as trial:
        _take_effect(tx, signed, (raw,), rules=rules, now=now, trial=True)
        trial.rollback()
    statement = _record(tx, raw, rules=rules, now=now)
    number = insert_proposal(tx, act=statement, kind=act.act, expires_at=act.expires or "")
    return Filed(act, signed.digest, effective=False, number=number)


def file_answer(tx: sa.Connection, number: int, raw: bytes, *, rules: Rules, now: datetime) -> Filed:
    """File the second administrator's signed answer to proposal `number`; an approved act takes effect.

    Raises: Refused (`jws.*`, `administration.*`, what the effect refuses), NotVerified.
    """
    row = _waiting(tx, number)
    first = open_administration(row.raw, certificates=rules.certificates)
    second = open_approval(raw, certificates=rules.certificates)
    names = names_of(tx)
    answer = second.approval.answer
    if answer is Answer.APPROVED:
        if parse_instant(row.expires_at) < now:
            raise Refused(Code.PROPOSAL_EXPIRED, detail=row.expires_at)
        check_two_people(first, second, trust=rules.trust, now=now, named=names).require()
        # What somebody proposed who is an administrator no longer is nobody's proposal.
        check_administrator(first.certified, first.act.by, trust=rules.trust, at=now, now=now, named=names).require()
        _take_effect(tx, first, (row.raw, raw), rules=rules, now=now)
    else:
        by = second.approval.by
        check_administrator(second.certified, by, trust=rules.trust, at=now, now=now, named=names).require()
        if second.approval.act != first.digest:
            raise Refused(Code.APPROVAL_OF_OTHER)
    statement = _record(tx, raw, rules=rules, now=now)
    if not answer_proposal(tx, number, answer=statement, outcome=answer):
        raise Refused(Code.PROPOSAL_ANSWERED, detail=str(number))
    return Filed(first.act, first.digest, effective=answer is Answer.APPROVED, number=number)


def _answer(office: Office, number: int, answer: Answer, reason: str, signer: Signer, now: datetime) -> Filed:
    certified = signer.certified
    with office.engine.begin() as tx:
        approval = AdministrativeApproval(
            id=new_uuid7(at=now, random=secrets.token_bytes(10)),
            act=digest_of(_waiting(tx, number).raw),
            origin=office.rules.origin,
            at=format_instant(now),
            by=Officer(number=certified.number or "", name=certified.name),
            answer=answer,
            reason=reason,
        )
        return file_answer(tx, number, sign_approval(approval, signer=signer), rules=office.rules, now=now)


def _first_proposed_since(tx: sa.Connection, rules: Rules) -> RestoreStatement | None:
    """Return what the first proposal of a restore said since the last one was declared; None: there is none."""
    declared = max((row.number for row in restores_declared(tx)), default=0)
    for row in proposals_of(tx, AdministrationKind.RESTORE):
        act = open_administration(row.raw, certificates=rules.certificates).act
        statement = decode_strict(msgspec.convert(act.details, RestoreDetails).statement.encode(), RestoreStatement)
        if statement.number > declared:
            return statement
    return None


def _take_effect(
    tx: sa.Connection,
    signed: SignedAdministration,
    signatures: tuple[bytes, ...],
    *,
    rules: Rules,
    now: datetime,
    trial: bool = False,
) -> None:
    acting = Acting(
        tx, rules.log, rules.trust, rules.hub_signer, signed.act, signed.digest, signatures, trial=trial, now=now
    )
    EFFECTS[signed.act.act](acting)


def _record(tx: sa.Connection, raw: bytes, *, rules: Rules, now: datetime) -> int:
    return record_statement(tx, rules.log, raw, now=now, nonce=os.urandom(16))


def _require_signer(tx: sa.Connection, signed: SignedAdministration, *, rules: Rules, now: datetime) -> None:
    roles, named = frozenset({OfficerRole.ADMINISTRATOR}), names_of(tx)
    if signed.act.act in AUDIT_ACTS and OfficerRole.AUDITOR in signed.certified.roles:
        # Registered by two people, or the certificate would not have been found.
        roles, named = frozenset({OfficerRole.AUDITOR}), frozenset({signed.certified.x5t})
    if _is_own_head(tx, signed):
        roles, named = frozenset({OfficerRole.HEAD}), frozenset({signed.certified.x5t})
    verdict = check_administrator(
        signed.certified, signed.act.by, trust=rules.trust, at=now, now=now, roles=roles, named=named
    )
    if signed.act.act in COUNTS_AT_ONCE:
        # Taking power away must not wait for a fresh revocation list; only what is known to be wrong is refused.
        verdict = Verdict(tuple(check for check in verdict.checks if check.result is not Result.INDETERMINATE))
    try:
        verdict.require()
    except NotVerified as error:
        raise NotPermitted(error.code, detail=error.detail, values=error.values) from error


def _is_own_head(tx: sa.Connection, signed: SignedAdministration) -> bool:
    """Whether this is the head of a station suspending the station's own seal. Source: DOMAIN, M3."""
    if signed.act.act is not AdministrationKind.SUSPEND_SEAL or OfficerRole.HEAD not in signed.certified.roles:
        return False
    return find_seal(tx, signed.act.subject).station == signed.certified.station


def _waiting(tx: sa.Connection, number: int) -> ProposalRow:
    row = proposal(tx, number)
    if row is None:
        raise Refused(Code.PROPOSAL_UNKNOWN, detail=str(number))
    if row.outcome is not None:
        raise Refused(Code.PROPOSAL_ANSWERED, detail=f"{number} {row.outcome.value}")
    return row


def _proposal(row: ProposalRow, rules: Rules, now: datetime) -> Proposal:
    signed = open_administration(row.raw, certificates=rules.certificates)
    return Proposal(row.number, signed.act, signed.digest, lapsed=parse_instant(row.expires_at) < now)
