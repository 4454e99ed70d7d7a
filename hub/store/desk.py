"""Questions of the auditors' desk about itself: accounts with their second factor, saved questions, what was looked at."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from hub.pages.accounts import AccountRow
from hub.pages.drafts import DraftRow
from hub.protocol.identifiers import CaseId, StationId
from hub.protocol.instants import format_instant
from hub.store.schema.desk import desk_accounts, desk_drafts, desk_notes, desk_recovery_codes, desk_views, lookups
from hub.store.schema.exchange import cases

FIRST = "*"
"""The row whose one-time code lets in the first administrator."""


class LookUp(StrEnum):
    """What somebody at the hub's desk looked at."""

    PERSON = "person"  # a search by name or citizen number; a leaf that names nobody
    TRAIL = "trail"  # a case's trail was opened, masked
    REVEAL = "reveal"  # a case's persons were shown in full; a leaf, and told to the stations
    EVIDENCE = "evidence"  # an evidence file was exported; a leaf
    LIST = "list"  # a list or a log was exported


@dataclass(frozen=True, slots=True)
class LookUpRow:
    """One look-up: who, when, what, why."""

    number: int
    at: str
    by_number: str
    by_name: str
    what: LookUp
    case: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One question asked of the case search: JSON, as the desk writes it."""

    id: str
    owner: str
    name: str | None
    question: bytes
    at: str


_ACCOUNT = tuple(desk_accounts.c[field.name] for field in fields(AccountRow))
_L = lookups.c
_LOOKUP = (_L.number, _L.at, _L.by_number, _L.by_name, _L.what, _L.case_id, _L.reason)


def note(tx: sa.Connection, name: str) -> str | None:
    """Return what is kept under `name`."""
    return tx.execute(sa.select(desk_notes.c.value).where(desk_notes.c.name == name)).scalar_one_or_none()


def keep_note(tx: sa.Connection, name: str, value: str) -> None:
    """Keep `value` under `name`."""
    statement = insert(desk_notes).values(name=name, value=value)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def find_account(tx: sa.Connection, number: str) -> AccountRow | None:
    """Return the account, or None."""
    found = tx.execute(sa.select(*_ACCOUNT).where(desk_accounts.c.number == number)).mappings().one_or_none()
    return None if found is None else AccountRow(**dict(found))


def accounts_known(tx: sa.Connection) -> tuple[AccountRow, ...]:
    """Return every person's account, by number."""
    query = sa.select(*_ACCOUNT).where(desk_accounts.c.number != FIRST).order_by(desk_accounts.c.number)
    return tuple(AccountRow(**dict(row)) for row in tx.execute(query).mappings())


def somebody_enrolled(tx: sa.Connection) -> bool:
    """Whether anybody has a second factor."""
    return tx.execute(sa.select(desk_accounts.c.number).where(desk_accounts.c.totp.is_not(None))).first() is not None


def save_account(tx: sa.Connection, row: AccountRow) -> None:
    """Store an account, new or changed."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    statement = insert(desk_accounts).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["number"], set_=values))


def put_recovery_codes(tx: sa.Connection, number: str, hashes: Iterable[str]) -> None:
    """Store a new set of recovery codes; the ones before are void."""
    tx.execute(sa.delete(desk_recovery_codes).where(desk_recovery_codes.c.number == number))
    for position, hash in enumerate(hashes):
        tx.execute(sa.insert(desk_recovery_codes).values(number=number, position=position, hash=hash))


def unused_recovery_codes(tx: sa.Connection, number: str) -> tuple[tuple[int, str], ...]:
    """Return position and hash of each recovery code that was not used."""
    table = desk_recovery_codes.c
    query = sa.select(table.position, table.hash).where(table.number == number, table.used_at.is_(None))
    return tuple((row.position, row.hash) for row in tx.execute(query.order_by(table.position)))


def use_recovery_code(tx: sa.Connection, number: str, position: int, *, now: datetime) -> bool:
    """Mark a recovery code as used; False when somebody was quicker."""
    table = desk_recovery_codes.c
    mine = (table.number == number, table.position == position, table.used_at.is_(None))
    return tx.execute(sa.update(desk_recovery_codes).values(used_at=format_instant(now)).where(*mine)).rowcount == 1


def save_draft(tx: sa.Connection, row: DraftRow) -> None:
    """Store what was typed; the same form's draft before it is replaced."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    statement = insert(desk_drafts).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["number", "place"], set_=values))


def find_draft(tx: sa.Connection, number: str, place: str) -> DraftRow | None:
    """Return somebody's draft of the form at `place`, or None."""
    table = desk_drafts.c
    query = sa.select(desk_drafts).where(table.number == number, table.place == place)
    found = tx.execute(query).mappings().one_or_none()
    return None if found is None else DraftRow(**dict(found))


def drop_draft(tx: sa.Connection, number: str, place: str) -> None:
    """Forget a draft: what it said is done, or was thrown away."""
    tx.execute(sa.delete(desk_drafts).where(desk_drafts.c.number == number, desk_drafts.c.place == place))


def drop_drafts_before(tx: sa.Connection, at: str) -> None:
    """Forget what nobody has gone on with since `at`."""
    tx.execute(sa.delete(desk_drafts).where(desk_drafts.c.saved_at < at))


def save_view(tx: sa.Connection, row: ViewRow) -> None:
    """Store a question; the same id again changes its name."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    statement = insert(desk_views).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"name": row.name}))


def find_view(tx: sa.Connection, id: str, *, owner: str) -> ViewRow | None:
    """Return a question of `owner`, or None: also for somebody else's."""
    found = tx.execute(sa.select(desk_views).where(desk_views.c.id == id, desk_views.c.owner == owner)).one_or_none()
    return None if found is None else ViewRow(*found)


def views_of(tx: sa.Connection, owner: str) -> tuple[ViewRow, ...]:
    """Return the questions that `owner` saved under a name, by name."""
    query = sa.select(desk_views).where(desk_views.c.owner == owner, desk_views.c.name.is_not(None))
    return tuple(ViewRow(*row) for row in tx.execute(query.order_by(desk_views.c.name)))


def drop_view(tx: sa.Connection, id: str, *, owner: str) -> None:
    """Forget a question."""
    tx.execute(sa.delete(desk_views).where(desk_views.c.id == id, desk_views.c.owner == owner))


def drop_views_before(tx: sa.Connection, at: datetime) -> None:
    """Forget the questions that were asked before `at` and not saved: they may name people."""
    old = (desk_views.c.name.is_(None), desk_views.c.at < format_instant(at))
    tx.execute(sa.delete(desk_views).where(*old))


def note_lookup(
    tx: sa.Connection,
    what: LookUp,
    *,
    by: tuple[str, str],
    now: datetime,
    case: CaseId | None = None,
    reason: str | None = None,
    raw: bytes | None = None,
) -> None:
    """Note that somebody (`by`: number and name) looked at something."""
    values = {
        "at": format_instant(now),
        "by_number": by[0],
        "by_name": by[1],
        "what": what.value,
        "case_id": case,
        "reason": reason,
        "raw": raw,
    }
    tx.execute(sa.insert(lookups).values(values))


def lookups_known(
    tx: sa.Connection, *, what: LookUp | None = None, case: CaseId | None = None, limit: int = 100, before: int = 0
) -> tuple[LookUpRow, ...]:
    """Return look-ups, newest first: of one kind or case, below number `before` (0: the newest)."""
    query = sa.select(*_LOOKUP).order_by(_L.number.desc()).limit(limit)
    if what is not None:
        query = query.where(_L.what == what.value)
    if case is not None:
        query = query.where(_L.case_id == case)
    if before:
        query = query.where(_L.number < before)
    return tuple(
        LookUpRow(row.number, row.at, row.by_number, row.by_name, LookUp(row.what), row.case_id, row.reason)
        for row in tx.execute(query)
    )


def reveals_for(tx: sa.Connection, station: StationId, *, after: int, limit: int) -> tuple[tuple[int, str, bytes], ...]:
    """Return number, case and signed act of what was revealed of the cases of `station`, behind number `after`, oldest first."""
    query = (
        sa.select(_L.number, _L.case_id, _L.raw)
        .join(cases, cases.c.id == _L.case_id)
        .where(
            _L.number > after,
            _L.what == LookUp.REVEAL.value,
            _L.raw.is_not(None),
            sa.or_(cases.c.opener == station, cases.c.respondent == station),
        )
        .order_by(_L.number)
        .limit(limit)
    )
    return tuple((row.number, row.case_id, bytes(row.raw)) for row in tx.execute(query))
