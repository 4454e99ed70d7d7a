"""A5: seals and certificates: the register, what can be done with each, which end soon, letters under a lost seal."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from hub.exchange.seals import RegisteredSeal, list_alarms, list_seals
from hub.pages.wording import Words
from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.protocol.seal_status import SEAL_STATE_ZH, SealState
from hub.signing.certificates import Certified, read_certificate
from hub.signing.purposes import OfficerRole
from hub.store.search import letters_since
from hub.store.stations import certificates_all
from hub.web.desk.ground import Ground
from hub.web.desk.pages.acts import kind_words
from hub.web.desk.visit import Answer, Html, Visit

ENDS_SOON = timedelta(days=60)
MOST_LETTERS = 200
_ACTS = {
    SealState.REGISTERED: ("activate-seal", "suspend-seal", "lose-seal", "cancel-seal"),
    SealState.ACTIVE: ("suspend-seal", "lose-seal", "cancel-seal"),
    SealState.SUSPENDED: ("resume-seal", "lose-seal", "cancel-seal"),
    SealState.LOST: ("lose-seal", "cancel-seal"),
    SealState.CANCELLED: (),
}
_TONES = {SealState.ACTIVE: "good", SealState.REGISTERED: "new", SealState.SUSPENDED: "wait", SealState.LOST: "urgent"}


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done: its kind and name."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class SealLine:
    """One seal of the register."""

    x5t: str
    name: str
    station: str
    state: str
    tone: str
    not_after: str
    ends_soon: bool
    expired: bool
    since: str


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate that ends soon, or has."""

    name: str
    kind: str
    station: str
    not_after: str
    expired: bool


@dataclass(frozen=True, slots=True)
class SealsPage:
    """The register, and the calendar of what ends."""

    seals: tuple[SealLine, ...]
    endings: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class Befell:
    """One thing that befell a seal."""

    state: str
    at: str
    compromised_since: str | None


@dataclass(frozen=True, slots=True)
class Touched:
    """A letter that a lost seal may have sealed. `alarm`: a station has acted on it and says so."""

    case: str
    at: str
    alarm: bool


@dataclass(frozen=True, slots=True)
class SealPage:
    """One seal: what befell it, what can be done, its letters since it was out of hands."""

    seal: SealLine
    events: tuple[Befell, ...]
    impressions: int
    offers: tuple[Offer, ...]
    lost_since: str | None
    touched: tuple[Touched, ...]
    administrator: bool


def show_seals(ground: Ground, visit: Visit) -> Answer:
    """The register and the calendar."""
    names = ground.station_names()
    seals = tuple(_line(visit, seal, names) for seal in list_seals(ground.folder.root, now=visit.now))
    return Html("seals.html", SealsPage(seals, endings(ground, visit, names)))


def show_seal(ground: Ground, visit: Visit) -> Answer:
    """One seal."""
    seal = next((s for s in list_seals(ground.folder.root, now=visit.now) if s.x5t == visit.params.get("seal")), None)
    if seal is None:
        raise Refused(Code.DESK_NOT_FOUND)
    since = next((event.compromised_since for event in reversed(seal.events) if event.compromised_since), None)
    touched: tuple[Touched, ...] = ()
    if since is not None:
        alarmed = {case for alarm in list_alarms(ground.folder.root) if alarm.seal == seal.x5t for case in alarm.cases}
        letters = ground.read(lambda tx: letters_since(tx, seal.station, since, limit=MOST_LETTERS))
        touched = tuple(Touched(each.case_id, each.at, each.case_id in alarmed) for each in letters)
    page = SealPage(
        seal=_line(visit, seal, ground.station_names()),
        events=tuple(
            Befell(_state(visit.words, each.state), each.at, each.compromised_since) for each in reversed(seal.events)
        ),
        impressions=len(seal.specimens),
        offers=tuple(Offer(kind, kind_words(visit.words, AdministrationKind(kind))) for kind in _ACTS[seal.state]),
        lost_since=since,
        touched=touched,
        administrator=OfficerRole.ADMINISTRATOR in visit.person.roles,
    )
    return Html("seal.html", page)


def endings(ground: Ground, visit: Visit, names: dict[str, str]) -> tuple[Ending, ...]:
    """Return the certificates that end within two months, or have ended and were not replaced, the next first."""

    def look(tx: sa.Connection) -> list[Certified]:
        return [read_certificate(row.raw, purposes=ground.purposes) for row in certificates_all(tx)]

    newest: dict[tuple[str, str, str], Certified] = {}
    for certified in ground.read(look):
        key = (certified.kind.value if certified.kind else "", certified.station or "", certified.name)
        if key not in newest or newest[key].not_after < certified.not_after:
            newest[key] = certified
    found = [each for each in newest.values() if each.not_after < visit.now + ENDS_SOON]
    return tuple(
        Ending(
            each.name,
            visit.words(f"seals.kind_{each.kind.value if each.kind else 'other'}"),
            names.get(each.station or "", each.station or ""),
            format_instant(each.not_after),
            each.not_after < visit.now,
        )
        for each in sorted(found, key=lambda each: each.not_after)
    )


def _line(visit: Visit, seal: RegisteredSeal, names: dict[str, str]) -> SealLine:
    return SealLine(
        x5t=seal.x5t,
        name=seal.name,
        station=names.get(seal.station, seal.station),
        state=_state(visit.words, seal.state),
        tone=_TONES.get(seal.state, "idle"),
        not_after=seal.not_after,
        ends_soon=seal.not_after < format_instant(visit.now + ENDS_SOON),
        expired=seal.expired,
        since=seal.events[-1].at,
    )


def _state(words: Words, state: SealState) -> str:
    return SEAL_STATE_ZH[state] if words.language == "zh" else state.value.capitalize()
