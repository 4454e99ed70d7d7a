"""A3: one case's whole trail: every message, who did what, hashes and leaves, who looked; checked when asked; exported as evidence.

Masked until somebody gives a reason: then for half an hour, to that person, on record and told to the case's stations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.cases.catalogue import FieldRule, FieldType
from hub.cases.machine import default_machine
from hub.exchange.administration import propose
from hub.exchange.case_integrity import CaseIntegrity, Finding, check_case
from hub.exchange.evidence import export_evidence
from hub.pages.drafts import draft_of, forget_draft
from hub.pages.reasons import reason_of
from hub.pages.shown import masked_id, masked_name, moment
from hub.pages.visit import File
from hub.pages.wording import Words
from hub.protocol.act import Act
from hub.protocol.administration import AdministrationKind, ReasonDetails
from hub.protocol.envelope import Envelope, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.station_event import StationEvent
from hub.protocol.strict_json import decode_strict
from hub.signing.jws import stated_payload
from hub.signing.purposes import OfficerRole
from hub.store.blobs import BlobStore
from hub.store.case_acts import CaseActRow, acts_about
from hub.store.desk import LookUp, LookUpRow, lookups_known, note_lookup
from hub.store.erasures import ErasureRow, erasure_of
from hub.store.search import (
    CaseRecord,
    FiledMessage,
    IndexedLimit,
    events_of,
    limits_of,
    messages_of,
    record_of,
)
from hub.store.station_versions import StationVersion, day_of, names_on, versions_among
from hub.trail.evidence.parts import stated_envelope
from hub.trail.note import parse_verifier_key
from hub.web.desk.ground import Ground
from hub.web.desk.pages.supervision import earlier_act
from hub.web.desk.pages.trail_shown import ActShown, EventShown, FileShown, LimitShown, Step, Told, TrailPage
from hub.web.desk.shown import TONES, kind_name, state_name, step_name, type_name
from hub.web.desk.visit import Answer, Html, Redirect, Visit

REVEALED_FOR = timedelta(minutes=30)
_REASONED = ("reveal", "evidence")
MOST_ACT_BYTES = 64 << 10
_PLAIN = frozenset({FieldType.CHOICE, FieldType.DATE, FieldType.FLAG, FieldType.INTEGER, FieldType.INSTANT})


@dataclass(frozen=True, slots=True)
class _Facts:
    record: CaseRecord
    messages: tuple[FiledMessage, ...]
    events: tuple[tuple[int, Digest, bytes], ...]
    limits: tuple[IndexedLimit, ...]
    acts: tuple[CaseActRow, ...]
    versions: tuple[StationVersion, ...]
    lookups: tuple[LookUpRow, ...]
    erasure: ErasureRow | None


def show_trail(ground: Ground, visit: Visit) -> Answer:
    """The trail, nothing looked at yet; that it was opened is noted, once in a session."""
    if visit.session is not None and visit.session.kept.setdefault(f"opened {visit.case}", "") == "":
        visit.session.kept[f"opened {visit.case}"] = format_instant(visit.now)
        by = (visit.person.number, visit.person.certified.name)
        with ground.lock, ground.engine.begin() as tx:
            note_lookup(tx, LookUp.TRAIL, by=by, now=visit.now, case=visit.case)
    return Html("trail.html", _page(ground, visit, None))


def check(ground: Ground, visit: Visit) -> Answer:
    """Look at every signature, leaf and file of the case now, and say what came of it."""
    case = visit.case

    def look(tx: sa.Connection) -> CaseIntegrity:
        return check_case(
            tx,
            key=parse_verifier_key(ground.folder.trail_verifier.read_text().strip()),
            certificates=ground.certificate,
            blobs=BlobStore(ground.folder),
            messages=messages_of(tx, case),
            events=events_of(tx, case),
        )

    return Html("trail.html", _page(ground, visit, ground.read(look)))


def reveal(ground: Ground, visit: Visit) -> Answer:
    """Show the case's persons and texts in full for a while: signed, a leaf, told to the case's stations."""
    _sign(ground, visit, AdministrationKind.REVEAL_CASE, "reveal")
    if visit.session is not None:
        visit.session.kept[f"revealed {visit.case}"] = format_instant(visit.now + REVEALED_FOR)
    return Redirect(f"/cases/{visit.case}", "trail.revealed_now")


def evidence(ground: Ground, visit: Visit) -> Answer:
    """The case's evidence file, made and signed now; that it was taken is a leaf, and what it shows is told to the stations."""
    # The file holds everything in full: whoever takes it has looked, and the case's stations learn of looks.
    _sign(ground, visit, AdministrationKind.REVEAL_CASE, "reveal")
    _sign(ground, visit, AdministrationKind.EXPORT_EVIDENCE, "evidence")
    raw = export_evidence(ground.folder.root, ground.passphrase, visit.case, now=visit.now)
    return File(raw, "application/vnd.etsi.asic-e+zip", f"{visit.case}.asice")


def _sign(ground: Ground, visit: Visit, kind: AdministrationKind, what: str) -> None:
    details = ReasonDetails(reason=reason_of(visit))
    with ground.office() as office:
        propose(office, kind, visit.case, details, signer=visit.person.signer, now=visit.now)
    forget_draft(ground, visit, _place(visit.case, what))


def _place(case: CaseId, what: str) -> str:
    """The place of one of the page's two forms: the page, and which of them is meant."""
    return f"/cases/{case}?to={what}"


def _page(ground: Ground, visit: Visit, integrity: CaseIntegrity | None) -> TrailPage:
    case, words, names = visit.case, visit.words, ground.station_names()
    facts = ground.read(lambda tx: _facts(tx, case))
    record, until = facts.record, _revealed_until(visit)
    found: Mapping[Digest, Finding] = {} if integrity is None else integrity.of
    person = visit.person
    typed = {what: draft_of(ground, visit, _place(case, what))[0].get("reason", "") for what in _REASONED}
    return TrailPage(
        typed=typed,
        case=case,
        type=type_name(ground, words, record.type),
        state=state_name(words, record.state),
        tone=TONES.get(record.state, "idle"),
        opener=names.get(record.opener, record.opener),
        respondent=names.get(record.respondent, record.respondent),
        opened_at=record.opened_at,
        changed_at=record.changed_at,
        whole=Finding.UNCHECKED.value if integrity is None else integrity.whole.value,
        checked_at=None if integrity is None else format_instant(visit.now),
        proved=sum(finding is Finding.PROVED for finding in found.values()),
        things=len(found),
        steps=tuple(
            _step(ground, words, record, each, _names_then(names, facts, each), found, until is not None)
            for each in facts.messages
        ),
        events=tuple(_event(words, each, names, found) for each in facts.events),
        limits=tuple(_limit(ground, words, record, each, names, format_instant(visit.now)) for each in facts.limits),
        supervised=tuple(earlier_act(ground, visit, record.type, each) for each in reversed(facts.acts)),
        supervises=OfficerRole.ADMINISTRATOR in person.roles and _runs(facts),
        lookups=facts.lookups,
        revealed_until=until,
        watermark=f"{person.certified.name} {person.number} {moment(visit.now)}",
        erased_at=None if facts.erasure is None else facts.erasure.at,
    )


def _facts(tx: sa.Connection, case: CaseId) -> _Facts:
    record = record_of(tx, case)
    assert record is not None  # the route's rule has looked
    return _Facts(
        record,
        messages_of(tx, case),
        events_of(tx, case),
        limits_of(tx, case),
        acts_about(tx, case),
        versions_among(tx, (record.opener, record.respondent)),
        lookups_known(tx, case=case),
        erasure_of(tx, case),
    )


def _names_then(names: dict[str, str], facts: _Facts, message: FiledMessage) -> dict[str, str]:
    """What the stations were called on the day of a message (DOMAIN 5, vector 20)."""
    return names | names_on(facts.versions, day_of(parse_instant(message.received_at)))


def _runs(facts: _Facts) -> bool:
    state = default_machine("case").rules.states.get(facts.record.state)
    is_open = state is not None and not state.final
    return is_open and any(limit.done_at is None and not limit.paused for limit in facts.limits)


def _revealed_until(visit: Visit) -> str | None:
    kept = {} if visit.session is None else visit.session.kept
    until = kept.get(f"revealed {visit.case}")
    return until if until is not None and visit.now < parse_instant(until) else None


def _step(
    ground: Ground,
    words: Words,
    record: CaseRecord,
    message: FiledMessage,
    names: dict[str, str],
    found: Mapping[Digest, Finding],
    revealed: bool,
) -> Step:
    envelope, receipt = stated_envelope(message.raw), digest_of(message.receipt)
    return Step(
        what=kind_name(ground, words, record.type, message.kind),
        at=message.received_at,
        sender=names.get(message.sender, message.sender),
        receiver=names.get(message.receiver, message.receiver),
        officer="" if envelope is None or envelope.kind is Kind.HANDOVER else _officer(envelope),
        digest=message.digest,
        leaf=message.leaf,
        receipt=receipt,
        receipt_leaf=message.receipt_leaf,
        finding=found.get(message.digest, Finding.UNCHECKED).value,
        receipt_finding=found.get(receipt, Finding.UNCHECKED).value,
        told=() if envelope is None else _told(ground, words, record, envelope, revealed),
        files=() if envelope is None else _files(envelope, found),
        acts=() if envelope is None else _acts(ground, words, envelope),
        erased=not message.raw,
        is_handover=message.kind == Kind.HANDOVER.value,
    )


def _officer(envelope: Envelope) -> str:
    return f"{envelope.officer.name} {envelope.officer.number}"


def _files(envelope: Envelope, found: Mapping[Digest, Finding]) -> tuple[FileShown, ...]:
    return tuple(
        FileShown(file.role.value, file.digest, file.size, found.get(file.digest, Finding.UNCHECKED).value)
        for file in envelope.attachments
    )


def _acts(ground: Ground, words: Words, envelope: Envelope) -> tuple[ActShown, ...]:
    shown = []
    blobs = BlobStore(ground.folder)
    for file in envelope.attachments:
        if file.role is not Role.ACT or file.size > MOST_ACT_BYTES:
            continue
        try:
            act = decode_strict(stated_payload(blobs.path_of(file.digest).read_bytes()), Act)
        except (OSError, IndexError, ValueError, Refused):
            continue
        shown.append(ActShown(words(f"trail.act_{act.act.value}"), f"{act.officer.name} {act.officer.number}", act.at))
    return tuple(shown)


def _told(ground: Ground, words: Words, record: CaseRecord, envelope: Envelope, revealed: bool) -> tuple[Told, ...]:
    case_type = ground.catalogue.types.get(record.type)
    rule = None if case_type is None else case_type.messages.get(envelope.kind)
    return () if rule is None else tuple(_fields(words, envelope.body, rule.fields, revealed))


def _fields(words: Words, body: Mapping[str, Any], rules: Mapping[str, FieldRule], revealed: bool) -> list[Told]:
    shown = []
    for key, value in body.items():
        rule = rules.get(key)
        if rule is None or rule.type is FieldType.DIGEST:
            continue
        if rule.fields:
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, Mapping):
                    inner = _fields(words, entry, rule.fields, revealed)
                    shown += [replace(told, first=told.first or not number) for number, told in enumerate(inner)]
            continue
        shown.append(_field(words, key, rule, value, revealed))
    return shown


def _field(words: Words, key: str, rule: FieldRule, value: object, revealed: bool) -> Told:
    label, text = words.of(rule), str(value)
    if rule.type is FieldType.FLAG:
        return Told(label, words("frame.yes") if value else words("frame.no"))
    if rule.type is FieldType.INSTANT:
        return Told(label, moment(text))
    if revealed or rule.type in _PLAIN or rule.type is FieldType.CODE or key.endswith("_number"):
        return Told(label, text)
    if rule.type is FieldType.CITIZEN_ID:
        return Told(label, masked_id(text), hidden=True)
    if key == "name":
        return Told(label, masked_name(text), hidden=True)
    return Told(label, words("trail.hidden", n=len(text)), hidden=True)


def _event(
    words: Words, row: tuple[int, Digest, bytes], names: dict[str, str], found: Mapping[Digest, Finding]
) -> EventShown:
    leaf, digest, raw = row
    event = msgspec.json.decode(stated_payload(raw), type=StationEvent)
    return EventShown(
        what=words(f"trail.event_{event.event.value}"),
        at=event.at,
        station=names.get(event.station, event.station),
        digest=digest,
        subject=event.subject,
        leaf=leaf,
        finding=found.get(digest, Finding.UNCHECKED).value,
    )


def _limit(
    ground: Ground, words: Words, record: CaseRecord, row: IndexedLimit, names: dict[str, str], now: str
) -> LimitShown:
    late = (row.done_at or now)[:19] > row.due_at[:19] and not row.paused
    return LimitShown(
        name=step_name(ground, words, record.type, row.step),
        station=names.get(row.station, row.station),
        due_at=row.due_at,
        done_at=row.done_at,
        late=late,
        paused=row.paused,
        reason=row.reason or "",
    )
