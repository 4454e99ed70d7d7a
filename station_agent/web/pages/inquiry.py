"""The first step of a letter or inquiry: its fields, from the case type's definition; also the draft written anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from hub.cases.catalogue import CaseType
from hub.cases.machine import default_machine
from hub.pages.drafts import draft_of, forget_draft
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import parse_station
from station_agent.desk.draft import LATER_FIELDS, draft, redraft
from station_agent.search import cases_naming, index_due, people_in
from station_agent.store.cases import CaseRow, find_case, require_case
from station_agent.store.letters import require_letter
from station_agent.store.phrases import PhraseRow
from station_agent.store.tray import TrayRow
from station_agent.web.attaching import chosen_items, given_files, is_tray_field, offered, settle_given, with_digests
from station_agent.web.desk import Desk
from station_agent.web.forms import Input, body_of, has_input, inputs_of, name_of_pointer, values_of, with_error
from station_agent.web.pages.phrases import phrases_of
from station_agent.web.rules import may_see
from station_agent.web.visit import Answer, Html, Redirect, Short, Visit

_FURTHER = (Role.OTHER,)
"""Proofs are given at the fields that name them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A case type that this officer may open."""

    code: str
    name: str
    legal_basis: str
    letter: str


@dataclass(frozen=True, slots=True)
class InquiryPage:
    """The form. `again` is the case whose draft is written anew, empty for a new one; `stations` code and name of each; `same`
    open cases of this type about one of the persons, which the officer has to know of before another is opened; `scans` of the tray that
    can be chosen, `chosen` which are."""

    type: str
    title: str
    again: str
    to: str
    stations: tuple[tuple[str, str], ...]
    place: str
    inputs: tuple[Input, ...]
    files: bool
    scans: tuple[TrayRow, ...]
    chosen: Mapping[str, str]
    kept_at: str | None
    phrases: tuple[PhraseRow, ...]
    error: str = ""
    remedy: str = ""
    to_error: str = ""
    same: tuple[CaseRow, ...] = ()


def choose_type(desk: Desk, visit: Visit) -> Answer:
    """Which case type: what it is for, and whether it needs a sealed letter."""
    choices = tuple(
        Choice(each.code, visit.words.of(each), "; ".join(each.legal_basis), each.letter.kind if each.letter else "")
        for each in desk.agent.catalogue.types.values()
        if _may_open(each, visit)
    )
    return Html("new.html", choices)


def show_inquiry(desk: Desk, visit: Visit) -> Answer:
    """The empty form, or what was typed before."""
    values, kept_at = draft_of(desk, visit, visit.path)
    return Html("inquiry.html", _page(desk, visit, _type(desk, visit), values, kept_at))


def open_case(desk: Desk, visit: Visit) -> Answer:
    """Open the case with its draft, which the officer signs; what is wrong comes back beside its field."""
    case_type = _type(desk, visit)
    try:
        rule = case_type.messages[Kind.INQUIRY]
        given = given_files(desk, visit, rule, _FURTHER)
        body = body_of(rule.fields, with_digests(visit.form, rule, given), without=LATER_FIELDS)
        to = parse_station(visit.form.get("to", "").strip().split(" ")[0])
        if visit.form.get("knows_same") != "on" and (same := _same(desk, visit, case_type, body)):
            page = _page(desk, visit, case_type, visit.form, None)
            return Html("inquiry.html", replace(page, same=same), 422)
        files = tuple(each.file for each in given)
        case = draft(desk.agent, visit.person, type=case_type.code, to=to, body=body, files=files, now=visit.now)
    except HanxunError as error:
        return _told(_page(desk, visit, case_type, visit.form, None), visit, error)
    settle_given(desk, visit, given, case)
    forget_draft(desk, visit, visit.path)
    return Redirect(f"/cases/{case}/letter", "letter.drafted")


def show_redraft(desk: Desk, visit: Visit) -> Answer:
    """The rejected or returned draft, to be written anew."""
    values, kept_at = draft_of(desk, visit, visit.path)
    with desk.agent.store.read() as tx:
        row, letter = require_case(tx, visit.case), require_letter(tx, visit.case)
    case_type = desk.agent.catalogue.case_type(row.type)
    if letter.body and all(map(is_tray_field, values)):
        values = values_of(msgspec.json.decode(letter.body)) | values
    return Html("inquiry.html", _page(desk, visit, case_type, values, kept_at))


def draft_again(desk: Desk, visit: Visit) -> Answer:
    """Submit it again."""
    with desk.agent.store.read() as tx:
        case_type = desk.agent.catalogue.case_type(require_case(tx, visit.case).type)
    try:
        rule = case_type.messages[Kind.INQUIRY]
        given = given_files(desk, visit, rule, _FURTHER)
        body = body_of(rule.fields, with_digests(visit.form, rule, given), without=LATER_FIELDS)
        files = tuple(each.file for each in given)
        redraft(desk.agent, visit.person, visit.case, body=body, files=files, now=visit.now)
    except HanxunError as error:
        return _told(_page(desk, visit, case_type, visit.form, None), visit, error)
    settle_given(desk, visit, given, visit.case)
    forget_draft(desk, visit, visit.path)
    return Redirect(f"/cases/{visit.case}/letter", "letter.drafted")


def same_cases(desk: Desk, visit: Visit) -> Answer:
    """Open cases of this type about the person whose number was just typed: told while the form is filled in."""
    case_type, id18 = _type(desk, visit), visit.form.get("id18", "").strip()
    same = _open_about(desk, visit, case_type, (id18,)) if len(id18) == 18 else ()
    return Short({"cases": [row.case for row in same], "text": visit.words("letter.same", n=len(same)) if same else ""})


def _same(desk: Desk, visit: Visit, case_type: CaseType, body: Mapping[str, Any]) -> tuple[CaseRow, ...]:
    return _open_about(desk, visit, case_type, tuple(sorted(people_in(body))))


def _open_about(desk: Desk, visit: Visit, case_type: CaseType, people: Sequence[str]) -> tuple[CaseRow, ...]:
    index_due(desk.agent.store)
    states = default_machine("case").rules.states
    with desk.agent.store.read() as tx:
        cases = {case for id18 in people for case in cases_naming(tx, id18)}
        rows = [row for case in sorted(cases) if (row := find_case(tx, case)) is not None]
    return tuple(
        row
        for row in rows
        if row.type == case_type.code
        and not states[row.state].final
        and may_see(desk.agent.catalogue, visit.person, row)
    )


def _type(desk: Desk, visit: Visit) -> CaseType:
    found = desk.agent.catalogue.types.get(visit.params.get("type", ""))
    if found is None or not _may_open(found, visit):
        raise Refused(Code.DESK_NOT_FOUND)
    return found


def _may_open(case_type: CaseType, visit: Visit) -> bool:
    return bool({role.value for role in visit.person.certified.roles} & {actor.value for actor in case_type.opens})


def _page(desk: Desk, visit: Visit, case_type: CaseType, values: Mapping[str, str], kept_at: str | None) -> InquiryPage:
    rule = case_type.messages[Kind.INQUIRY]
    stations = tuple(
        (code, desk.station_name(site.code, now=visit.now))
        for code, site in desk.sites.by_code.items()
        if site.kind.value in ("station", "hall", "township") and code != desk.agent.station
    )
    again = visit.params.get("case", "")
    return InquiryPage(
        type=case_type.code,
        title=visit.words.of(rule),
        again=again,
        to=values.get("to", ""),
        stations=stations,
        place=visit.path,
        inputs=inputs_of(rule.fields, values, visit.words, without=LATER_FIELDS),
        files=Role.OTHER in rule.attachments,
        scans=offered(desk, visit),
        chosen=chosen_items(values),
        kept_at=kept_at,
        phrases=phrases_of(desk),
    )


def _told(page: InquiryPage, visit: Visit, error: HanxunError) -> Answer:
    text, remedy = visit.words.error(error)
    if error.code in (Code.STATION_FORM, Code.TO_SELF, Code.SITE_UNKNOWN):
        told = replace(page, to_error=text, error=visit.words("message.look_at_fields"), remedy=remedy)
        return Html("inquiry.html", told, 422)
    name = name_of_pointer(error.field)
    if name and any(has_input((each,), name) or name.startswith(f"{each.name}.") for each in page.inputs):
        marked = with_error(page.inputs, name, text)
        told = replace(page, inputs=marked, error=visit.words("message.look_at_fields"), remedy=remedy)
        return Html("inquiry.html", told, 422)
    return Html("inquiry.html", replace(page, error=text, remedy=remedy), 422)
