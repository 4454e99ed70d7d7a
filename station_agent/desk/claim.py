"""签收: an officer of the answering station takes the case; there is one owner, and a takeover is a second claim's refusal."""

from dataclasses import replace
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.posting import post
from station_agent.desk.steps import step_case
from station_agent.people import Person
from station_agent.store.cases import require_case, save_case


def claim(agent: Agent, person: Person, case: CaseId, *, note: str | None = None, now: datetime) -> Digest:
    """Take the delivered case and tell the other station. Raises: Refused (E701, `state.*`), NotPermitted."""
    require_own(agent, person)
    with agent.store.write() as tx:
        row = require_case(tx, case)
        if row.owner is not None and row.owner != person.number:
            raise Refused(Code.CASE_TAKEN, values={"owner": row.owner})
        row = replace(step_case(row, "claim", person=person), owner=person.number)
        body = {} if note is None else {"note": note}
        envelope = post(tx, agent, row, Kind.CLAIM, officer=person.officer, body=body, now=now)
        save_case(tx, row, now=now)
    return envelope.digest
