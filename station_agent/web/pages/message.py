"""签收, 答复, 要求补充, 退回补正, 补充, 异议, 办结, 撤回: one page for all of them, its form from the case type's definition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.cases.catalogue import MessageRule
from hub.cases.machine import default_machine
from hub.pages.drafts import draft_of, forget_draft
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import HanxunError, Refused
from station_agent.desk import close as closing
from station_agent.desk import messages
from station_agent.desk.claim import claim
from station_agent.desk.draft import NewFile
from station_agent.desk.reply import reply
from station_agent.store.cases import CaseRow, require_case
from station_agent.store.gates import DONE, register_acts_of
from station_agent.store.phrases import PhraseRow
from station_agent.store.tray import TrayRow
from station_agent.web.actions import KINDS
from station_agent.web.attaching import (
    ADDED,
    chosen_items,
    given_files,
    is_tray_field,
    offered,
    settle_given,
    with_digests,
)
from station_agent.web.desk import Desk
from station_agent.web.facts import facts_of
from station_agent.web.forms import Input, body_of, has_input, inputs_of, name_of_pointer, with_error
from station_agent.web.pages.case import others_in_words
from station_agent.web.pages.phrases import phrases_of
from station_agent.web.visit import Answer, Html, Redirect, Visit


@dataclass(frozen=True, slots=True)
class MessagePage:
    """The form of one message. `about`: the case in a line, its kind, the other station, the persons. `kept_at` tells that it holds a draft, `error` what is wrong on the whole, `files` the roles in
    which files can be added, `scans` the tray's that can be chosen and `chosen` which are, `registers` outcomes that need the gate (shown as a hint)."""

    case: str
    event: str
    about: tuple[str, ...]
    title: str
    submit: str
    place: str
    inputs: tuple[Input, ...]
    files: tuple[tuple[str, str], ...]
    scans: tuple[TrayRow, ...]
    chosen: Mapping[str, str]
    kept_at: str | None
    grave: bool
    registers: tuple[str, ...]
    phrases: tuple[PhraseRow, ...]
    others: str
    error: str = ""
    remedy: str = ""


def show_message(desk: Desk, visit: Visit) -> Answer:
    """The form, with what was typed before."""
    kind = _kind(visit)
    row, rule = _rule(desk, visit, kind)
    values, kept_at = draft_of(desk, visit, visit.path)
    if all(map(is_tray_field, values)):  # nothing typed yet: at most a scan was put here from the tray
        values = _known(desk, row, kind) | values
    return Html("message.html", _page(desk, visit, row, rule, values, kept_at))


def send_message(desk: Desk, visit: Visit) -> Answer:
    """Do it. What is wrong comes back in the form, beside its field, with everything that was typed."""
    kind = _kind(visit)
    row, rule = _rule(desk, visit, kind)
    try:
        given = given_files(desk, visit, rule, ADDED)
        body = body_of(rule.fields, with_digests(visit.form, rule, given))
        _ACTS[kind](desk, visit, body, tuple(each.file for each in given))
    except HanxunError as error:
        page = _page(desk, visit, row, rule, visit.form, None)
        return Html("message.html", _told(page, visit, error), 422)
    settle_given(desk, visit, given, row.case)
    forget_draft(desk, visit, visit.path)
    return Redirect(f"/cases/{row.case}", f"message.done_{kind.value}")


def _kind(visit: Visit) -> Kind:
    kind = KINDS.get(visit.params.get("event", ""))
    if kind is None:
        raise Refused(Code.DESK_NOT_FOUND)
    return kind


def _rule(desk: Desk, visit: Visit, kind: Kind) -> tuple[CaseRow, MessageRule]:
    with desk.agent.store.read() as tx:
        row = require_case(tx, visit.case)
    return row, desk.agent.catalogue.case_type(row.type).message(kind)


def _page(
    desk: Desk, visit: Visit, row: CaseRow, rule: MessageRule, values: Mapping[str, str], kept_at: str | None
) -> MessagePage:
    event, words = visit.params["event"], visit.words
    name = default_machine("case").rules.events[event]
    case_type = desk.agent.catalogue.case_type(row.type)
    return MessagePage(
        case=row.case,
        event=event,
        about=about_case(desk, visit, row),
        title=words.of(rule),
        submit=words.of(name),
        place=visit.path,
        inputs=inputs_of(rule.fields, values, words),
        files=tuple((role.value, words(f"message.role_{role.value}")) for role in ADDED if role in rule.attachments),
        scans=offered(desk, visit) if _takes_files(rule) else (),
        chosen=chosen_items(values),
        kept_at=kept_at,
        grave=event in ("return", "withdraw", "dispute"),
        registers=case_type.outcomes_through_gate if event == "answer" else (),
        phrases=phrases_of(desk),
        others=others_in_words(desk, visit),
    )


def _takes_files(rule: MessageRule) -> bool:
    return any(role in rule.attachments for role in ADDED)


def about_case(desk: Desk, visit: Visit, row: CaseRow) -> tuple[str, ...]:
    """A case in a line: its kind, the other station, and who it is about."""
    with desk.agent.store.read() as tx:
        people = facts_of(tx, row).people
    names = "、".join(str(person["name"]) for person in people if person.get("name"))
    kind = visit.words.of(desk.agent.catalogue.case_type(row.type))
    return tuple(part for part in (kind, desk.station_name(row.peer, now=visit.now), names) if part)


def _told(page: MessagePage, visit: Visit, error: HanxunError) -> MessagePage:
    text, remedy = visit.words.error(error)
    name = name_of_pointer(error.field)
    inputs, whole = page.inputs, text
    if name and (has_input(inputs, name) or any(name.startswith(f"{each.name}.") for each in inputs)):
        inputs, whole = with_error(inputs, name, text), visit.words("message.look_at_fields")
    return replace(page, inputs=inputs, error=whole, remedy=remedy)


def _known(desk: Desk, row: CaseRow, kind: Kind) -> dict[str, str]:
    """What the program knows already: the serial number that the register gave."""
    if kind is not Kind.REPLY:
        return {}
    with desk.agent.store.read() as tx:
        done = register_acts_of(tx, row.case, DONE)
    if not done:
        return {}
    outcomes = desk.agent.catalogue.case_type(row.type).outcomes_through_gate
    return {"outcome": outcomes[0] if outcomes else "", "serial": str(done[-1].serial)}


_Act = Callable[[Desk, Visit, Mapping[str, Any], tuple[NewFile, ...]], object]


def _text(body: Mapping[str, Any], name: str = "text") -> str:
    return str(body.get(name, ""))


_ACTS: Mapping[Kind, _Act] = {
    Kind.CLAIM: lambda desk, visit, body, _: claim(
        desk.agent, visit.person, visit.case, note=body.get("note"), now=visit.now
    ),
    Kind.ASK: lambda desk, visit, body, _: messages.ask(
        desk.agent, visit.person, visit.case, text=_text(body), now=visit.now
    ),
    Kind.RETURN: lambda desk, visit, body, _: messages.return_case(
        desk.agent,
        visit.person,
        visit.case,
        reason_code=_text(body, "reason_code"),
        text=_text(body),
        now=visit.now,
    ),
    Kind.SUPPLY: lambda desk, visit, body, files: messages.supply(
        desk.agent, visit.person, visit.case, text=_text(body), files=files, now=visit.now
    ),
    Kind.DISPUTE: lambda desk, visit, body, files: messages.dispute(
        desk.agent, visit.person, visit.case, text=_text(body), files=files, now=visit.now
    ),
    Kind.REPLY: lambda desk, visit, body, files: reply(
        desk.agent, visit.person, visit.case, body=body, files=files, now=visit.now
    ),
    Kind.CLOSE: lambda desk, visit, body, _: closing.close(
        desk.agent, visit.person, visit.case, body=body, now=visit.now
    ),
    Kind.WITHDRAW: lambda desk, visit, body, _: closing.withdraw(
        desk.agent, visit.person, visit.case, reason=_text(body, "reason"), now=visit.now
    ),
}
