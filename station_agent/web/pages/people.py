"""账户与人员: who signs in here and how they stand; resetting somebody by two, leaving, and codes for the second factor.

The head starts, with password and second factor given again; somebody else confirms a reset in a session of their own. What was
signed, what is on its way to the hub, and what is left for the authority to do are shown as they are.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from hub.pages.drafts import draft_of, forget_draft
from hub.pages.reasons import reason_of
from hub.pages.wording import Words
from hub.protocol.administration import KIND_WORDS, AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, NotPermitted, Refused
from hub.protocol.identifiers import Digest
from hub.signing.purposes import OfficerRole
from station_agent.people import Person
from station_agent.personnel import (
    confirm_reset,
    disable_officer,
    propose_reset,
    require_officer,
    require_waiting_reset,
    withdraw_reset,
)
from station_agent.personnel_record import Recorded, WaitingReset, resets_waiting
from station_agent.store.case_lists import count_owned
from station_agent.store.desk import find_account, void_account
from station_agent.web.accounts import code_after_reset, new_code
from station_agent.web.desk import Desk
from station_agent.web.frame import OPEN_AT_ANSWERER
from station_agent.web.staff import Member, State, members, require_member
from station_agent.web.visit import Answer, File, Html, Redirect, Visit

HEADS = (OfficerRole.HEAD,)
RESET, LEAVE, CODE = "reset", "leave", "code"
ACTS = (RESET, LEAVE, CODE)
_IN_USE = (State.ACTIVE, State.LOCKED, State.NOT_ENROLLED, State.EXPIRED, State.REVOKED)
_FOR = {
    RESET: _IN_USE,
    LEAVE: _IN_USE,
    CODE: (State.ACTIVE, State.LOCKED, State.NOT_ENROLLED, State.CHOOSES, State.CERTIFICATE),
}
_TONES = {State.ACTIVE: "good", State.LEFT: "", State.REVOKED: "bad", State.EXPIRED: "bad", State.LOCKED: "bad"}


@dataclass(frozen=True, slots=True)
class WaitingShown:
    """One reset that waits; `mine`: this visitor may not confirm it, having started it or being whom it is about."""

    waiting: WaitingReset
    name: str
    by: str
    mine: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """The list; `heads`: with what only the head sees and does."""

    people: tuple[Member, ...]
    waiting: tuple[WaitingShown, ...]
    heads: bool
    tones: dict[State, str]


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One statement: `what` and who in words, where it is on its way (`sent`: at the hub since, `trouble`: refused there)."""

    what: str
    by: str
    at: str
    reason: str
    digest: str
    sent: str | None
    trouble: str


@dataclass(frozen=True, slots=True)
class PersonPage:
    """One person, with what may be done now, what was said about them, and what is left for the authority."""

    member: Member
    tone: str
    acts: tuple[str, ...]
    waiting: WaitingShown | None
    lines: tuple[RecordLine, ...]
    why_revoked: str
    roles_wanted: str


@dataclass(frozen=True, slots=True)
class ActPage:
    """An act before it is signed: what it will do to whom; `reason` as typed. `sessions`: how many the person has open;
    `owned`: open cases that are theirs."""

    what: str
    member: Member
    place: str
    sessions: int
    owned: int
    reason: str
    kept_at: str | None
    error: str = ""
    remedy: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class ResetPage:
    """A reset that waits, whole, for who may confirm or decline it."""

    shown: WaitingShown
    place: str
    reason: str
    kept_at: str | None
    error: str = ""
    remedy: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class CodePage:
    """A one-time code, shown this once; `reset`: of somebody whose key was just taken out of use."""

    number: str
    name: str
    code: str
    until: str
    reset: bool
    person_page: bool


class Reply(NamedTuple):
    """What a refused form shows: the code's words, and the field that they belong to."""

    error: str
    remedy: str
    field: str


def show_people(desk: Desk, visit: Visit) -> Answer:
    """The list, and the resets that wait."""
    heads, found = _is_head(visit), members(desk, now=visit.now)
    # Who has left is the head's business.
    people = found if heads else tuple(each for each in found if each.state is not State.LEFT)
    return Html("people.html", PeoplePage(people, _waiting(desk, visit), heads, _TONES))


def show_person(desk: Desk, visit: Visit) -> Answer:
    """One person."""
    member = require_member(desk, visit.params["number"], now=visit.now)
    waiting = next((each for each in _waiting(desk, visit) if each.waiting.number == member.number), None)
    acts = tuple(
        what
        for what in ACTS
        if member.state in _FOR[what] and member.number != visit.person.number and not (what == RESET and waiting)
    )
    left = member.certified is None and member.state is State.LEFT
    return Html(
        "person.html",
        PersonPage(
            member=member,
            tone=_TONES.get(member.state, "wait"),
            acts=acts,
            waiting=waiting,
            lines=tuple(_line(visit.words, each) for each in reversed(member.on_record)),
            why_revoked="affiliationChanged" if left else "superseded",
            roles_wanted=" ".join(f"--role {role}" for role in member.roles),
        ),
    )


def show_act(desk: Desk, visit: Visit) -> Answer:
    """What would be signed, before it is."""
    return Html("person_act.html", _act_page(desk, visit))


def do_act(desk: Desk, visit: Visit) -> Answer:
    """Do it, once the head has shown again who they are."""
    what, number = _what(visit), visit.params["number"]
    require_member(desk, number, now=visit.now)
    try:
        reason = "" if what == CODE else reason_of(visit)
        head = _proved(desk, visit)
        answer = {RESET: _reset, LEAVE: _leave, CODE: _give_code}[what](desk, head, number, reason, visit)
    except HanxunError as error:
        page = replace(_act_page(desk, visit), reason=visit.form.get("reason", ""), **_told(visit, error)._asdict())
        return Html("person_act.html", page, error.status)
    forget_draft(desk, visit, visit.path)
    return answer


def show_reset(desk: Desk, visit: Visit) -> Answer:
    """A reset that waits, whole."""
    values, kept_at = draft_of(desk, visit, visit.path)
    return Html("reset.html", ResetPage(_shown_reset(desk, visit), visit.path, values.get("reason", ""), kept_at))


def confirm(desk: Desk, visit: Visit) -> Answer:
    """Confirm it: the old key is out of use, its sessions are over, and a one-time code is shown to hand over."""
    shown = _shown_reset(desk, visit)
    number, codes = shown.waiting.number, list[str]()
    try:
        other = _proved(desk, visit)
        confirm_reset(
            desk.agent,
            other,
            shown.waiting.digest,
            now=visit.now,
            also=lambda tx: codes.append(code_after_reset(tx, number, now=visit.now)),
        )
    except HanxunError as error:
        page = ResetPage(shown, f"/resets/{shown.waiting.digest}", "", None, **_told(visit, error)._asdict())
        return Html("reset.html", page, error.status)
    desk.sessions.end_of(number)
    return _shows_code(desk, visit, number, shown.name, codes[-1], reset=True)


def decline(desk: Desk, visit: Visit) -> Answer:
    """Take it back, or decline it, with a reason."""
    shown = _shown_reset(desk, visit)
    place = f"/resets/{shown.waiting.digest}"
    try:
        reason = reason_of(visit)
        withdraw_reset(desk.agent, visit.person, shown.waiting.digest, reason=reason, now=visit.now)
    except HanxunError as error:
        page = ResetPage(shown, place, visit.form.get("reason", ""), None, **_told(visit, error)._asdict())
        return Html("reset.html", page, error.status)
    forget_draft(desk, visit, place)
    return Redirect("/people", "people.reset_withdrawn")


def certificate_file(desk: Desk, visit: Visit) -> Answer:
    """A certificate that is out of use here, for the authority to revoke. It is public: it holds no key."""
    member = require_member(desk, visit.params["number"], now=visit.now)
    for each in member.retired:
        if each.certified.x5t == visit.params["x5t"]:
            return File(each.certified.pem, "application/x-pem-file", f"revoke-{each.certified.x5t[:12]}.pem")
    raise Refused(Code.DESK_NOT_FOUND)


def request_file(desk: Desk, visit: Visit) -> Answer:
    """The request of a new key, for the authority to issue its certificate."""
    member = require_member(desk, visit.params["number"], now=visit.now)
    if not member.has_request:
        raise Refused(Code.DESK_NOT_FOUND)
    raw = desk.agent.folder.officer(member.number).place.request.read_bytes()
    return File(raw, "application/x-pem-file", f"{member.number}.csr.pem")


def _reset(desk: Desk, head: Person, number: str, reason: str, visit: Visit) -> Answer:
    digest = propose_reset(desk.agent, head, number, reason=reason, now=visit.now)
    return Redirect(f"/resets/{digest}", "people.reset_waits")


def _leave(desk: Desk, head: Person, number: str, reason: str, visit: Visit) -> Answer:
    disable_officer(desk.agent, head, number, reason=reason, now=visit.now, also=lambda tx: void_account(tx, number))
    desk.sessions.end_of(number)
    return Redirect(f"/people/{number}", "people.left_done")


def _give_code(desk: Desk, head: Person, number: str, _reason: str, visit: Visit) -> Answer:
    member = require_member(desk, number, now=visit.now)
    if head.number == number:
        raise NotPermitted(Code.SAME_ADMINISTRATOR, detail=number)
    if member.state not in _FOR[CODE]:
        raise Refused(Code.DESK_CERTIFICATE)
    with desk.agent.store.write() as tx:
        # After a reset there is a password to choose first, and an authority to wait for.
        after_reset = member.certified is None
        code = code_after_reset(tx, number, now=visit.now) if after_reset else new_code(tx, number, now=visit.now)
    return _shows_code(desk, visit, number, member.name, code, reset=member.state is State.CHOOSES)


def _shows_code(desk: Desk, visit: Visit, number: str, name: str, code: str, *, reset: bool) -> Answer:
    with desk.agent.store.read() as tx:
        account = find_account(tx, number)
    until = "" if account is None else account.code_until or ""
    return Html("one_time_code.html", CodePage(number, name, code, until, reset, _is_head(visit)))


def _proved(desk: Desk, visit: Visit) -> Person:
    form = visit.form
    try:
        return desk.accounts.prove(visit.person.number, form.get("password", ""), form.get("code", ""), now=visit.now)
    except NotPermitted as error:
        raise NotPermitted(error.code, field="password", values=error.values) from error


def _told(visit: Visit, error: HanxunError) -> Reply:
    return Reply(*visit.words.error(error), error.field or "")


def _act_page(desk: Desk, visit: Visit) -> ActPage:
    what = _what(visit)
    member = require_member(desk, visit.params["number"], now=visit.now)
    if what != CODE and member.certified is not None:
        require_officer(desk.agent, visit.person, member.number)
    if member.state not in _FOR[what] or member.number == visit.person.number:
        raise Refused(Code.DESK_NOT_FOUND)
    values, kept_at = draft_of(desk, visit, visit.path)
    sessions = desk.sessions.count_of(member.number)
    with desk.agent.store.read() as tx:
        owned = count_owned(tx, member.number, OPEN_AT_ANSWERER)
    return ActPage(what, member, visit.path, sessions, owned, values.get("reason", ""), kept_at)


def _what(visit: Visit) -> str:
    what = visit.params["what"]
    if what not in ACTS:
        raise Refused(Code.DESK_NOT_FOUND)
    return what


def _is_head(visit: Visit) -> bool:
    return OfficerRole.HEAD in visit.person.certified.roles


def _waiting(desk: Desk, visit: Visit) -> tuple[WaitingShown, ...]:
    with desk.agent.store.read() as tx:
        found = resets_waiting(tx, now=visit.now)
    return tuple(_shown(desk, visit, each) for each in found)


def _shown_reset(desk: Desk, visit: Visit) -> WaitingShown:
    digest = Digest(visit.params["digest"])
    return _shown(desk, visit, require_waiting_reset(desk.agent, digest, now=visit.now))


def _shown(desk: Desk, visit: Visit, waiting: WaitingReset) -> WaitingShown:
    mine = visit.person.number in (waiting.by.number, waiting.number)
    return WaitingShown(waiting, desk.names(waiting.number), f"{waiting.by.name} {waiting.by.number}", mine)


def _line(words: Words, each: Recorded) -> RecordLine:
    if isinstance(each.what, AdministrationKind):
        zh, _, en = KIND_WORDS[each.what].partition(" / ")
        what = zh if words.language == "zh" else en[:1].upper() + en[1:]
    else:
        what = words(f"people.answer_{each.what.value}")
    trouble = "" if each.trouble is None else each.trouble
    return RecordLine(
        what, f"{each.by.name} {each.by.number}", each.at, each.reason, each.digest, each.sent_at, trouble
    )
