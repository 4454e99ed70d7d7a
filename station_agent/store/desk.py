"""Questions about the desk's pages: accounts with their second factor, drafts of forms, what each officer has seen."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.pages.accounts import AccountRow
from hub.pages.drafts import DraftRow
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import format_instant
from station_agent.store.schema.desk import desk_accounts, desk_drafts, desk_recovery_codes, desk_seen

_ACCOUNT = tuple(desk_accounts.c[field.name] for field in fields(AccountRow))


def find_account(tx: Connection, number: str) -> AccountRow | None:
    """Return the account, or None."""
    found = tx.execute(select(*_ACCOUNT).where(desk_accounts.c.number == number)).mappings().one_or_none()
    return None if found is None else AccountRow(**dict(found))


def save_account(tx: Connection, row: AccountRow) -> None:
    """Store an account, new or changed."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    statement = insert_or(desk_accounts).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["number"], set_=values))


def accounts_known(tx: Connection) -> tuple[AccountRow, ...]:
    """Return every account, by number."""
    rows = tx.execute(select(*_ACCOUNT).order_by(desk_accounts.c.number)).mappings()
    return tuple(AccountRow(**dict(row)) for row in rows)


def void_account(tx: Connection, number: str) -> AccountRow:
    """Take somebody's second factor, codes and lock away; when they were last here stays. Return the account as it is now."""
    before = find_account(tx, number)
    row = (
        AccountRow(number) if before is None else AccountRow(number, last_at=before.last_at, last_from=before.last_from)
    )
    save_account(tx, row)
    put_recovery_codes(tx, number, ())
    return row


def put_recovery_codes(tx: Connection, number: str, hashes: Iterable[str]) -> None:
    """Store a new set of recovery codes; the ones before are void."""
    tx.execute(delete(desk_recovery_codes).where(desk_recovery_codes.c.number == number))
    for position, hash in enumerate(hashes):
        tx.execute(insert(desk_recovery_codes).values(number=number, position=position, hash=hash))


def unused_recovery_codes(tx: Connection, number: str) -> tuple[tuple[int, str], ...]:
    """Return position and hash of each recovery code that was not used."""
    table = desk_recovery_codes.c
    question = select(table.position, table.hash).where(table.number == number, table.used_at.is_(None))
    return tuple((position, hash) for position, hash in tx.execute(question.order_by(table.position)))


def use_recovery_code(tx: Connection, number: str, position: int, *, now: datetime) -> bool:
    """Mark a recovery code as used; False when somebody was quicker."""
    table = desk_recovery_codes.c
    statement = update(desk_recovery_codes).values(used_at=format_instant(now))
    mine = (table.number == number, table.position == position, table.used_at.is_(None))
    return tx.execute(statement.where(*mine)).rowcount == 1


def save_draft(tx: Connection, row: DraftRow) -> None:
    """Store what was typed; the same form's draft before it is replaced."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    statement = insert_or(desk_drafts).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["number", "place"], set_=values))


def find_draft(tx: Connection, number: str, place: str) -> DraftRow | None:
    """Return the officer's draft of the form at `place`, or None."""
    table = desk_drafts.c
    question = select(desk_drafts).where(table.number == number, table.place == place)
    found = tx.execute(question).mappings().one_or_none()
    return None if found is None else DraftRow(**dict(found))


def drop_draft(tx: Connection, number: str, place: str) -> None:
    """Forget a draft: what it said is done, or was thrown away by its officer."""
    tx.execute(delete(desk_drafts).where(desk_drafts.c.number == number, desk_drafts.c.place == place))


def count_drafts(tx: Connection, number: str) -> int:
    """Return how many drafts an officer has."""
    return int(tx.execute(select(func.count()).where(desk_drafts.c.number == number)).scalar_one())


def note_seen(tx: Connection, number: str, case: CaseId, *, now: datetime) -> None:
    """The officer has opened the case."""
    values = {"number": number, "case": case, "at": format_instant(now)}
    statement = insert_or(desk_seen).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["number", "case"], set_=values))


def seen_cases(tx: Connection, number: str) -> dict[CaseId, str]:
    """Return when an officer last opened each case."""
    question = select(desk_seen.c.case, desk_seen.c.at).where(desk_seen.c.number == number)
    return {CaseId(case): at for case, at in tx.execute(question)}
