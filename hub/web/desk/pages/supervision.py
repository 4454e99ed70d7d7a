"""A4's acts: 督办 (urging the station that is late) and 延期 (a later end of one limit): filled in, seen whole, then signed.

Nothing is signed before the second page, which shows the very act; its id goes with it, so that pressing twice signs once.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from hub.cases.extension import MOST_EXTENDED, why_fixed
from hub.exchange.administration import make_act
from hub.exchange.limits import CaseLimit, usual_reckoning
from hub.exchange.supervise import supervise
from hub.exchange.supervision import LateCase, case_for, require_late, require_new_end
from hub.pages.drafts import draft_of, forget_draft
from hub.pages.reasons import reason_of
from hub.pages.shown import exact
from hub.protocol.administration import AdministrationKind, AdministrativeAct, ExtendDetails, UrgeDetails
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import ENVELOPE_ID_PATTERN, EnvelopeId
from hub.protocol.instants import SHANGHAI, format_instant, parse_instant
from hub.store.case_acts import CaseActRow, acts_about
from hub.web.desk.ground import Ground
from hub.web.desk.pages.acts import ActLine, kind_words
from hub.web.desk.shown import step_name, type_name
from hub.web.desk.visit import Answer, Html, Redirect, Visit

Kind = AdministrationKind
URGE, EXTEND = "urge", "extend"
_KINDS = {URGE: Kind.URGE_CASE, EXTEND: Kind.EXTEND_LIMIT}
_TYPED = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class EarlierAct:
    """An act about the case that was signed before: `until`, when it was an extension."""

    what: str
    limit: str
    who: str
    at: str
    until: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class SupervisePage:
    """The form. `what`: urge or extend; `step` the limit, `due_at` its present end; `until` as typed, between `soonest` and `latest`
    (Beijing); `field`: which one `error` is about; `fixed`: this limit is never extended."""

    what: str
    title: str
    case: str
    type: str
    station: str
    other: str
    step: str
    limit: str
    due_at: str
    own_due_at: str
    over: timedelta | None
    reason: str
    until: str
    soonest: str
    latest: str
    fixed: bool
    earlier: tuple[EarlierAct, ...]
    place: str
    kept_at: str | None = None
    error: str = ""
    remedy: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class SupervisePreview:
    """The act before it is signed: `lines` are all it says; the rest goes back with the form."""

    what: str
    title: str
    case: str
    place: str
    lines: tuple[ActLine, ...]
    id: str
    step: str
    seen: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class _Looked:
    late: LateCase
    limit: CaseLimit
    acts: tuple[CaseActRow, ...]


def show_urge(ground: Ground, visit: Visit) -> Answer:
    """The form for urging."""
    return _form(ground, visit, URGE)


def preview_urge(ground: Ground, visit: Visit) -> Answer:
    """What would be signed, whole."""
    return _preview(ground, visit, URGE)


def sign_urge(ground: Ground, visit: Visit) -> Answer:
    """Sign it: the station is told at once."""
    return _sign(ground, visit, URGE)


def show_extend(ground: Ground, visit: Visit) -> Answer:
    """The form for extending."""
    return _form(ground, visit, EXTEND)


def preview_extend(ground: Ground, visit: Visit) -> Answer:
    """What would be signed, whole."""
    return _preview(ground, visit, EXTEND)


def sign_extend(ground: Ground, visit: Visit) -> Answer:
    """Sign it: the limit ends later, at the hub and at both stations."""
    return _sign(ground, visit, EXTEND)


def _form(ground: Ground, visit: Visit, what: str, error: HanxunError | None = None) -> Answer:
    looked = _look(ground, visit)
    if error is None:
        typed, kept_at = draft_of(ground, visit, _place(visit, what, looked))
        page = _page(ground, replace(visit, form=typed), what, looked)
        return Html("supervise.html", replace(page, kept_at=kept_at))
    page = _page(ground, visit, what, looked)
    text, remedy = visit.words.error(error)
    field = "reason" if error.code is Code.DESK_REASON else "until" if what == EXTEND else ""
    return Html("supervise.html", replace(page, error=text, remedy=remedy, field=field), error.status)


def _preview(ground: Ground, visit: Visit, what: str) -> Answer:
    looked = _look(ground, visit)
    try:
        act = _act(ground, visit, what, looked.limit)
    except HanxunError as error:
        return _form(ground, visit, what, error)
    page = SupervisePreview(
        what=what,
        title=kind_words(visit.words, act.act),
        case=visit.case,
        place=_place(visit, what, looked),
        lines=_lines(ground, visit, act, looked),
        id=act.id,
        step=looked.limit.rule.step,
        seen=format_instant(looked.limit.due),
        reason=visit.form["reason"].strip(),
        until=visit.form.get("until", ""),
    )
    return Html("supervise_preview.html", page)


def _sign(ground: Ground, visit: Visit, what: str) -> Answer:
    try:
        act = _signed_act(ground, visit, what)
        with ground.office() as office:
            supervise(office, act, signer=visit.person.signer, now=visit.now)
    except HanxunError as error:
        return _form(ground, visit, what, error)
    forget_draft(ground, visit, visit.form.get("_place", ""))
    return Redirect("/overdue", f"supervise.{what}_done")


def _place(visit: Visit, what: str, looked: _Looked) -> str:
    return f"/cases/{visit.case}/{what}?{urlencode({'step': looked.limit.rule.step})}"


def _act(ground: Ground, visit: Visit, what: str, limit: CaseLimit) -> AdministrativeAct:
    """The act that the form asks for, as it could be signed now. Raises: Refused (`desk.*`, `supervision.*`, `limit.*`)."""
    act = _made(ground, visit, what, limit, seen=format_instant(limit.due))
    if what == URGE:
        require_late(limit, now=visit.now)
    else:
        require_new_end(limit, _until(visit), now=visit.now)
    return act


def _signed_act(ground: Ground, visit: Visit, what: str) -> AdministrativeAct:
    """The act that was shown: with its id, and the end of the limit as it was seen, which filing holds against the present one."""
    looked, seen, id = _look(ground, visit), visit.form.get("seen", ""), visit.form.get("id", "")
    if re.fullmatch(ENVELOPE_ID_PATTERN, id, re.ASCII) is None:
        raise Refused(Code.DESK_FORM)
    act = _made(ground, visit, what, looked.limit, seen=seen)
    return msgspec.structs.replace(act, id=EnvelopeId(id))


def _made(ground: Ground, visit: Visit, what: str, limit: CaseLimit, *, seen: str) -> AdministrativeAct:
    """An act about `limit`, which ends at `seen` by what the administrator was shown. Raises: Refused (`desk.*`, `time.form`)."""
    reason, due = reason_of(visit), format_instant(parse_instant(seen))
    step, station = limit.rule.step, limit.station
    details: msgspec.Struct = UrgeDetails(station=station, step=step, due_at=due, reason=reason)
    if what == EXTEND:
        until = format_instant(_until(visit))
        details = ExtendDetails(station=station, step=step, before=due, due_at=until, reason=reason)
    origin, certified = ground.settings.trail.origin, visit.person.certified
    return make_act(_KINDS[what], visit.case, details, origin=origin, certified=certified, now=visit.now)


def _until(visit: Visit) -> datetime:
    try:
        return datetime.strptime(visit.form.get("until", "")[:16], _TYPED).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise Refused(Code.DESK_FIELD, field="until") from error


def _look(ground: Ground, visit: Visit) -> _Looked:
    """The case with the limit that is meant: the one named, else the running one that ends first.

    Raises: Refused (`supervision.not_running`).
    """
    reckoning, case = usual_reckoning(), visit.case

    def look(tx: sa.Connection) -> tuple[LateCase, tuple[CaseActRow, ...]]:
        return case_for(tx, case, reckoning), acts_about(tx, case)

    late, acts = ground.read(look)
    step = visit.form.get("step", "") or visit.query.get("step", "") or late.entry.row.step or ""
    return _Looked(late, late.limit(step), acts)


def _page(ground: Ground, visit: Visit, what: str, looked: _Looked) -> SupervisePage:
    words, names = visit.words, ground.station_names()
    row, limit = looked.late.entry.row, looked.limit
    other = row.opener if limit.station == row.respondent else row.respondent
    fixed = why_fixed(limit.rule) if what == EXTEND else None
    refused = None if fixed is None else words.error(Refused(fixed, values={"step": words.of(limit.rule)}))
    return SupervisePage(
        what=what,
        title=kind_words(words, _KINDS[what]),
        case=visit.case,
        type=type_name(ground, words, row.type),
        station=names.get(limit.station, limit.station),
        other=names.get(other, other),
        step=limit.rule.step,
        limit=words.of(limit.rule),
        due_at=format_instant(limit.due),
        own_due_at=format_instant(limit.own_due),
        over=visit.now - limit.due if limit.is_over(visit.now) else None,
        reason=visit.form.get("reason", "").strip()[:500],
        until=visit.form.get("until", "")[:16],
        soonest=_typed(max(limit.due, visit.now) + timedelta(minutes=1)),
        latest=_typed(limit.own_due + MOST_EXTENDED),
        fixed=fixed is not None,
        place=_place(visit, what, looked),
        earlier=tuple(earlier_act(ground, visit, row.type, each) for each in reversed(looked.acts)),
        error="" if refused is None else refused[0],
        remedy="" if refused is None else refused[1],
    )


def _typed(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime(_TYPED)


def earlier_act(ground: Ground, visit: Visit, type: str, act: CaseActRow) -> EarlierAct:
    """Return an act about a case of that type in words."""
    return EarlierAct(
        what=kind_words(visit.words, act.kind),
        limit=step_name(ground, visit.words, type, act.step),
        who=f"{act.by_name} {act.by_number}",
        at=act.at,
        until=act.due_at,
        reason=act.reason,
    )


def _lines(ground: Ground, visit: Visit, act: AdministrativeAct, looked: _Looked) -> tuple[ActLine, ...]:
    words, names, limit = visit.words, ground.station_names(), looked.limit
    row = looked.late.entry.row
    lines = [
        ActLine(words("overdue.case"), f"{type_name(ground, words, row.type)} {visit.case}"),
        ActLine(words("overdue.holder"), f"{names.get(limit.station, '')} {limit.station}".strip()),
        ActLine(words("overdue.step"), words.of(limit.rule)),
        ActLine(words("supervise.due_at"), _beijing(words("frame.beijing"), limit.due)),
    ]
    if act.act is Kind.EXTEND_LIMIT:
        until = parse_instant(str(act.details["due_at"]))
        lines.append(ActLine(words("supervise.until"), _beijing(words("frame.beijing"), until)))
    lines += [
        ActLine(words("acts.reason"), str(act.details["reason"])),
        ActLine(words("supervise.by"), f"{act.by.name} {act.by.number}"),
        ActLine(
            words("supervise.told"),
            " · ".join(names.get(code, code) for code in (row.opener, row.respondent)),
        ),
    ]
    return tuple(lines)


def _beijing(zone: str, at: datetime) -> str:
    return f"{exact(at)} {zone}"
