"""O8: what waits for the head's approval or the custodian's seal, how the seals stand, and the log of every use (用印登记簿)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection

from hub.pages.wording import Words
from hub.protocol.act import ActKind
from hub.protocol.errors import Refused
from hub.protocol.instants import SHANGHAI, format_instant
from hub.signing.acts import open_act
from hub.signing.certificates import Certified
from hub.signing.purposes import CertificateKind, OfficerRole
from station_agent.people import own_certificates
from station_agent.seal_states import require_seal_in_force, seal_book
from station_agent.store.acts import ActRow, acts_of_kind
from station_agent.store.case_lists import case_lines
from station_agent.store.letters import VOID, find_letter, find_number
from station_agent.web.desk import Desk
from station_agent.web.frame import seal_filter
from station_agent.web.pages.lists import Row, rows_of
from station_agent.web.visit import Answer, Html, Visit

KEEPERS = (OfficerRole.HEAD, OfficerRole.CUSTODIAN)
MOST = 50
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class SealCard:
    """One seal of the station: `tone` says how it stands, `says` in words; who keeps it, until when its certificate is good."""

    purpose: str
    tone: str
    says: str
    remedy: str
    valid_until: str
    ended: bool
    custodians: tuple[str, ...]
    x5t: str


@dataclass(frozen=True, slots=True)
class Use:
    """One use of the seal, as its custodian signed it; `void` why its letter was made void."""

    at: str
    number: str
    what: str
    copies: str
    approver: str
    custodian: str
    case: str
    void: str


@dataclass(frozen=True, slots=True)
class SealUsePage:
    """The queue of this officer, the seals, and the log of one `month`, oldest first as in the book; `earlier` and `later`
    months (empty: this is the newest)."""

    rows: tuple[Row, ...]
    seals: tuple[SealCard, ...]
    uses: tuple[Use, ...]
    month: str
    earlier: str
    later: str


def show_seal_use(desk: Desk, visit: Visit) -> Answer:
    """The page."""
    today = visit.now.astimezone(SHANGHAI).date()
    asked = visit.query.get("month", "")
    first = date.fromisoformat(f"{asked}-01") if _MONTH.fullmatch(asked) else today.replace(day=1)
    following = _month_after(first)
    with desk.agent.store.read() as tx:
        lines = case_lines(tx, seal_filter(desk, visit.person), number=visit.person.number, limit=MOST)
        rows = rows_of(tx, desk, visit, lines)
        acts = acts_of_kind(tx, ActKind.SEAL_USE, since=_instant(first), until=_instant(following))
        uses = tuple(_use(tx, desk, act, visit.words) for act in acts)
    return Html(
        "seal_use.html",
        SealUsePage(
            rows=rows,
            seals=_seals(desk, visit),
            uses=uses,
            month=f"{first:%Y-%m}",
            earlier=f"{_month_before(first):%Y-%m}",
            later=f"{following:%Y-%m}" if following <= today else "",
        ),
    )


def _use(tx: Connection, desk: Desk, act: ActRow, words: Words) -> Use:
    signed = open_act(act.raw, certificates=desk.agent.knowledge.find).act
    number = str(signed.details["letter_number"])
    letter, noted = find_letter(tx, act.case), find_number(tx, number)
    case_type = desk.agent.catalogue.types.get(act.case.partition("-")[0])
    void = (noted.reason or "—") if noted is not None and noted.state == VOID else ""
    return Use(
        at=act.at,
        number=number,
        what="" if case_type is None else words.of(case_type),
        copies=str(signed.details["copies"]),
        approver=desk.names((letter.approver or "") if letter is not None and letter.number == number else ""),
        custodian=f"{signed.officer.name} {signed.officer.number}",
        case=act.case,
        void=void,
    )


def _seals(desk: Desk, visit: Visit) -> tuple[SealCard, ...]:
    own = own_certificates(desk.agent.folder, purposes=desk.agent.settings.purposes)
    keepers = tuple(
        f"{each.name} {each.number}"
        for each in own
        if each.kind is CertificateKind.OFFICER and OfficerRole.CUSTODIAN in each.roles
    )
    return tuple(_card(desk, each, keepers, visit) for each in own if each.kind is CertificateKind.SEAL)


def _card(desk: Desk, seal: Certified, keepers: tuple[str, ...], visit: Visit) -> SealCard:
    words, remedy = visit.words, ""
    try:
        require_seal_in_force(desk.agent, seal.x5t)
        known = bool(seal_book(desk.agent).events_of(seal.x5t))
        tone, says = ("good", words("letter.seal_active")) if known else ("idle", words("letter.seal_not_stated"))
    except Refused as error:
        tone, (says, remedy) = "urgent", words.error(error)
    return SealCard(
        purpose=", ".join(sorted(purpose.value for purpose in seal.seal_purposes)),
        tone=tone,
        says=says,
        remedy=remedy,
        valid_until=format_instant(seal.not_after),
        ended=visit.now > seal.not_after,
        custodians=keepers,
        x5t=seal.x5t,
    )


def _instant(day: date) -> str:
    """Midnight of a day in Beijing, as instants are stored."""
    return format_instant(datetime.combine(day, time(), SHANGHAI).astimezone(UTC))


def _month_after(first: date) -> date:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def _month_before(first: date) -> date:
    return first.replace(year=first.year - (first.month == 1), month=(first.month - 2) % 12 + 1)
