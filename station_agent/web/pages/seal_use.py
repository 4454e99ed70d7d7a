"""O8: what waits for the head's approval or the custodian's seal, and the log of every use of the seal (用印登记簿)."""

from dataclasses import dataclass

from hub.signing.acts import open_act
from hub.signing.purposes import OfficerRole
from station_agent.desk.stamp import seal_use_log
from station_agent.store.case_lists import case_lines
from station_agent.web.desk import Desk
from station_agent.web.frame import seal_filter
from station_agent.web.pages.lists import Row, rows_of
from station_agent.web.visit import Answer, Html, Visit

KEEPERS = (OfficerRole.HEAD, OfficerRole.CUSTODIAN)
MOST = 50


@dataclass(frozen=True, slots=True)
class Use:
    """One use of the seal, as its custodian signed it."""

    at: str
    number: str
    copies: str
    custodian: str
    case: str


@dataclass(frozen=True, slots=True)
class SealUsePage:
    """The queue of this officer, and the log, newest first."""

    rows: tuple[Row, ...]
    uses: tuple[Use, ...]


def show_seal_use(desk: Desk, visit: Visit) -> Answer:
    """The page."""
    with desk.agent.store.read() as tx:
        lines = case_lines(tx, seal_filter(desk, visit.person), number=visit.person.number, limit=MOST)
        rows = rows_of(tx, desk, visit, lines)
    uses = []
    for act in seal_use_log(desk.agent):
        signed = open_act(act.raw, certificates=desk.agent.knowledge.find).act
        details = signed.details
        who = f"{signed.officer.name} {signed.officer.number}"
        uses.append(Use(act.at, str(details["letter_number"]), str(details["copies"]), who, act.case))
    return Html("seal_use.html", SealUsePage(rows, tuple(sorted(uses, key=lambda use: use.at, reverse=True))))
