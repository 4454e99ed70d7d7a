"""O4: one case: what happened, its pages, its people, limits, verification, and what can be done now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.cases.calendar import default_calendar
from hub.cases.catalogue import CaseType
from hub.cases.clocks import explain
from hub.cases.machine import default_machine
from hub.pages.shown import moment
from hub.pages.wording import Words
from hub.protocol.act import ActKind
from hub.protocol.envelope import Kind
from hub.protocol.instants import parse_instant
from station_agent.reveals import Reveal, shown_reveals
from station_agent.search import cases_naming
from station_agent.store.acts import acts_of
from station_agent.store.case_acts import CaseActRow
from station_agent.store.case_lists import lines_of
from station_agent.store.cases import require_case
from station_agent.store.desk import note_seen
from station_agent.store.gates import DONE, GateRow, evidence_of, gate_verdicts_of, register_acts_of
from station_agent.store.handlings import TAKEN_OVER, HandlingRow, handlings_of
from station_agent.web.actions import Action, actions_for, can_forward, can_take_over
from station_agent.web.clocks import Limit, limits_of, next_limit, standing_urges
from station_agent.web.desk import Desk
from station_agent.web.documents import Document, documents_of
from station_agent.web.facts import Facts, Message, facts_of
from station_agent.web.pages.lists import TONES, state_name
from station_agent.web.rules import may_see
from station_agent.web.visit import Answer, Html, Short, Visit

MOST_RELATED = 20
_TOLD = ("text", "reason", "note", "outcome", "serial", "reason_code", "expected_at", "late_reason")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline: when, what, who, what was said; `ours`: this station did it; `queue` and `trouble` of a message
    on its way. `minor`: that something was handed over, which happens to every message."""

    at: datetime
    what: str
    who: str
    where: str
    said: tuple[tuple[str, str], ...]
    ours: bool
    queue: str
    trouble: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class ShownLimit:
    """A limit with its explanation, a day a line."""

    limit: Limit
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Supervised:
    """One act of an administrator about the case, in words: urged or extended (`until`: to when), whom, why. `stands`: it waits for
    this station."""

    what: str
    limit: str
    whom: str
    who: str
    at: str
    until: str | None
    reason: str
    stands: bool


@dataclass(frozen=True, slots=True)
class Related:
    """Another case here of one of the persons, of those that the officer may see."""

    case: str
    type: str
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """The whole page. `pressing` is the limit of this station that ends first. `forwards`: the officer may hand the case to a
    colleague; `related` are the persons' other cases. `gate` is the state of M4 in words, `verdict` the last verdict of the gate, `serials` what the register
    gave, `closing` the closing list, `fields` the inquiry's other fields in words."""

    case: str
    type: str
    legal_basis: tuple[str, ...]
    state: str
    tone: str
    peer: str
    answering: bool
    owner: str
    mine: bool
    late: bool
    late_reason: str
    timeline: tuple[Event, ...]
    documents: tuple[Document, ...]
    people: tuple[Mapping[str, Any], ...]
    fields: tuple[tuple[str, str], ...]
    limits: tuple[ShownLimit, ...]
    pressing: Limit | None
    actions: tuple[Action, ...]
    take_over: bool
    verifies: bool
    gate: str
    gate_state: str
    verdict: GateRow | None
    serials: tuple[str, ...]
    evidence: tuple[str, ...]
    letter_path: str
    letter_state: str
    closing: tuple[tuple[str, str], ...]
    others: str
    forwards: bool
    related: tuple[Related, ...]
    reveals: tuple[Reveal, ...]
    supervised: tuple[Supervised, ...]
    claim_path: str
    reply_path: str


def show_case(desk: Desk, visit: Visit) -> Answer:
    """The page; opening it marks the case as seen and shows the officer to colleagues."""
    desk.presence.note(visit.case, visit.person, now=visit.now)
    with desk.agent.store.read() as tx:
        page = _page(tx, desk, visit)
    with desk.agent.store.write() as tx:
        note_seen(tx, visit.person.number, visit.case, now=visit.now)
    return Html("case.html", page)


def show_preview(desk: Desk, visit: Visit) -> Answer:
    """The quick look from a list: the case stays unread, and the list keeps its place."""
    with desk.agent.store.read() as tx:
        return Html("_preview.html", _page(tx, desk, visit))


def still_here(desk: Desk, visit: Visit) -> Answer:
    """Say that the officer has the case open still (or writes), and return who else has, and whether it has changed."""
    desk.presence.note(visit.case, visit.person, now=visit.now, writes=visit.form.get("writes") == "1")
    desk.presence.sweep(visit.now)
    with desk.agent.store.read() as tx:
        row = require_case(tx, visit.case)
    return Short({"text": others_in_words(desk, visit), "changed_at": row.changed_at})


def others_in_words(desk: Desk, visit: Visit) -> str:
    """Return who else has the case open, and who of them writes; empty when nobody has."""
    others = desk.presence.others(visit.case, visit.person, now=visit.now)
    told = []
    for writes, key in ((True, "case.writing"), (False, "case.viewing")):
        names = [each.name for each in others if each.writes is writes]
        if names:
            told.append(visit.words(key, names="、".join(names)))
    return "; ".join(told)


def _page(tx: Connection, desk: Desk, visit: Visit) -> CasePage:
    row, person, words = require_case(tx, visit.case), visit.person, visit.words
    facts = facts_of(tx, row)
    case_type = desk.agent.catalogue.case_type(row.type)
    limits = limits_of(case_type, facts, calendar=default_calendar(), hours=desk.agent.settings.hours, now=visit.now)
    verdicts, serials = gate_verdicts_of(tx, row.case), register_acts_of(tx, row.case, DONE)
    answering = row.side == "answerer"
    gate = default_machine("gate").rules.states[row.gate]
    letter = facts.letter
    letters = default_machine("letter").rules.states
    over = default_machine("case").rules.states[row.state].final
    preparing = row.state in ("draft", "awaiting_seal", "returned") or (row.state == "to_send" and not facts.messages)
    opening = not answering and letter is not None and preparing
    actions = actions_for(row, person, case_type)
    events = {action.event for action in actions}
    path = f"/cases/{row.case}/do"
    return CasePage(
        case=row.case,
        type=words.of(case_type),
        legal_basis=case_type.legal_basis,
        state=state_name(visit, facts),
        tone=TONES.get(row.state, "idle"),
        peer=desk.station_name(row.peer, now=visit.now),
        answering=answering,
        owner=desk.names(row.owner or ""),
        mine=row.owner == person.number,
        late=row.late,
        late_reason=str(facts.body.get("late_reason", "")),
        timeline=_timeline(tx, desk, facts, visit),
        documents=documents_of(tx, facts),
        people=facts.people,
        fields=told_fields(case_type.messages[Kind.INQUIRY].fields, facts.body, words),
        limits=tuple(ShownLimit(limit, _why(limit, words)) for limit in limits),
        pressing=None if over else next_limit(tuple(limit for limit in limits if limit.rule.side == row.side)),
        actions=actions,
        take_over=can_take_over(row, person),
        verifies=answering and bool(case_type.gate_checks(facts.body)),
        gate=words.of(gate),
        gate_state=row.gate,
        verdict=verdicts[-1] if verdicts else None,
        serials=tuple(str(act.serial) for act in serials),
        evidence=tuple(item.digest for item in evidence_of(tx, row.case)),
        letter_path=f"/cases/{row.case}/letter" if opening else "",
        letter_state="" if letter is None else words.of(letters[letter.state]),
        closing=_closing(case_type, facts, words),
        others=others_in_words(desk, visit),
        forwards=can_forward(row, person),
        related=_related(tx, desk, facts, visit),
        reveals=shown_reveals(tx, desk.agent, facts.row.case),
        supervised=_supervised(desk, facts, limits, visit),
        claim_path=f"{path}/claim" if "claim" in events or can_take_over(row, person) else "",
        reply_path=f"{path}/answer" if "answer" in events and row.owner in (None, person.number) else "",
    )


def _why(limit: Limit, words: Words) -> tuple[str, ...]:
    """Day by day why it ends then, and who put that off."""
    lines = explain(limit.counted).splitlines()
    for each in limit.extensions:
        lines.append(words("case.extended_why", until=moment(each.due_at), who=each.who, reason=each.reason))
    return tuple(lines)


def _supervised(desk: Desk, facts: Facts, limits: tuple[Limit, ...], visit: Visit) -> tuple[Supervised, ...]:
    """What administrators urged and extended, the newest first."""
    words, standing = visit.words, standing_urges(facts, limits)
    rules = {rule.step: words.of(rule) for rule in desk.agent.catalogue.case_type(facts.row.type).clocks}
    return tuple(
        Supervised(
            what=words("case.extended" if act.due_at is not None else "case.urged"),
            limit=rules.get(act.step, act.step),
            whom=desk.station_name(act.station, now=visit.now),
            who=act.who,
            at=act.at,
            until=act.due_at,
            reason=act.reason,
            stands=act in standing and act.station == desk.agent.station,
        )
        for act in reversed(facts.acts)
    )


def _related(tx: Connection, desk: Desk, facts: Facts, visit: Visit) -> tuple[Related, ...]:
    """The persons' other cases here, of those that this officer may see, the last changed first."""
    found = {
        case
        for entry in facts.people
        if entry.get("id18")
        for case in cases_naming(tx, str(entry["id18"]))
        if case != facts.row.case
    }
    lines = lines_of(tx, sorted(found), number=visit.person.number) if found else ()
    seen = [line.row for line in lines if may_see(desk.agent.catalogue, visit.person, line.row)]
    states = default_machine("case").rules.states
    return tuple(
        Related(
            row.case,
            visit.words.of(desk.agent.catalogue.case_type(row.type)),
            visit.words.of(states[row.state]),
            TONES.get(row.state, "idle"),
        )
        for row in sorted(seen, key=lambda row: row.changed_at, reverse=True)[:MOST_RELATED]
    )


def _closing(case_type: CaseType, facts: Facts, words: Words) -> tuple[tuple[str, str], ...]:
    """The closing list: what it asks for, and what was answered once the case is closed."""
    rules = case_type.messages[Kind.CLOSE].fields
    closed = next((each for each in reversed(facts.messages) if each.envelope.kind is Kind.CLOSE), None)
    if closed is not None:
        return told_fields(rules, closed.envelope.body, words)
    return tuple((words.of(rule), "") for rule in rules.values() if not rule.optional)


def told_fields(rules: Mapping[str, Any], body: Mapping[str, Any], words: Words) -> tuple[tuple[str, str], ...]:
    """Return the plain fields of a message in words: people, lists and digests are shown elsewhere."""
    shown = []
    for key, rule in rules.items():
        value = body.get(key)
        if value is None or isinstance(value, (list, dict)) or rule.type.value == "digest" or key == "letter_kind":
            continue
        if isinstance(value, bool):
            value = words("frame.yes") if value else words("frame.no")
        shown.append((words.of(rule), str(value), rule.type.value))
    return tuple((label, moment(value) if kind == "instant" else value) for label, value, kind in shown)


def _timeline(tx: Connection, desk: Desk, facts: Facts, visit: Visit) -> tuple[Event, ...]:
    events = [_message_event(desk, each, visit) for each in facts.messages if each.envelope.kind is not Kind.HANDOVER]
    events += [_handover(desk, each, visit) for each in facts.messages if each.envelope.kind is Kind.HANDOVER]
    station = desk.agent.settings.name
    names = {message.envelope.officer.number: message.envelope.officer.name for message in facts.messages}
    for act in acts_of(tx, facts.row.case):
        what = visit.words(f"case.act_{ActKind(act.kind).name.lower()}")
        who = f"{names[act.officer]} {act.officer}" if act.officer in names else desk.names(act.officer)
        events.append(Event(parse_instant(act.at), what, who, station, (), True, "", ""))
    events += [_handling(desk, row, visit, station) for row in handlings_of(tx, facts.row.case)]
    events += [_from_above(act, visit.words) for act in facts.acts]
    return tuple(sorted(events, key=lambda event: event.at))


def _from_above(act: CaseActRow, words: Words) -> Event:
    """An administrator urged a station, or extended a limit."""
    what = words("case.urged") if act.due_at is None else words("case.extended")
    said = [] if act.due_at is None else [("", words("case.extended_until", at=moment(act.due_at)))]
    said.append((words("case.handling_reason"), act.reason))
    return Event(parse_instant(act.at), what, act.who, words("case.hub"), tuple(said), False, "", "")


def _handling(desk: Desk, row: HandlingRow, visit: Visit, station: str) -> Event:
    """A colleague took the case over, or handed it on: this station's own affair."""
    words = visit.words
    taken = row.what == TAKEN_OVER
    what = words("case.taken_over") if taken else words("case.forwarded", name=desk.names(row.owner))
    said = ((words("case.handling_reason"), row.note),)
    return Event(parse_instant(row.at), what, desk.names(row.officer), station, said, True, "", "")


def _message_event(desk: Desk, message: Message, visit: Visit) -> Event:
    envelope, words = message.envelope, visit.words
    rule = desk.agent.catalogue.case_type(envelope.type).messages[envelope.kind]
    said = tuple(
        (label, text)
        for label, text in told_fields(
            {key: rule.fields[key] for key in _TOLD if key in rule.fields}, envelope.body, words
        )
    )
    return Event(
        at=message.received_at or parse_instant(envelope.created),
        what=words.of(rule),
        who=f"{envelope.officer.name} {envelope.officer.number}",
        where=desk.station_name(envelope.from_, now=visit.now),
        said=said,
        ours=not message.incoming,
        queue=message.queue or "",
        trouble=message.trouble or "",
    )


def _handover(desk: Desk, message: Message, visit: Visit) -> Event:
    where = desk.station_name(message.envelope.from_, now=visit.now)
    at = message.received_at or parse_instant(message.envelope.created)
    queue = (message.queue or "") if message.queue != "sent" else ""
    return Event(at, visit.words("case.handed_over"), "", where, (), not message.incoming, queue, "", minor=True)
