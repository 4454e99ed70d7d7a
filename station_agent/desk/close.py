"""办结: the opener accepts the answer and its closing list is done; 撤回: the opener's head withdraws before it is used."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.protocol.envelope import Kind
from hub.protocol.identifiers import CaseId, Digest
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.desk.approve import require_reason
from station_agent.desk.posting import post
from station_agent.desk.steps import step_case, step_letter
from station_agent.people import Person
from station_agent.store.cases import require_case, save_case
from station_agent.store.envelopes import envelopes_of
from station_agent.store.letters import require_letter, save_letter


def close(agent: Agent, person: Person, case: CaseId, *, body: Mapping[str, Any], now: datetime) -> Digest:
    """Close the answered case; `body` is the closing list of the case type (C06: record_gone, booklet, …).

    Raises: Refused (`state.guard` when a tick is not set, `state.*`, `body.*`), NotPermitted.
    """
    require_own(agent, person)
    facts = () if any(value is False for value in body.values()) else ("checklist_done",)
    with agent.store.write() as tx:
        row = step_case(require_case(tx, case), "close", person=person, facts=facts)
        envelope = post(tx, agent, row, Kind.CLOSE, officer=person.officer, body=body, now=now)
        save_case(tx, row, now=now)
    return envelope.digest


def withdraw(agent: Agent, person: Person, case: CaseId, *, reason: str, now: datetime) -> Digest | None:
    """Withdraw the case; the other station is told if it was sent. The other agent refuses it when its gate was used.

    Returns the message's digest, or None when nothing had been sent.
    Raises: Refused (`station.reason_missing`, `state.*`), NotPermitted.
    """
    require_own(agent, person)
    require_reason(reason)
    with agent.store.write() as tx:
        before = require_case(tx, case)
        facts = ("reason_given", "gate_not_used")
        row = step_case(before, "withdraw", person=person, facts=facts)
        letter = require_letter(tx, case)
        envelope = None
        if envelopes_of(tx, case):
            if letter.state in ("sent", "delivered"):
                save_letter(tx, step_letter(letter, "withdraw", person=person, facts=facts))
            envelope = post(tx, agent, row, Kind.WITHDRAW, officer=person.officer, body={"reason": reason}, now=now)
        save_case(tx, row, now=now)
    return None if envelope is None else envelope.digest
