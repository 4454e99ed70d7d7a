"""What each kind of administrative act changes, once enough administrators have signed it: one function per kind.

Each runs in the transaction that files the last signature, and before that once more as a trial that is rolled back, so
that what cannot be done is not proposed. An effect asks no clock and signs nothing but a restore's statement or the notice of
an erasure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from hub.exchange.erasing import erase
from hub.exchange.organisation import move, rename
from hub.exchange.registry import insert_registrable, require_registrable
from hub.exchange.restore import declare
from hub.exchange.supervision import extend, urge
from hub.pages.accounts import AccountRow
from hub.protocol.administration import (
    AdministrationKind,
    AdministrativeAct,
    CertificateDetails,
    ExtendDetails,
    LostDetails,
    MoveDetails,
    ReasonDetails,
    RenameDetails,
    RestoreDetails,
    SealDetails,
    SpecimenDetails,
    StationDetails,
    UrgeDetails,
)
from hub.protocol.codes import Code
from hub.protocol.erasure import EraseDetails
from hub.protocol.errors import Refused
from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import Digest, parse_case, parse_station
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.seal_status import SEAL_STATE_ZH, SealEvent, SealState
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.signing.trust import Trust
from hub.store.administration import administrators_named, dismiss_administrators, insert_administrator
from hub.store.desk import LookUp, find_account, note_lookup, put_recovery_codes, save_account
from hub.store.filed import cases_by_id
from hub.store.seals import SealRow, change_seal, find_seal, insert_seal
from hub.store.search import forget_people
from hub.store.specimens import register_specimen
from hub.store.stations import insert_station, set_station_active
from hub.store.trail_log import TrailLog

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Acting:
    """One act that takes effect. `signatures`: the signed act and, unless this is the trial, the approval behind it.

    `log` is for effects with leaves of their own; `hub_signer` unlocks the hub's key at first use.
    """

    tx: sa.Connection
    log: TrailLog
    trust: Trust
    hub_signer: Callable[[], Signer]
    act: AdministrativeAct
    digest: Digest
    signatures: tuple[bytes, ...]
    trial: bool
    now: datetime

    def details(self, type: type[S]) -> S:
        """Return the details as the struct of this kind. Raises: Refused (`administration.form`)."""
        try:
            return msgspec.convert(self.act.details, type)
        except msgspec.ValidationError as error:
            raise Refused(Code.ADMINISTRATION_FORM, detail=str(error)[:120]) from error


Effect = Callable[[Acting], None]


def _add_station(acting: Acting) -> None:
    details, code = acting.details(StationDetails), parse_station(acting.act.subject)
    entry = StationEntry(code=code, name=details.name, kind=details.kind, parent=details.parent, active=True)
    insert_station(acting.tx, entry, now=acting.now)
    for pem in details.certificates:
        certified = _registrable(acting, pem)
        if certified.station != code:
            raise Refused(Code.CERTIFICATE_STATION, detail=f"certificate of {certified.station}")
        insert_registrable(acting.tx, certified, now=acting.now)


def _suspend_station(acting: Acting) -> None:
    acting.details(ReasonDetails)
    set_station_active(acting.tx, parse_station(acting.act.subject), active=False)


def _resume_station(acting: Acting) -> None:
    acting.details(ReasonDetails)
    set_station_active(acting.tx, parse_station(acting.act.subject), active=True)


def _rename_station(acting: Acting) -> None:
    code, details = parse_station(acting.act.subject), acting.details(RenameDetails)
    rename(acting.tx, code, details, act=acting.digest, now=acting.now)


def _move_station(acting: Acting) -> None:
    code, details = parse_station(acting.act.subject), acting.details(MoveDetails)
    move(acting.tx, code, details, act=acting.digest, now=acting.now)


def _register_certificate(acting: Acting) -> None:
    insert_registrable(acting.tx, _of_subject(acting, acting.details(CertificateDetails).certificate), now=acting.now)


def _name_administrator(acting: Acting) -> None:
    name_administrator(acting.tx, _of_subject(acting, acting.details(CertificateDetails).certificate), now=acting.now)


def _dismiss_administrator(acting: Acting) -> None:
    acting.details(ReasonDetails)
    if dismiss_administrators(acting.tx, number=acting.act.subject, now=acting.now) == 0:
        raise Refused(Code.ADMINISTRATOR_UNKNOWN, detail=acting.act.subject)


def _register_seal(acting: Acting) -> None:
    details = acting.details(SealDetails)
    certified = _of_subject(acting, details.certificate)
    if certified.kind is not CertificateKind.SEAL or certified.station is None:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate, seal needed")
    insert_registrable(acting.tx, certified, now=acting.now, needs_station=True)
    row = SealRow(certified.x5t, certified.station, SealState.REGISTERED)
    insert_seal(acting.tx, row, act=acting.digest, now=acting.now)
    first = () if details.specimen is None else (details.specimen,)
    for digest in (*first, *details.further_specimens):
        register_specimen(acting.tx, certified.x5t, Digest(digest), act=acting.digest, now=acting.now)


def _add_specimen(acting: Acting) -> None:
    seal, digest = find_seal(acting.tx, acting.act.subject), Digest(acting.details(SpecimenDetails).specimen)
    if seal.state in (SealState.LOST, SealState.CANCELLED):
        raise Refused(Code.SEAL_STATE, detail=seal.x5t, values={"state": SEAL_STATE_ZH[seal.state]})
    register_specimen(acting.tx, seal.x5t, digest, act=acting.digest, now=acting.now)


def _seal_change(state: SealState, *before: SealState) -> Effect:
    def change(acting: Acting) -> None:
        acting.details(ReasonDetails)
        event = SealEvent(state=state, at=format_instant(acting.now))
        change_seal(acting.tx, acting.act.subject, before=frozenset(before), event=event, act=acting.digest)

    return change


def _lose_seal(acting: Acting) -> None:
    since = parse_instant(acting.details(LostDetails).compromised_since, field="compromised_since")
    if since > acting.now:
        raise Refused(Code.TIME_FORM, field="compromised_since", detail="in the future")
    event = SealEvent(state=SealState.LOST, at=format_instant(acting.now), compromised_since=format_instant(since))
    before = frozenset({SealState.REGISTERED, SealState.ACTIVE, SealState.SUSPENDED, SealState.LOST})
    change_seal(acting.tx, acting.act.subject, before=before, event=event, act=acting.digest)


def _erase_case(acting: Acting) -> None:
    forget_people(acting.tx, parse_case(acting.act.subject))
    erase(
        acting.tx,
        acting.log,
        parse_case(acting.act.subject),
        acting.details(EraseDetails),
        origin=acting.act.origin,
        signatures=acting.signatures,
        signer=None if acting.trial else acting.hub_signer(),
        now=acting.now,
    )


def _enrol_account(acting: Acting) -> None:
    acting.details(ReasonDetails)
    account = find_account(acting.tx, acting.act.subject)
    if account is not None and account.totp is not None:
        raise Refused(Code.DESK_ENROLLED, values={"number": acting.act.subject})


def _reset_account(acting: Acting) -> None:
    acting.details(ReasonDetails)
    account = find_account(acting.tx, acting.act.subject)
    if account is None:
        raise Refused(Code.DESK_NOT_ENROLLED, detail=acting.act.subject)
    # The sign-in that was lost opens nothing from here on; the new code is made behind this, and shown once.
    put_recovery_codes(acting.tx, account.number, ())
    save_account(acting.tx, AccountRow(account.number, last_at=account.last_at, last_from=account.last_from))


def _look(what: LookUp) -> Effect:
    def look(acting: Acting) -> None:
        reason, by = acting.details(ReasonDetails).reason, acting.act.by
        case = None if what is LookUp.PERSON else parse_case(acting.act.subject)
        if case is not None and not cases_by_id(acting.tx, [case]):
            raise Refused(Code.CASE_UNKNOWN, detail=case)
        raw = acting.signatures[0]
        note_lookup(acting.tx, what, by=(by.number, by.name), now=acting.now, case=case, reason=reason, raw=raw)

    return look


def _urge_case(acting: Acting) -> None:
    urge(acting.tx, acting.act, acting.details(UrgeDetails), acting.signatures[0], now=acting.now)


def _extend_limit(acting: Acting) -> None:
    extend(acting.tx, acting.act, acting.details(ExtendDetails), acting.signatures[0], now=acting.now)


def _restore(acting: Acting) -> None:
    statement = acting.details(RestoreDetails).statement
    declare(
        acting.tx,
        statement.encode(),
        signatures=acting.signatures,
        subject=acting.act.subject,
        signer=None if acting.trial else acting.hub_signer(),
    )


EFFECTS: Mapping[AdministrationKind, Effect] = {
    AdministrationKind.ADD_STATION: _add_station,
    AdministrationKind.SUSPEND_STATION: _suspend_station,
    AdministrationKind.RESUME_STATION: _resume_station,
    AdministrationKind.RENAME_STATION: _rename_station,
    AdministrationKind.MOVE_STATION: _move_station,
    AdministrationKind.REGISTER_CERTIFICATE: _register_certificate,
    AdministrationKind.NAME_ADMINISTRATOR: _name_administrator,
    AdministrationKind.DISMISS_ADMINISTRATOR: _dismiss_administrator,
    AdministrationKind.REGISTER_SEAL: _register_seal,
    AdministrationKind.ACTIVATE_SEAL: _seal_change(SealState.ACTIVE, SealState.REGISTERED),
    AdministrationKind.SUSPEND_SEAL: _seal_change(SealState.SUSPENDED, SealState.REGISTERED, SealState.ACTIVE),
    AdministrationKind.RESUME_SEAL: _seal_change(SealState.ACTIVE, SealState.SUSPENDED),
    AdministrationKind.LOSE_SEAL: _lose_seal,
    AdministrationKind.CANCEL_SEAL: _seal_change(
        SealState.CANCELLED, SealState.REGISTERED, SealState.ACTIVE, SealState.SUSPENDED, SealState.LOST
    ),
    AdministrationKind.ERASE_CASE: _erase_case,
    AdministrationKind.ADD_SPECIMEN: _add_specimen,
    AdministrationKind.ENROL_ACCOUNT: _enrol_account,
    AdministrationKind.RESET_ACCOUNT: _reset_account,
    AdministrationKind.LOOK_UP_PERSON: _look(LookUp.PERSON),
    AdministrationKind.REVEAL_CASE: _look(LookUp.REVEAL),
    AdministrationKind.EXPORT_EVIDENCE: _look(LookUp.EVIDENCE),
    AdministrationKind.URGE_CASE: _urge_case,
    AdministrationKind.EXTEND_LIMIT: _extend_limit,
    AdministrationKind.RESTORE: _restore,
}


def name_administrator(tx: sa.Connection, certified: Certified, *, now: datetime) -> None:
    """Make the holder of `certified` an administrator; an earlier certificate of the same person no longer counts.

    Raises: Refused (`cert.purpose`, `act.role`, `administration.known`).
    """
    if certified.kind is not CertificateKind.OFFICER or certified.number is None:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate, officer needed")
    if OfficerRole.ADMINISTRATOR not in certified.roles:
        raise Refused(Code.ACT_ROLE, values={"roles": OfficerRole.ADMINISTRATOR.value})
    present = {row.x5t for row in administrators_named(tx) if row.dismissed_at is None}
    if certified.x5t in present:
        raise Refused(Code.ADMINISTRATOR_KNOWN, detail=certified.number)
    insert_registrable(tx, certified, now=now)
    if not insert_administrator(tx, x5t=certified.x5t, number=certified.number, now=now):
        # Dismissed once: coming back takes a new certificate, so that what it signed in between stays nobody's.
        raise Refused(Code.ADMINISTRATOR_UNKNOWN, detail=certified.number)
    dismiss_administrators(tx, number=certified.number, now=now, but=certified.x5t)


def _of_subject(acting: Acting, pem: str) -> Certified:
    certified = _registrable(acting, pem)
    if certified.x5t != acting.act.subject:
        raise Refused(Code.ADMINISTRATION_FORM, field="subject", detail="another certificate")
    return certified


def _registrable(acting: Acting, pem: str) -> Certified:
    return require_registrable(pem.encode(), trust=acting.trust, now=acting.now)
