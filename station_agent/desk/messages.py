"""要求补充、补充、退回补正、异议: the plain messages that two stations exchange about a case."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from hub.cases.machine import case_event
from hub.protocol.envelope import Kind
from hub.protocol.identifiers import CaseId, Digest
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.approve import require_reason
from station_agent.desk.claim import require_owner
from station_agent.desk.draft import NewFile
from station_agent.desk.posting import post
from station_agent.desk.steps import step_case
from station_agent.people import Person
from station_agent.store.cases import require_case, save_case
from station_agent.store.envelopes import envelopes_of

MAX_DISPUTES = 2


def ask(agent: Agent, person: Person, case: CaseId, *, text: str, now: datetime) -> Digest:
    """Ask the opener for more. Raises: Refused (E701, `state.*`, `body.*`), NotPermitted."""
    return _say(agent, person, case, Kind.ASK, body={"text": text}, now=now)


def supply(
    agent: Agent, person: Person, case: CaseId, *, text: str, files: tuple[NewFile, ...] = (), now: datetime
) -> Digest:
    """Give the answerer what it asked for. Raises: Refused (`state.*`, `body.*`), NotPermitted."""
    return _say(agent, person, case, Kind.SUPPLY, body={"text": text}, files=files, now=now)


def return_case(agent: Agent, person: Person, case: CaseId, *, reason_code: str, text: str, now: datetime) -> Digest:
    """Return the inquiry for correction (退回补正). Raises: Refused (E701, `station.reason_missing`, `state.*`), NotPermitted."""
    require_reason(text)
    body = {"reason_code": reason_code, "text": text}
    return _say(agent, person, case, Kind.RETURN, body=body, facts=("reason_given",), now=now)


def dispute(
    agent: Agent, person: Person, case: CaseId, *, text: str, files: tuple[NewFile, ...] = (), now: datetime
) -> Digest:
    """Dispute the answer, at most twice. Raises: Refused (`state.*`, `body.*`), NotPermitted."""
    with agent.store.read() as tx:
        before = sum(row.kind == Kind.DISPUTE.value for row in envelopes_of(tx, case))
    facts = ("disputes_left",) if before < MAX_DISPUTES else ()
    return _say(agent, person, case, Kind.DISPUTE, body={"text": text}, files=files, facts=facts, now=now)


def _say(
    agent: Agent,
    person: Person,
    case: CaseId,
    kind: Kind,
    *,
    body: Mapping[str, Any],
    files: tuple[NewFile, ...] = (),
    facts: Collection[str] = (),
    now: datetime,
) -> Digest:
    require_own(agent, person)
    for file in files:
        agent.store.blobs.put(file.raw)
    with agent.store.write() as tx:
        row = require_case(tx, case)
        if kind in (Kind.ASK, Kind.RETURN):
            require_owner(row, person)
        row = step_case(row, case_event(kind), person=person, facts=facts)
        attachments = tuple(file.attachment for file in files)
        envelope = post(tx, agent, row, kind, officer=person.officer, body=body, attachments=attachments, now=now)
        save_case(tx, row, now=now)
    return envelope.digest
