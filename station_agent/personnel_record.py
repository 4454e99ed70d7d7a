"""What is on record about this station's people: the signed acts of its head and the answers to them, and which resets still wait.

Read from statements that this station has signed itself and keeps as they were signed; nothing is changed here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from hub.protocol.administration import AdministrationKind, AdministrativeAct, AdministrativeApproval, Answer
from hub.protocol.envelope import Officer
from hub.protocol.identifiers import Digest
from hub.protocol.instants import format_instant, parse_instant
from hub.signing.jws import stated_payload
from station_agent.store.seals import StatementRow, statements_made, statements_since

PERSONNEL = "personnel"
APPROVED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One statement about the officer `number`: an act, or the answer to the act `about`. `sent_at` once the hub has it,
    `trouble` the code with which it refused it."""

    digest: Digest
    number: str
    what: AdministrationKind | Answer
    about: Digest | None
    by: Officer
    at: str
    expires: str | None
    reason: str
    sent_at: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class WaitingReset:
    """A reset of `number` that the head has signed, named by its `digest`, and that nobody else has confirmed yet."""

    digest: Digest
    number: str
    by: Officer
    at: str
    expires: str
    reason: str


def records(tx: Connection) -> tuple[Recorded, ...]:
    """Return everything on record about people here, oldest first."""
    return tuple(map(_recorded, statements_made(tx, PERSONNEL)))


def resets_waiting(tx: Connection, *, now: datetime) -> tuple[WaitingReset, ...]:
    """Return the resets that wait for somebody to confirm them, oldest first; what has lapsed waits no longer."""
    recent = statements_since(tx, PERSONNEL, format_instant(now - APPROVED_WITHIN))
    return tuple(each for each in _unanswered(map(_recorded, recent)) if parse_instant(each.expires) >= now)


def resets_for(tx: Connection, number: str, *, now: datetime) -> int:
    """Return how many resets wait that this officer could confirm: neither started by them nor about them."""
    return sum(number not in (each.by.number, each.number) for each in resets_waiting(tx, now=now))


def _unanswered(found: Iterable[Recorded]) -> tuple[WaitingReset, ...]:
    waiting: dict[Digest, WaitingReset] = {}
    for each in found:
        if each.about is not None:
            waiting.pop(each.about, None)
        elif each.what is AdministrationKind.RESET_OFFICER and each.expires is not None:
            waiting[each.digest] = WaitingReset(each.digest, each.number, each.by, each.at, each.expires, each.reason)
        if each.what in (Answer.APPROVED, AdministrationKind.DISABLE_OFFICER):
            # The key is another one, or gone: an older proposal must not be confirmed against it.
            waiting = {digest: other for digest, other in waiting.items() if other.number != each.number}
    return tuple(waiting.values())


def _recorded(row: StatementRow) -> Recorded:
    payload, number = stated_payload(row.raw), row.subject
    try:
        act = msgspec.json.decode(payload, type=AdministrativeAct)
    except msgspec.ValidationError:
        said = msgspec.json.decode(payload, type=AdministrativeApproval)
        about, reason = Digest(said.act), said.reason
        return Recorded(
            row.digest, number, said.answer, about, said.by, said.at, None, reason, row.sent_at, row.trouble
        )
    reason = str(act.details.get("reason", ""))
    return Recorded(row.digest, number, act.act, None, act.by, act.at, act.expires, reason, row.sent_at, row.trouble)
