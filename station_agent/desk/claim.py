"""签收: an officer of the answering station takes the case; there is one owner, and a colleague takes over with a reason."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from hub.cases.machine import Side
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import format_instant
from hub.signing.purposes import OfficerRole
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.posting import post
from station_agent.desk.steps import step_case
from station_agent.people import Person
from station_agent.store.cases import CaseRow, require_case, save_case
from station_agent.store.handlings import TAKEN_OVER, HandlingRow, add_handling

log = logging.getLogger(__name__)


def claim(agent: Agent, person: Person, case: CaseId, *, note: str | None = None, now: datetime) -> Digest | None:
    """Take the delivered case and tell the other station; `note` travels with it.

    A case that a colleague has claimed is taken over when `note` gives the reason; the other station need not know, and
    None is returned. Raises: Refused (E701, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    with agent.store.write() as tx:
        row = require_case(tx, case)
        if row.owner is not None and row.state != "delivered":
            _take_over(tx, row, person, note, now)
            return None
        row = replace(step_case(row, "claim", person=person), owner=person.number)
        body = {} if note is None else {"note": note}
        envelope = post(tx, agent, row, Kind.CLAIM, officer=person.officer, body=body, now=now)
        save_case(tx, row, now=now)
    return envelope.digest


def require_owner(row: CaseRow, person: Person) -> None:
    """Let pass only the officer who has claimed the case (or anybody while nobody has). Raises: Refused (E701)."""
    if row.owner not in (None, person.number):
        raise Refused(Code.CASE_TAKEN, values={"owner": row.owner})


def _take_over(tx: Connection, row: CaseRow, person: Person, note: str | None, now: datetime) -> None:
    if row.owner == person.number or note is None or row.side != Side.ANSWERER.value:
        raise Refused(Code.CASE_TAKEN, values={"owner": row.owner})
    person.require_role(OfficerRole.WINDOW, OfficerRole.HEAD)
    log.info("case taken over case=%s", row.case)
    save_case(tx, replace(row, owner=person.number), now=now)
    add_handling(tx, HandlingRow(row.case, format_instant(now), person.number, TAKEN_OVER, person.number, note))
