"""Acts of administration: seen whole before they are signed, signed with one's own key, and by a second person where it takes two."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from hub.exchange.administration import Filed, Proposal, approve, make_act, pending, propose, proposed, withdraw
from hub.pages.drafts import draft_of, forget_draft
from hub.pages.reasons import reason_of
from hub.pages.shown import moment
from hub.pages.wording import Words
from hub.protocol.administration import (
    COUNTS_AT_ONCE,
    KIND_WORDS,
    AdministrationKind,
    AdministrativeAct,
    LostDetails,
    ReasonDetails,
)
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import StationId, digest_of
from hub.protocol.instants import SHANGHAI, format_instant
from hub.signing.certificates import read_certificate
from hub.web.desk.accounts import code_for
from hub.web.desk.ground import Ground
from hub.web.desk.officials import people_here
from hub.web.desk.visit import Answer, Html, Redirect, Visit

Kind = AdministrationKind
OFFERED = (
    Kind.ACTIVATE_SEAL,
    Kind.SUSPEND_SEAL,
    Kind.RESUME_SEAL,
    Kind.LOSE_SEAL,
    Kind.CANCEL_SEAL,
    Kind.SUSPEND_STATION,
    Kind.RESUME_STATION,
    Kind.ENROL_ACCOUNT,
    Kind.RESET_ACCOUNT,
)
"""What can be proposed here. The rest needs files or a hub that stands still, and is done by commands."""

NOT_HERE = (Kind.RESTORE,)
"""What is not approved here: a restore is declared before the hub serves again."""
GRAVE = frozenset({Kind.LOSE_SEAL, Kind.CANCEL_SEAL, Kind.SUSPEND_STATION, Kind.SUSPEND_SEAL, Kind.ERASE_CASE})
_WHERE = {"seal": "/seals", "station": "/stations", "account": "/people"}
_NO_REASON_YET = "-"
_FINGERPRINT = 43
"""The length of a certificate's fingerprint, by which seals are named."""
_HIDDEN = frozenset({"certificate", "certificates", "statement"})


@dataclass(frozen=True, slots=True)
class ActLine:
    """One line of what an act says."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """An act before it is signed: `kind`, `subject`, `reason` and `since` go back with the form. `two`: a second must approve;
    `place`: this page's address, by which what is typed is kept."""

    place: str
    kept_at: str | None
    kind: str
    title: str
    subject: str
    reason: str
    since: str
    lines: tuple[ActLine, ...]
    two: bool
    grave: bool
    back: str
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ProposalShown:
    """One act that waits for a second signature; `subject` by the name that people know."""

    number: int
    title: str
    subject: str
    reason: str
    by: str
    at: str
    expires: str
    lapsed: bool
    mine: bool
    here: bool
    grave: bool
    lines: tuple[ActLine, ...]


@dataclass(frozen=True, slots=True)
class PendingPage:
    """What waits."""

    proposals: tuple[ProposalShown, ...]


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """One that waits, whole, with what can be done about it; `reason` for taking it back, as typed."""

    proposal: ProposalShown
    place: str
    reason: str = ""
    kept_at: str | None = None
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class CodePage:
    """A one-time code, shown once to whoever let the person in; `person` by name and number."""

    person: str
    code: str


def preview(ground: Ground, visit: Visit) -> Answer:
    """What would be signed, whole; nothing is signed yet."""
    return Html("act_preview.html", _preview(ground, _with_draft(ground, visit)))


def show_preview(ground: Ground, visit: Visit) -> Answer:
    """The same, by its address: where one comes back to after signing in anew."""
    named = {name: visit.query.get(name, "") for name in ("kind", "subject")}
    return preview(ground, replace(visit, form=named))


def sign(ground: Ground, visit: Visit) -> Answer:
    """Sign it: in effect at once, or waiting for a second administrator."""
    try:
        kind, subject, details = _asked(visit)
        reason_of(visit)
        with ground.office() as office:
            filed = propose(office, kind, subject, details, signer=visit.person.signer, now=visit.now)
    except HanxunError as error:
        text, remedy = visit.words.error(error)
        page = replace(_preview(ground, visit), error=text, remedy=remedy)
        return Html("act_preview.html", page, error.status)
    forget_draft(ground, visit, _place(kind, subject))
    if kind is Kind.ENROL_ACCOUNT:
        return _shows_code(ground, subject, visit.now)
    return Redirect(_back(kind) if filed.effective else "/pending", "acts.done" if filed.effective else "acts.waits")


def show_pending(ground: Ground, visit: Visit) -> Answer:
    """What waits for a second administrator."""
    with ground.office() as office:
        found = pending(office, now=visit.now)
    return Html("pending.html", PendingPage(tuple(_shown(ground, visit, each) for each in found)))


def show_proposal(ground: Ground, visit: Visit) -> Answer:
    """One of them, whole, before it is approved."""
    shown, place = _shown(ground, visit, _proposal(ground, visit)), _withdrawing(visit)
    typed, kept_at = draft_of(ground, visit, place)
    return Html("proposal.html", ProposalPage(shown, place, typed.get("reason", ""), kept_at))


def approve_proposal(ground: Ground, visit: Visit) -> Answer:
    """Sign it as the second administrator: it takes effect."""

    def work() -> Filed:
        with ground.office() as office:
            return approve(office, _number(visit), signer=visit.person.signer, now=visit.now)

    return _answered(ground, visit, work)


def withdraw_proposal(ground: Ground, visit: Visit) -> Answer:
    """Take it back, with a reason."""

    def work() -> Filed:
        reason = reason_of(visit)
        with ground.office() as office:
            return withdraw(office, _number(visit), reason=reason, signer=visit.person.signer, now=visit.now)

    return _answered(ground, visit, work)


def _answered(ground: Ground, visit: Visit, work: Callable[[], Filed]) -> Answer:
    shown = _shown(ground, visit, _proposal(ground, visit))
    try:
        if not shown.here:
            raise Refused(Code.ADMINISTRATION_FORM, detail="by the command line, before the hub serves")
        filed = work()
    except HanxunError as error:
        text, remedy = visit.words.error(error)
        typed = visit.form.get("reason", "")
        return Html(
            "proposal.html", ProposalPage(shown, _withdrawing(visit), typed, error=text, remedy=remedy), error.status
        )
    forget_draft(ground, visit, _withdrawing(visit))
    if filed.act.act is Kind.RESET_ACCOUNT and filed.effective:
        return _shows_code(ground, filed.act.subject, visit.now)
    return Redirect("/pending", "acts.approved" if filed.effective else "acts.withdrawn")


def _shows_code(ground: Ground, number: str, now: datetime) -> Answer:
    with ground.lock, ground.engine.begin() as tx:
        code = code_for(tx, number, now=now)
    return Html("one_time_code.html", CodePage(_with_name(ground, number), code))


def _asked(visit: Visit) -> tuple[AdministrationKind, str, msgspec.Struct]:
    form = visit.form
    kind = next((each for each in OFFERED if each.value == form.get("kind")), None)
    subject, reason = form.get("subject", "").strip()[:255], form.get("reason", "").strip()[:500]
    if kind is None or not subject:
        raise Refused(Code.DESK_FORM)
    if kind is Kind.LOSE_SEAL:
        return (
            kind,
            subject,
            LostDetails(compromised_since=_since(form.get("since", "")), reason=reason or _NO_REASON_YET),
        )
    return kind, subject, ReasonDetails(reason=reason or _NO_REASON_YET)


def _since(text: str) -> str:
    try:
        return format_instant(datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=SHANGHAI))
    except ValueError:
        return text


def _preview(ground: Ground, visit: Visit) -> PreviewPage:
    kind, subject, details = _asked(visit)
    certified = visit.person.certified
    act = make_act(kind, subject, details, origin=ground.settings.trail.origin, certified=certified, now=visit.now)
    return PreviewPage(
        place=_place(kind, subject),
        kept_at=visit.form.get("kept_at"),
        kind=kind.value,
        title=kind_words(visit.words, kind),
        subject=subject,
        reason=visit.form.get("reason", "").strip(),
        since=visit.form.get("since", ""),
        lines=lines_of(ground, visit.words, act),
        two=kind not in COUNTS_AT_ONCE,
        grave=kind in GRAVE,
        back=_back(kind),
    )


def _place(kind: AdministrationKind, subject: str) -> str:
    return f"/acts/preview?{urlencode({'kind': kind.value, 'subject': subject})}"


def _withdrawing(visit: Visit) -> str:
    return f"/pending/{_number(visit)}"


def _with_draft(ground: Ground, visit: Visit) -> Visit:
    """The visit with what was typed into this form before."""
    kind, subject, _ = _asked(visit)
    typed, kept_at = draft_of(ground, visit, _place(kind, subject))
    kept = {name: typed[name] for name in ("reason", "since") if name in typed} | (
        {"kept_at": kept_at} if kept_at else {}
    )
    return replace(visit, form={**visit.form, **kept})


def _back(kind: AdministrationKind) -> str:
    return next((path for word, path in _WHERE.items() if kind.value.endswith(word)), "/pending")


def _number(visit: Visit) -> int:
    text = visit.params.get("number", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refused(Code.DESK_NOT_FOUND)
    return int(text)


def _proposal(ground: Ground, visit: Visit) -> Proposal:
    with ground.office() as office:
        return proposed(office, _number(visit), now=visit.now)


def _shown(ground: Ground, visit: Visit, proposal: Proposal) -> ProposalShown:
    act = proposal.act
    return ProposalShown(
        number=proposal.number,
        title=kind_words(visit.words, act.act),
        subject=subject_name(ground, act.act, act.subject),
        reason=str(act.details.get("reason", "")),
        by=f"{act.by.name} {act.by.number}",
        at=act.at,
        expires=act.expires or "",
        lapsed=proposal.lapsed,
        mine=act.by.number == visit.person.number,
        here=act.act not in NOT_HERE,
        grave=act.act in GRAVE,
        lines=lines_of(ground, visit.words, act),
    )


def kind_words(words: Words, kind: AdministrationKind) -> str:
    """Return what a kind of act is called."""
    zh, _, en = KIND_WORDS[kind].partition(" / ")
    return zh if words.language == "zh" else en[:1].upper() + en[1:]


def lines_of(ground: Ground, words: Words, act: AdministrativeAct) -> tuple[ActLine, ...]:
    """Return what an act says, line by line; certificates by name and fingerprint."""
    lines, names = [ActLine(words("acts.subject"), subject_name(ground, act.act, act.subject))], ground.station_names()
    if len(act.subject) == _FINGERPRINT:
        lines.append(ActLine(words("seals.fingerprint"), act.subject))
    for key, value in act.details.items():
        if key == "parent" and act.act is Kind.MOVE_STATION:
            value = words("organisation.none_above") if value is None else f"{names.get(value, '')} {value}".strip()
        if key in _HIDDEN or not value or value == _NO_REASON_YET:
            continue
        label = f"acts.detail_{key}"
        lines.append(ActLine(words(label) if words.has(label) else key, _detail(ground, key, value)))
    for pem in filter(None, (act.details.get("certificate"), *act.details.get("certificates", ()))):
        certified = read_certificate(str(pem).encode())
        shown = f"{certified.name} {certified.station or ''} {digest_of(certified.der)[:16]}"
        lines.append(ActLine(words("acts.certificate"), shown))
    lines.append(ActLine(words("acts.by"), f"{act.by.name} {act.by.number}"))
    if act.expires is not None:
        lines.append(ActLine(words("acts.lapses"), moment(act.expires)))
    return tuple(lines)


def _detail(ground: Ground, key: str, value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    if key == "parent":
        return ground.station_names().get(StationId(text), text)
    return moment(text) if key == "compromised_since" and "T" in text else text


def subject_name(ground: Ground, kind: AdministrationKind, subject: str) -> str:
    """Return what an act is about, with the name that people know it by."""
    if kind in (Kind.ENROL_ACCOUNT, Kind.RESET_ACCOUNT):
        return _with_name(ground, subject)
    if kind.value.endswith("-station"):
        return f"{ground.station_names().get(StationId(subject), '')} {subject}".strip()
    certified = ground.book.certificate(subject) if len(subject) == _FINGERPRINT else None
    return subject if certified is None else certified.name


def _with_name(ground: Ground, number: str) -> str:
    here = people_here(ground.folder, purposes=ground.purposes)
    return next((f"{person.name} {number}" for person in here if person.number == number), number)
