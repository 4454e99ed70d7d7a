"""The impression on the letter beside the sender's registered ones: pictures, what the comparison says, how often it errs.

Shown within O10 and as a page of its own. Advisory: it stands apart from the signature's verdict and is no part of the gate.
"""

from dataclasses import dataclass

from hub.letters.compare.error_rates import ErrorRates, KindRate, error_rates
from hub.letters.compare.sight import Sight
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import Digest
from station_agent.desk.beside import (
    Beside,
    OnLetter,
    impression_on,
    impressions_beside,
    lay_beside,
    letter_and_specimens,
)
from station_agent.specimens import Specimen
from station_agent.store.cases import require_case
from station_agent.web.desk import Desk
from station_agent.web.visit import Answer, File, Html, Visit

PICTURES = ("crop", "specimen", "impression", "overlay")


@dataclass(frozen=True, slots=True)
class Choice:
    """One registered impression to choose: its number, since when, whether it is of the seal that sealed the letter."""

    digest: str
    number: int
    registered_at: str
    own: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What the comparison says: `verdict` names a text, `differences` are in words with their places."""

    verdict: str
    score: str
    differences: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """How often the comparison errs: in per cent, and each kind by name."""

    rejected: str
    accepted: str
    kinds: tuple[tuple[str, KindRate], ...]


@dataclass(frozen=True, slots=True)
class ImpressionPage:
    """The page. `note`, `remedy`: why there is nothing, or not everything, to show; `path` is where the pictures are."""

    case: str
    peer: str
    page: int
    count: int
    choices: tuple[Choice, ...]
    path: str
    said: Said | None
    aligned: bool
    rates: Rates
    note: str = ""
    remedy: str = ""


def show_impression(desk: Desk, visit: Visit) -> Answer:
    """The page by itself, for who has no script."""
    return Html("impression.html", _page(desk, visit))


def impression_part(desk: Desk, visit: Visit) -> Answer:
    """The same, put into O10."""
    return Html("_impression.html", _page(desk, visit))


def impression_picture(desk: Desk, visit: Visit) -> Answer:
    """One of the pictures, PNG."""
    name, wanted = visit.params.get("picture", ""), visit.params.get("specimen", "")
    try:
        letter, known = letter_and_specimens(desk.agent, visit.case)
    except Refused as error:
        raise Refused(Code.DESK_NOT_FOUND) from error
    if name == "crop":
        return File(_on_letter(desk, letter).crop, "image/png")
    specimen = next((one for one in known.specimens if one.digest == wanted), None)
    if specimen is None or name not in PICTURES:
        raise Refused(Code.DESK_NOT_FOUND)
    picture = getattr(_sight(desk, letter, specimen), name)
    if not picture:
        raise Refused(Code.DESK_NOT_FOUND)
    return File(picture, "image/png")


def _page(desk: Desk, visit: Visit) -> ImpressionPage:
    try:
        beside = impressions_beside(desk.agent, visit.case)
    except Refused as error:
        raise Refused(Code.DESK_NOT_FOUND) from error
    with desk.agent.store.read() as tx:
        peer = desk.station_name(require_case(tx, visit.case).peer, now=visit.now)
    wanted = visit.query.get("specimen", "")
    chosen = next((one for one in beside.specimens if one.digest == wanted), next(iter(beside.specimens), None))
    said, aligned, where = None, False, None
    trouble: HanxunError | Code | None = beside.lacking
    try:
        where = _on_letter(desk, beside.letter)
        if chosen is not None:
            sight = _sight(desk, beside.letter, chosen)
            said, aligned = _said(sight, visit), bool(sight.impression)
    except HanxunError as error:
        trouble = error
    note, remedy = _words(trouble, visit)
    return ImpressionPage(
        case=visit.case,
        peer=peer,
        page=0 if where is None else where.page,
        count=0 if where is None else where.count,
        choices=_choices(beside, chosen),
        path=f"/cases/{visit.case}/impression/{'none' if chosen is None else chosen.digest}",
        said=said,
        aligned=aligned,
        rates=_rates(error_rates(), visit),
        note=note,
        remedy=remedy,
    )


def _on_letter(desk: Desk, letter: Digest) -> OnLetter:
    return desk.sights.on_letter.get((letter,), lambda: impression_on(desk.agent, letter))


def _sight(desk: Desk, letter: Digest, specimen: Specimen) -> Sight:
    where = _on_letter(desk, letter)
    return desk.sights.beside.get((letter, specimen.digest), lambda: lay_beside(desk.agent, specimen, where))


def _choices(beside: Beside, chosen: Specimen | None) -> tuple[Choice, ...]:
    pairs = zip(beside.specimens, beside.own, strict=True)
    return tuple(
        Choice(one.digest, number, one.registered_at, own, one is chosen)
        for number, (one, own) in enumerate(pairs, start=1)
    )


def _said(sight: Sight, visit: Visit) -> Said:
    comparison = sight.comparison
    differences = []
    for one in comparison.differences:
        part, _, clock = one.where.partition(" ")
        place = visit.words(f"impression.part_{part}", clock=clock)
        differences.append((visit.words.code(one.what)[0], place))
    verdict = comparison.verdict.value.replace(" ", "_")
    return Said(verdict, f"{comparison.score:.2f}", tuple(differences))


def _rates(rates: ErrorRates, visit: Visit) -> Rates:
    kinds = [(visit.words(f"impression.kind_{rate.kind}"), rate) for rate in (*rates.genuine, *rates.forged)]
    return Rates(f"{100 * rates.genuine_rejected:.0f}", f"{100 * rates.forged_accepted:.0f}", tuple(kinds))


def _words(trouble: HanxunError | Code | None, visit: Visit) -> tuple[str, str]:
    if trouble is None:
        return "", ""
    if isinstance(trouble, HanxunError):
        return visit.words.error(trouble)
    return visit.words.code(trouble)
