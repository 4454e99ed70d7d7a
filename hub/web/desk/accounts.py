"""The accounts of the hub's desk, kept in the hub's store; the first administrator comes in by the code that `hub init` printed."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.pages.accounts import AccountRow, DeskKeys, derived_keys, with_new_code
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.store.database import Readers, open_writer
from hub.store.desk import (
    FIRST,
    find_account,
    keep_note,
    note,
    put_recovery_codes,
    save_account,
    somebody_enrolled,
    unused_recovery_codes,
    use_recovery_code,
)
from hub.store.layout import DataFolder

FIRST_LASTS = timedelta(days=30)
_SALT = "desk.salt"


def desk_keys(engine: sa.Engine, passphrase: bytes) -> DeskKeys:
    """Return the keys of the pages, the same ones after every start."""
    with engine.begin() as tx:
        salt = note(tx, _SALT)
        if salt is None:
            salt = secrets.token_hex(16)
            keep_note(tx, _SALT, salt)
    return derived_keys(passphrase, salt=bytes.fromhex(salt))


def first_code(tx: sa.Connection, *, now: datetime) -> str:
    """Return the one-time code for whoever of the administrators is first at the desk; good while nobody is enrolled."""
    row, code = with_new_code(AccountRow(FIRST), now=now)
    save_account(tx, replace(row, code_until=format_instant(now + FIRST_LASTS)))
    return code


def new_first_code(folder: DataFolder, *, now: datetime) -> str:
    """Return the first administrator's one-time code for a hub that was just made."""
    engine = open_writer(folder.database)
    try:
        with engine.begin() as tx:
            return first_code(tx, now=now)
    finally:
        engine.dispose()


def code_for(tx: sa.Connection, number: str, *, now: datetime) -> str:
    """Return a one-time code with which this person sets up the second factor.

    Raises: Refused (`desk.enrolled`) when there is one: resetting it takes two people.
    """
    account = find_account(tx, number) or AccountRow(number)
    if account.totp is not None:
        raise Refused(Code.DESK_ENROLLED, values={"number": number})
    account, code = with_new_code(account, now=now)
    save_account(tx, account)
    return code


class HubAccounts:
    """The accounts in the hub's store."""

    def __init__(self, readers: Readers, engine: sa.Engine) -> None:
        self._readers = readers
        self._engine = engine

    def find(self, number: str) -> AccountRow | None:
        """Return the account, or None. Before anybody is enrolled everybody's one-time code is the first one."""
        if number == FIRST:
            return None

        def question(tx: sa.Connection) -> AccountRow | None:
            own, first = find_account(tx, number), find_account(tx, FIRST)
            if (own is not None and own.code is not None) or first is None or somebody_enrolled(tx):
                return own
            return replace(own or AccountRow(number), code=first.code, code_until=first.code_until)

        return self._readers.read_now(question)

    def save(self, row: AccountRow) -> None:
        """Keep an account, new or changed."""
        with self._engine.begin() as tx:
            save_account(tx, row)

    def enrol(self, row: AccountRow, hashes: list[str]) -> None:
        """Keep an account with a new set of recovery codes; the ones before are void, and so is the first code."""
        with self._engine.begin() as tx:
            save_account(tx, row)
            put_recovery_codes(tx, row.number, hashes)
            save_account(tx, AccountRow(FIRST))

    def unused_recovery_codes(self, number: str) -> tuple[tuple[int, str], ...]:
        """Return position and hash of each recovery code that was not used."""
        return self._readers.read_now(lambda tx: unused_recovery_codes(tx, number))

    def use_recovery_code(self, number: str, position: int, *, now: datetime) -> bool:
        """Mark a recovery code as used; False when somebody was quicker."""
        with self._engine.begin() as tx:
            return use_recovery_code(tx, number, position, now=now)
