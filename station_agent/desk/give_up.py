"""Giving up a message that the hub has refused: it stays on record, the case goes back to where it was before."""

from dataclasses import replace
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from station_agent.agent import Agent
from station_agent.store.cases import require_case, save_case
from station_agent.store.envelopes import find_envelope
from station_agent.store.letters import find_letter, save_letter
from station_agent.store.outbox import drop


def give_up(agent: Agent, seq: int, *, now: datetime) -> None:
    """Drop the refused outbox item `seq`; what the message had changed here is taken back, so that it can be done again.

    Raises: Refused (`station.not_refused`).
    """
    with agent.store.write() as tx:
        item = drop(tx, seq)
        envelope = find_envelope(tx, item.envelope)
        if envelope is None:
            raise Refused(Code.NOT_REFUSED, detail=str(seq))
        row = require_case(tx, envelope.case)
        if item.state_before is not None:
            owner = None if envelope.kind == Kind.CLAIM.value else row.owner
            save_case(tx, replace(row, state=item.state_before, owner=owner), now=now)
        letter = find_letter(tx, envelope.case)
        if envelope.kind == Kind.INQUIRY.value and letter is not None and letter.state == "sent":
            save_letter(tx, replace(letter, state="sealed"))
