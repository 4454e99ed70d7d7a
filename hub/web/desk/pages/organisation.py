"""A6's acts: another name for an organisation, another organisation above it, from a day on: filled in, seen whole, proposed.

It takes a second administrator (待批事项). Cases name codes: open ones go on under the new name and below the new parent.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from hub.exchange.administration import make_act, propose_act
from hub.pages.drafts import draft_of, forget_draft
from hub.pages.reasons import reason_of
from hub.protocol.administration import AdministrationKind, AdministrativeAct, MoveDetails, RenameDetails
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.exchange import StationEntry
from hub.protocol.identifiers import StationId, parse_station
from hub.store.station_versions import StationVersion, day_of, versions_all
from hub.store.stations import stations_known
from hub.web.desk.ground import Ground
from hub.web.desk.pages.acts import ActLine, kind_words, lines_of
from hub.web.desk.shown import Choice
from hub.web.desk.visit import Answer, Html, Redirect, Visit

Kind = AdministrationKind
RENAME, MOVE = "rename", "move"
_KINDS = {RENAME: Kind.RENAME_STATION, MOVE: Kind.MOVE_STATION}


@dataclass(frozen=True, slots=True)
class VersionLine:
    """What an organisation was, is or will be called, and what stands above it, from a day on."""

    from_day: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """The form. `what`: rename or move; `value` the new name or the new parent's code; `choices` are the parents there are; `lines` are
    there when the act is shown whole before it is signed."""

    what: str
    title: str
    code: str
    name: str
    parent: str
    value: str
    from_day: str
    reason: str
    choices: tuple[Choice, ...]
    versions: tuple[VersionLine, ...]
    place: str
    kept_at: str | None = None
    lines: tuple[ActLine, ...] = ()
    error: str = ""
    remedy: str = ""
    field: str = ""


def show_rename(ground: Ground, visit: Visit) -> Answer:
    """The form for another name."""
    return _form(ground, visit, RENAME)


def preview_rename(ground: Ground, visit: Visit) -> Answer:
    """What would be signed, whole."""
    return _preview(ground, visit, RENAME)


def sign_rename(ground: Ground, visit: Visit) -> Answer:
    """Sign and propose it."""
    return _sign(ground, visit, RENAME)


def show_move(ground: Ground, visit: Visit) -> Answer:
    """The form for another parent."""
    return _form(ground, visit, MOVE)


def preview_move(ground: Ground, visit: Visit) -> Answer:
    """What would be signed, whole."""
    return _preview(ground, visit, MOVE)


def sign_move(ground: Ground, visit: Visit) -> Answer:
    """Sign and propose it."""
    return _sign(ground, visit, MOVE)


def histories(
    versions: Sequence[StationVersion], entries: Sequence[StationEntry], none_above: str
) -> dict[StationId, tuple[VersionLine, ...]]:
    """Return the versions of each organisation for showing, by day. `versions` are by code and day."""
    names = {entry.code: entry.name for entry in entries}
    found: dict[StationId, list[VersionLine]] = {}
    for each in versions:
        parent = none_above if each.parent is None else names.get(each.parent, each.parent)
        found.setdefault(each.code, []).append(VersionLine(each.from_day, each.name, parent))
    return {code: tuple(lines) for code, lines in found.items()}


def _form(ground: Ground, visit: Visit, what: str) -> Answer:
    typed, kept_at = draft_of(ground, visit, _place(visit, what))
    return Html("organisation.html", replace(_page(ground, replace(visit, form=typed), what), kept_at=kept_at))


def _preview(ground: Ground, visit: Visit, what: str) -> Answer:
    try:
        lines = lines_of(ground, visit.words, _act(ground, visit, what))
    except HanxunError as error:
        return _wrong(ground, visit, what, error)
    return Html("organisation_preview.html", replace(_page(ground, visit, what), lines=lines))


def _sign(ground: Ground, visit: Visit, what: str) -> Answer:
    try:
        act = _act(ground, visit, what)
        with ground.office() as office:
            propose_act(office, act, signer=visit.person.signer, now=visit.now)
    except HanxunError as error:
        return _wrong(ground, visit, what, error)
    forget_draft(ground, visit, visit.form.get("_place", ""))
    return Redirect("/pending", "acts.waits")


def _wrong(ground: Ground, visit: Visit, what: str, error: HanxunError) -> Answer:
    text, remedy = visit.words.error(error)
    page = replace(_page(ground, visit, what), error=text, remedy=remedy, field=error.field or "")
    return Html("organisation.html", page, error.status)


def _act(ground: Ground, visit: Visit, what: str) -> AdministrativeAct:
    form, reason = visit.form, reason_of(visit)
    value, day = form.get("value", "").strip(), form.get("from_day", "").strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day, re.ASCII) is None:
        raise Refused(Code.STATION_CHANGE_FAR, field="from_day", detail=day[:20])
    details: msgspec.Struct = RenameDetails(name=value, from_day=day, reason=reason)
    if what == MOVE:
        details = MoveDetails(parent=parse_station(value) if value else None, from_day=day, reason=reason)
    elif not 1 <= len(value) <= 200:
        raise Refused(Code.STATION_NAME, field="name")
    origin, certified = ground.settings.trail.origin, visit.person.certified
    return make_act(_KINDS[what], _code(visit), details, origin=origin, certified=certified, now=visit.now)


def _place(visit: Visit, what: str) -> str:
    return f"/stations/{_code(visit)}/{what}"


def _code(visit: Visit) -> StationId:
    try:
        return parse_station(visit.params.get("code", ""))
    except Refused as error:
        raise Refused(Code.DESK_NOT_FOUND) from error


def _page(ground: Ground, visit: Visit, what: str) -> OrganisationPage:
    code, form, words = _code(visit), visit.form, visit.words
    entries, versions = ground.read(lambda tx: (stations_known(tx), versions_all(tx)))
    by_code = {entry.code: entry for entry in entries}
    entry = by_code.get(code)
    if entry is None:
        raise Refused(Code.DESK_NOT_FOUND)
    names = {each.code: each.name for each in entries}
    present = entry.name if what == RENAME else entry.parent or ""
    return OrganisationPage(
        what=what,
        title=kind_words(words, _KINDS[what]),
        code=code,
        name=entry.name,
        parent=words("organisation.none_above") if entry.parent is None else names.get(entry.parent, entry.parent),
        value=form.get("value", present).strip()[:200],
        from_day=form.get("from_day", day_of(visit.now))[:10],
        reason=form.get("reason", "").strip()[:500],
        choices=_parents(entries, code) if what == MOVE else (),
        versions=histories(versions, entries, words("organisation.none_above")).get(code, ()),
        place=_place(visit, what),
    )


def _parents(entries: tuple[StationEntry, ...], code: StationId) -> tuple[Choice, ...]:
    """Whatever is not the organisation itself nor stands directly below it; the rest is refused when it is asked for."""
    return tuple(
        Choice(each.code, f"{each.name} {each.code}") for each in entries if each.code != code and each.parent != code
    )
