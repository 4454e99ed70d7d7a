"""Putting a message of a case on its way: checked, signed by the agent, stored and queued in the caller's transaction."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.cases.body import check_body
from hub.cases.late import require_started
from hub.protocol.envelope import Attachment, Envelope, Kind, Officer
from hub.protocol.identifiers import Digest, digest_of, new_uuid7
from hub.protocol.instants import SHANGHAI, format_instant
from hub.signing.envelopes import sign_envelope
from station_agent.agent import Agent
from station_agent.store import outbox
from station_agent.store.cases import CaseRow, add_files, find_case
from station_agent.store.envelopes import EnvelopeRow, insert_envelope, last_digest

AGENT_NUMBER = "agent"


def post(
    tx: Connection,
    agent: Agent,
    case: CaseRow,
    kind: Kind,
    *,
    officer: Officer,
    body: Mapping[str, Any],
    attachments: tuple[Attachment, ...] = (),
    now: datetime,
) -> EnvelopeRow:
    """Queue a message to the other station of `case`; it follows what this station has sent in the case before.

    Raises: Refused (`body.*`, E101, E102, `jws.too_large`); then nothing is stored.
    """
    case_type = agent.catalogue.case_type(case.type)
    check_body(case_type, kind, body, attachments, today=now.astimezone(SHANGHAI).date())
    if kind is Kind.INQUIRY:
        require_started(case_type, body, created=now)
    row = _signed(agent, case, kind, officer, body, attachments, last_digest(tx, case.case), now)
    insert_envelope(tx, row)
    add_files(tx, case.case, attachments)
    before = find_case(tx, case.case)
    outbox.queue(tx, row.digest, lane=case.case, state_before=before.state if before else None, now=now)
    return row


def post_handover(
    tx: Connection, agent: Agent, case: CaseRow, received: Digest, *, first: bool, now: datetime
) -> EnvelopeRow:
    """Queue the agent's own word that the delivery `received` is stored here (ETSI EN 319 522, ContentHandover).

    `first`: it is the inquiry, whose handover must be at the hub before anything else of this side of the case.
    """
    officer = Officer(number=AGENT_NUMBER, name=agent.settings.name)
    row = _signed(agent, case, Kind.HANDOVER, officer, {"received": received}, (), received, now)
    insert_envelope(tx, row)
    # Otherwise a lane of its own: a refused message of the case must not keep the sender from hearing of its delivery.
    outbox.queue(tx, row.digest, lane=case.case if first else f"handover {received}", state_before=None, now=now)
    return row


def _signed(
    agent: Agent,
    case: CaseRow,
    kind: Kind,
    officer: Officer,
    body: Mapping[str, Any],
    attachments: tuple[Attachment, ...],
    previous: Digest | None,
    now: datetime,
) -> EnvelopeRow:
    envelope = Envelope(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        kind=kind,
        case=case.case,
        type=case.type,
        from_=agent.station,
        to=case.peer,
        officer=officer,
        created=format_instant(now),
        body=dict(body),
        attachments=attachments,
        previous=previous,
    )
    raw = sign_envelope(envelope, signer=agent.signer)
    return EnvelopeRow(digest_of(raw), envelope.id, case.case, kind.value, False, raw, envelope.created)
