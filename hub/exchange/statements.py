"""Signed statements that stations hand in besides envelopes: their head's suspension of a seal, alarms, acts about their people.

Each is kept as it came, once, and is a leaf of the trail.
"""

import os
from datetime import datetime

import sqlalchemy as sa

from hub.exchange.administration import CLOCKS_DIFFER, file_act
from hub.exchange.administrators import Rules
from hub.exchange.hub import Hub
from hub.protocol.administration import STATION_ACTS, AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import StationId, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import ADMINISTRATION_TYP, ALARM_TYP, APPROVAL_TYP
from hub.signing.administration import check_administrator, open_administration, open_approval
from hub.signing.alarms import check_alarm, open_alarm
from hub.signing.certificates import Certified
from hub.signing.jws import stated_header
from hub.signing.purposes import OfficerRole
from hub.store.administration import record_statement, statement_known
from hub.store.seals import alarms_about, has_alarm, insert_alarm

ANY_OFFICER = frozenset(OfficerRole) - {OfficerRole.AUDITOR}


async def take_statement(raw: bytes, *, caller: StationId, hub: Hub) -> bool:
    """File a statement of the calling station; return whether it was new.

    Raises: Refused (`statement.form`, `jws.*`, `json.*`, `seal.*`), NotPermitted.
    """
    typ, now = _typ_of(raw), hub.clock()
    rules = rules_of(hub)

    def work(tx: sa.Connection) -> bool:
        if typ == ALARM_TYP:
            return _file_alarm(tx, raw, caller, rules, now)
        return _file_officers_act(tx, raw, typ, caller, rules, now)

    if typ not in (ALARM_TYP, ADMINISTRATION_TYP, APPROVAL_TYP):
        raise Refused(Code.STATEMENT_FORM, detail=typ[:60])
    return await hub.writer.run(work)


async def alarms_for(station: StationId, *, hub: Hub) -> tuple[bytes, ...]:
    """Return the alarms that `station` raised or that are about letters it has sent, oldest first."""
    return await hub.readers.read(lambda tx: alarms_about(tx, station))


def rules_of(hub: Hub) -> Rules:
    """Return what a serving hub judges acts by."""
    return Rules(hub.trail, hub.settings.trail.origin, hub.trust.refresh(), hub.trust.certificate, lambda: hub.signer)


def _typ_of(raw: bytes) -> str:
    try:
        return str(stated_header(raw).get("typ"))
    except ValueError as error:
        raise Refused(Code.STATEMENT_FORM) from error


def _file_alarm(tx: sa.Connection, raw: bytes, caller: StationId, rules: Rules, now: datetime) -> bool:
    signed = open_alarm(raw, certificates=rules.certificates)
    if signed.alarm.station != caller:
        raise NotPermitted(Code.ENVELOPE_SENDER, detail=f"signed in as {caller}")
    check_alarm(signed, trust=rules.trust, at=now, now=now).require()
    if has_alarm(tx, signed.digest):
        return False
    statement = record_statement(tx, rules.log, raw, now=now, nonce=os.urandom(16))
    sender = signed.alarm.sender
    insert_alarm(tx, digest=signed.digest, station=caller, sender=sender, statement=statement, now=now)
    return True


def _file_officers_act(tx: sa.Connection, raw: bytes, typ: str, caller: StationId, rules: Rules, now: datetime) -> bool:
    if statement_known(tx, digest_of(raw)):
        return False
    if typ == APPROVAL_TYP:
        approval = open_approval(raw, certificates=rules.certificates)
        _require_of(approval.certified, caller)
        by, roles = approval.approval.by, ANY_OFFICER
        check_administrator(approval.certified, by, trust=rules.trust, at=now, now=now, roles=roles).require()
        record_statement(tx, rules.log, raw, now=now, nonce=os.urandom(16))
        return True
    signed = open_administration(raw, certificates=rules.certificates)
    _require_of(signed.certified, caller)
    if signed.act.act is AdministrationKind.SUSPEND_SEAL:
        file_act(tx, raw, rules=rules, now=now)
        return True
    if signed.act.act not in STATION_ACTS or signed.act.origin != caller:
        raise NotPermitted(Code.STATEMENT_FORM, detail=signed.act.act.value)
    if parse_instant(signed.act.at) > now + CLOCKS_DIFFER:
        raise Refused(Code.ADMINISTRATION_FORM, field="/at", detail=signed.act.at)
    looked_up = signed.act.act is AdministrationKind.LOOK_UP_PERSON
    roles = frozenset(OfficerRole) if looked_up else frozenset({OfficerRole.HEAD})
    check_administrator(signed.certified, signed.act.by, trust=rules.trust, at=now, now=now, roles=roles).require()
    record_statement(tx, rules.log, raw, now=now, nonce=os.urandom(16))
    return True


def _require_of(certified: Certified, caller: StationId) -> None:
    if certified.station != caller:
        raise NotPermitted(Code.CERTIFICATE_STATION, detail=f"certificate of {certified.station}")
