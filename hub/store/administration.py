"""Administrators, their acts with leaves in the trail, and proposals that wait for a second signature."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.protocol.administration import AdministrationKind, Answer
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import format_instant
from hub.store.schema.registry import administration, administrators, proposals
from hub.store.trail_log import TrailLog, head_of
from hub.trail.record import LeafEvent, make_record


class AdministrationAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act without a person's signature: by a station's signed-in agent, or by the hub's passphrase alone before there were
    two administrators. `subject` as for signed acts; `by` says who."""

    act: AdministrationKind
    at: str
    by: str
    subject: str


@dataclass(frozen=True, slots=True)
class AdministratorRow:
    """One administrator's certificate; `dismissed_at` None: still one."""

    x5t: str
    number: str
    named_at: str
    dismissed_at: str | None


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal: `raw` the first person's signed act; `outcome` None while it waits (also when it has lapsed)."""

    number: int
    raw: bytes
    kind: AdministrationKind
    expires_at: str
    outcome: Answer | None


def record_statement(tx: sa.Connection, log: TrailLog, raw: bytes, *, now: datetime, nonce: bytes) -> int:
    """Keep a statement (signed act, approval, alarm) with its leaf; return its number. The trail's head moves."""
    log.begin(tx, head_of(tx))
    record = make_record(event=LeafEvent.ADMINISTRATION, digest=digest_of(raw), id=None, at=now, nonce=nonce)
    row = sa.insert(administration).values(leaf=log.append_last([record]), raw=raw).returning(administration.c.number)
    number = int(tx.execute(row).scalar_one())
    log.flush(tx)
    return number


def record_act(
    tx: sa.Connection, log: TrailLog, *, kind: AdministrationKind, by: str, subject: str, now: datetime, nonce: bytes
) -> None:
    """Write an act that no person signed, with its leaf."""
    act = AdministrationAct(act=kind, at=format_instant(now), by=by, subject=subject)
    record_statement(tx, log, msgspec.json.encode(act, order="deterministic"), now=now, nonce=nonce)


def acts_recorded(tx: sa.Connection) -> Iterator[tuple[int, bytes]]:
    """Yield leaf index and bytes of every statement, in order."""
    query = sa.select(administration.c.leaf, administration.c.raw).order_by(administration.c.number)
    for row in tx.execute(query):
        yield row.leaf, row.raw


def statement_known(tx: sa.Connection, digest: Digest) -> bool:
    """Whether a statement with exactly these bytes is kept. Asked rarely: it walks the statements."""
    return any(digest_of(raw) == digest for _, raw in acts_recorded(tx))


def administrators_named(tx: sa.Connection) -> tuple[AdministratorRow, ...]:
    """Return everyone who was ever named, in the order of naming."""
    columns = (
        administrators.c.x5t,
        administrators.c.number,
        administrators.c.named_at,
        administrators.c.dismissed_at,
    )
    query = sa.select(*columns).order_by(administrators.c.named_at, administrators.c.x5t)
    return tuple(AdministratorRow(*row) for row in tx.execute(query))


def insert_administrator(tx: sa.Connection, *, x5t: str, number: str, now: datetime) -> bool:
    """Name an administrator; return whether this certificate was new."""
    values = {"x5t": x5t, "number": number, "named_at": format_instant(now)}
    return tx.execute(insert(administrators).values(values).on_conflict_do_nothing()).rowcount == 1


def dismiss_administrators(tx: sa.Connection, *, number: str, now: datetime, but: str = "") -> int:
    """End the administration of everybody of that police number, except by the certificate `but`; return how many."""
    present = (administrators.c.number == number) & administrators.c.dismissed_at.is_(None)
    query = sa.update(administrators).where(present & (administrators.c.x5t != but))
    return tx.execute(query.values(dismissed_at=format_instant(now))).rowcount


def insert_proposal(tx: sa.Connection, *, act: int, kind: AdministrationKind, expires_at: str) -> int:
    """Let a recorded act wait for its second signature; return the proposal's number."""
    values = {"act": act, "kind": kind.value, "expires_at": expires_at}
    return int(tx.execute(sa.insert(proposals).values(values).returning(proposals.c.number)).scalar_one())


def answer_proposal(tx: sa.Connection, number: int, *, answer: int, outcome: Answer) -> bool:
    """Note the recorded answer of a proposal; return False when it was answered before."""
    waiting = (proposals.c.number == number) & proposals.c.answer.is_(None)
    done = tx.execute(sa.update(proposals).where(waiting).values(answer=answer, outcome=outcome.value))
    return done.rowcount == 1


def proposal(tx: sa.Connection, number: int) -> ProposalRow | None:
    """Return the proposal of that number."""
    return next(iter(_proposals(tx, proposals.c.number == number)), None)


def proposals_unanswered(tx: sa.Connection) -> tuple[ProposalRow, ...]:
    """Return every proposal without an answer, oldest first; also those that have lapsed."""
    return _proposals(tx, proposals.c.answer.is_(None))


def proposals_of(tx: sa.Connection, kind: AdministrationKind) -> tuple[ProposalRow, ...]:
    """Return every proposal of `kind`, whatever became of it, oldest first."""
    return _proposals(tx, proposals.c.kind == kind.value)


def _proposals(tx: sa.Connection, where: sa.ColumnElement[bool]) -> tuple[ProposalRow, ...]:
    query = (
        sa.select(
            proposals.c.number, administration.c.raw, proposals.c.kind, proposals.c.expires_at, proposals.c.outcome
        )
        .join(administration, administration.c.number == proposals.c.act)
        .where(where)
        .order_by(proposals.c.number)
    )
    return tuple(
        ProposalRow(
            row.number,
            row.raw,
            AdministrationKind(row.kind),
            row.expires_at,
            None if row.outcome is None else Answer(row.outcome),
        )
        for row in tx.execute(query)
    )
