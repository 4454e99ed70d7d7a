"""What a case's messages say, for showing: people, times of events, the newest inquiry. Read only; nothing is judged here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from hub.cases.extension import Extension
from hub.cases.machine import default_machine
from hub.protocol.envelope import Attachment, Envelope, Kind
from hub.protocol.identifiers import Digest
from hub.protocol.instants import parse_instant
from hub.protocol.strict_json import decode_strict
from hub.signing.jws import stated_payload
from station_agent.store.case_acts import CaseActRow, case_acts_of
from station_agent.store.case_messages import MessageRow, letters_of, messages_of
from station_agent.store.cases import CaseRow
from station_agent.store.letters import LetterRow


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the case, opened: `at` is the hub's time where it has said so, else this station's; `queue` the state of
    one that this station sends."""

    envelope: Envelope
    digest: Digest
    incoming: bool
    at: datetime
    received_at: datetime | None
    queue: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """A case with its messages in order, its letter under preparation, and the `body` that counts: the newest inquiry's, or
    the draft's before there is one. `acts` are what administrators urged and extended, oldest first."""

    row: CaseRow
    letter: LetterRow | None
    messages: tuple[Message, ...]
    body: Mapping[str, Any]
    acts: tuple[CaseActRow, ...] = ()

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """The extensions among the acts."""
        return tuple(
            Extension(act.step, parse_instant(act.at), parse_instant(act.due_at), act.who, act.reason)
            for act in self.acts
            if act.due_at is not None
        )

    @property
    def people(self) -> tuple[Mapping[str, Any], ...]:
        """The persons the case is about (C06 `persons`, C04 `person`)."""
        listed = self.body.get("persons", [self.body.get("person")])
        return tuple(entry for entry in listed if isinstance(entry, Mapping))

    @property
    def inquiry(self) -> Message | None:
        """The newest inquiry, or None before it is sent."""
        return next((each for each in reversed(self.messages) if each.envelope.kind is Kind.INQUIRY), None)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Files of all messages, each once."""
        found = {file.digest: file for each in self.messages for file in each.envelope.attachments}
        return tuple(found.values())

    def moments(self) -> dict[str, datetime]:
        """Return when each event of M1 last happened, since the newest inquiry."""
        machine = default_machine("case")
        found: dict[str, datetime] = {}
        for each in self.messages:
            if each.envelope.kind is Kind.INQUIRY:
                found = {}
                if each.incoming:
                    found["deliver"] = each.at
            event, at = machine.event_of(each.envelope.kind), each.received_at or each.at
            # Each message is handed over; what the limits run from is when the inquiry was.
            found[event] = found.get(event, at) if each.envelope.kind is Kind.HANDOVER else at
        return found


def facts_of(tx: Connection, row: CaseRow) -> Facts:
    """Return the facts of a case."""
    return facts_of_all(tx, (row,))[0]


def facts_of_all(tx: Connection, rows: Sequence[CaseRow]) -> tuple[Facts, ...]:
    """Return the facts of several cases, in their order, for the price of three questions to the store."""
    cases = [row.case for row in rows]
    messages, letters, acts = messages_of(tx, cases), letters_of(tx, cases), case_acts_of(tx, cases)
    return tuple(
        _facts(row, letters.get(row.case), tuple(map(_message, messages[row.case])), acts.get(row.case, ()))
        for row in rows
    )


def _message(row: MessageRow) -> Message:
    return Message(
        envelope=_told(row.raw),
        digest=row.digest,
        incoming=row.incoming,
        at=parse_instant(row.stored_at),
        received_at=None if row.received_at is None else parse_instant(row.received_at),
        queue=None if row.incoming else row.queue,
        trouble=None if row.incoming else row.trouble,
    )


def _told(raw: bytes) -> Envelope:
    """What an envelope says. Its signature was verified before it was stored, and the gate does so again before anything is
    done; a list of fifty cases does not do it hundreds of times for each look."""
    return decode_strict(stated_payload(raw), Envelope)


def _facts(
    row: CaseRow, letter: LetterRow | None, messages: tuple[Message, ...], acts: tuple[CaseActRow, ...]
) -> Facts:
    inquiry = next((each for each in reversed(messages) if each.envelope.kind is Kind.INQUIRY), None)
    drafted = letter is not None and row.side == "opener" and row.state in ("draft", "awaiting_seal", "to_send")
    body: Mapping[str, Any] = {}
    if drafted and letter is not None and letter.body:
        body = msgspec.json.decode(letter.body)
    elif inquiry is not None:
        body = inquiry.envelope.body
    return Facts(row, letter, messages, body, acts)
