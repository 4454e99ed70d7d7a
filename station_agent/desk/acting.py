"""Signing an officer's act with the officer's own key, and storing it in the transaction of what it does."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.protocol.act import Act, ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Role
from hub.protocol.errors import NotPermitted
from hub.protocol.identifiers import CaseId, Digest, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.media_types import JOSE
from hub.signing.acts import sign_act
from station_agent.agent import Agent
from station_agent.people import Person
from station_agent.store.acts import ActRow, insert_act
from station_agent.store.engine import Store


def require_own(agent: Agent, person: Person) -> None:
    """Let pass only officers of this station. Raises: NotPermitted (`station.other_station`)."""
    if person.certified.station != agent.station:
        raise NotPermitted(Code.OTHER_STATION, detail=person.number, values={"station": person.certified.station})


def sign(
    agent: Agent,
    person: Person,
    kind: ActKind,
    *,
    case: CaseId,
    subject: Digest,
    details: Mapping[str, Any],
    now: datetime,
    previous: Digest | None = None,
) -> ActRow:
    """Return the act of `person`, signed by their own key; it is not stored yet. Raises: NotPermitted, Refused."""
    require_own(agent, person)
    act = Act(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        act=kind,
        case=case,
        station=agent.station,
        officer=person.officer,
        at=format_instant(now),
        subject=subject,
        details=dict(details),
        previous=previous,
    )
    raw = sign_act(act, signer=person.signer)
    return ActRow(digest_of(raw), act.id, case, kind.value, person.number, subject, act.at, raw)


def store_act(tx: Connection, store: Store, row: ActRow) -> ActRow:
    """Store a signed act, as a row and as the file that will travel, and return it."""
    # The file first: an act on record whose bytes a crash has taken could never be sent.
    store.blobs.put(row.raw)
    insert_act(tx, row)
    return row


def act_file(row: ActRow) -> Attachment:
    """Return the act as an attachment of an envelope."""
    return Attachment(
        digest=row.digest, size=len(row.raw), media_type=JOSE, name=f"{row.kind}-{row.officer}.jws", role=Role.ACT
    )
