"""The inquiry of a case: its newest envelope of that kind, which carries the letter that counts."""

from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from hub.signing.envelopes import SignedEnvelope, open_envelope
from station_agent.agent import Agent
from station_agent.store.envelopes import envelopes_of


def require_inquiry(tx: Connection, agent: Agent, case: CaseId) -> SignedEnvelope:
    """Return the newest inquiry of `case`. Raises: Refused (`station.no_inquiry`)."""
    rows = [row for row in envelopes_of(tx, case) if row.kind == Kind.INQUIRY.value]
    if not rows:
        raise Refused(Code.NO_INQUIRY, detail=case)
    return open_envelope(rows[-1].raw, certificates=agent.knowledge.find)
