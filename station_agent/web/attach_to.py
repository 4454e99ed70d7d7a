"""Where a scan of the tray can go besides a letter's scan: the messages of this officer's open cases, and drafts written anew, wherever
their definition has a place for a file. Attaching puts the item into the draft of that form; the officer sends it there.
"""

from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection

from hub.cases.catalogue import MessageRule
from hub.cases.machine import Side
from hub.pages.drafts import DraftRow, draft_of
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from station_agent.desk.draft import LATER_FIELDS
from station_agent.people import Person
from station_agent.store.case_lists import CaseFilter, case_lines
from station_agent.store.cases import CaseRow
from station_agent.web.actions import KINDS, actions_for
from station_agent.web.attaching import ADDED, Slot, slots_in, tray_field
from station_agent.web.desk import Desk
from station_agent.web.facts import Facts, facts_of_all
from station_agent.web.forms import inputs_of, values_of
from station_agent.web.frame import OPEN_AT_ANSWERER, inbox_filter, sent_filter
from station_agent.web.visit import Visit

MOST_CASES = 50
_OPEN_AT_OPENER = ("draft", "returned", "awaiting_supply", "answered", "delivered", "claimed", "in_progress")


@dataclass(frozen=True, slots=True)
class Target:
    """One place of one form. `value` names it in the choice; `message` what the form sends, `slot` where in it the file goes."""

    value: str
    place: str
    field: str
    case: str
    type: str
    peer: str
    people: tuple[str, ...]
    message: str
    slot: str


def targets(desk: Desk, visit: Visit) -> tuple[Target, ...]:
    """Return the places to which this officer can attach a scan now, in the order of their lists."""
    person, found = visit.person, list[Target]()
    with desk.agent.store.read() as tx:
        cases = [
            *_cases(tx, inbox_filter(desk, person, OPEN_AT_ANSWERER), person.number),
            *_cases(tx, sent_filter(desk, person, _OPEN_AT_OPENER), person.number),
        ]
    for facts in cases:
        row = facts.row
        if row.side == Side.ANSWERER.value and row.owner != person.number:
            continue  # who answers is the owner; a colleague takes the case over first
        found += _of_messages(desk, visit, facts)
        if _is_redrafted(desk, facts, person):
            found += _of_redraft(desk, visit, facts)
    return tuple(found)


def put_into_draft(desk: Desk, visit: Visit, value: str, item: int) -> str:
    """Put the item into the draft of the form that `value` names; return the form's address. Raises: Refused (`desk.not_found`)."""
    for target in targets(desk, visit):
        if target.value == value:
            values, _ = draft_of(desk, visit, target.place)
            fields = msgspec.json.encode(values | {tray_field(target.field): str(item)})
            desk.drafts.save(DraftRow(visit.person.number, target.place, fields, format_instant(visit.now)))
            return target.place
    raise Refused(Code.DESK_NOT_FOUND)


def _cases(tx: Connection, wanted: CaseFilter, number: str) -> tuple[Facts, ...]:
    if not wanted.types:
        return ()
    lines = case_lines(tx, wanted, number=number, limit=MOST_CASES)
    return facts_of_all(tx, [line.row for line in lines])


def _of_messages(desk: Desk, visit: Visit, facts: Facts) -> list[Target]:
    row, case_type = facts.row, desk.agent.catalogue.case_type(facts.row.type)
    found = []
    for action in actions_for(row, visit.person, case_type):
        rule, place = case_type.messages[KINDS[action.event]], f"/cases/{row.case}/do/{action.event}"
        for slot in _slots(desk, visit, rule, place, ADDED):
            found.append(_target(desk, visit, facts, rule, place, slot))
    return found


def _of_redraft(desk: Desk, visit: Visit, facts: Facts) -> list[Target]:
    rule = desk.agent.catalogue.case_type(facts.row.type).messages[Kind.INQUIRY]
    place = f"/cases/{facts.row.case}/letter/redraft"
    known = {} if facts.letter is None or not facts.letter.body else values_of(msgspec.json.decode(facts.letter.body))
    slots = _slots(desk, visit, rule, place, (Role.OTHER,), known=known)
    return [_target(desk, visit, facts, rule, place, slot) for slot in slots]


def _slots(
    desk: Desk,
    visit: Visit,
    rule: MessageRule,
    place: str,
    roles: tuple[Role, ...],
    known: dict[str, str] | None = None,
) -> tuple[Slot, ...]:
    words = visit.words
    values = (known or {}) | draft_of(desk, visit, place)[0]
    named = slots_in(inputs_of(rule.fields, values, words, without=LATER_FIELDS))
    free = (Slot(role.value, words(f"message.role_{role.value}")) for role in roles if role in rule.attachments)
    return (*named, *free)


def _target(desk: Desk, visit: Visit, facts: Facts, rule: MessageRule, place: str, slot: Slot) -> Target:
    row: CaseRow = facts.row
    return Target(
        value=f"{place}#{quote(slot.field)}",
        place=place,
        field=slot.field,
        case=row.case,
        type=visit.words.of(desk.agent.catalogue.case_type(row.type)),
        peer=desk.station_name(row.peer, now=visit.now),
        people=tuple(str(person.get("name", "")) for person in facts.people),
        message=visit.words.of(rule),
        slot=slot.label,
    )


def _is_redrafted(desk: Desk, facts: Facts, person: Person) -> bool:
    row = facts.row
    opens = {actor.value for actor in desk.agent.catalogue.case_type(row.type).opens}
    mine = not opens.isdisjoint(role.value for role in person.certified.roles)
    return mine and row.side == Side.OPENER.value and row.state in ("draft", "returned")
