"""Officers' accounts at one station: kept in the agent's store, each opened by its officer's own key."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.keyring.pairs import certificate_at
from hub.pages import accounts as shared
from hub.pages.accounts import AccountRow, DeskKeys, derived_keys, with_new_code
from hub.protocol.errors import HanxunError
from hub.signing.certificates import Certified
from station_agent.agent import Agent
from station_agent.people import Person
from station_agent.store.desk import (
    find_account,
    put_recovery_codes,
    save_account,
    unused_recovery_codes,
    use_recovery_code,
    void_account,
)
from station_agent.store.trust import remember, setting

_SALT = "desk.salt"
RESET_LASTS = timedelta(days=7)
"""The authority has to issue a certificate before a code after a reset is used up."""


def desk_keys(agent: Agent, passphrase: bytes) -> DeskKeys:
    """Return the keys of the pages, the same ones after every start."""
    with agent.store.write() as tx:
        salt = setting(tx, _SALT)
        if salt is None:
            salt = secrets.token_hex(16)
            remember(tx, _SALT, salt)
    return derived_keys(passphrase, salt=bytes.fromhex(salt))


def new_code(tx: Connection, number: str, *, now: datetime) -> str:
    """Return a one-time code with which the officer sets up the second factor; the account's old factor stays until then."""
    account, code = with_new_code(find_account(tx, number) or AccountRow(number), now=now)
    save_account(tx, account)
    return code


def code_after_reset(tx: Connection, number: str, *, now: datetime) -> str:
    """Return a one-time code for somebody whose key was just taken out of use: it lets them choose a new password and, once the
    new certificate is here, set up the second factor. The old factor and recovery codes are void."""
    account, code = with_new_code(void_account(tx, number), now=now, lasts=RESET_LASTS)
    save_account(tx, account)
    return code


class StationAccounts:
    """The accounts in an agent's store."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def find(self, number: str) -> AccountRow | None:
        """Return the account, or None."""
        with self._agent.store.read() as tx:
            return find_account(tx, number)

    def save(self, row: AccountRow) -> None:
        """Keep an account, new or changed."""
        with self._agent.store.write() as tx:
            save_account(tx, row)

    def enrol(self, row: AccountRow, hashes: list[str]) -> None:
        """Keep an account with a new set of recovery codes; the ones before are void."""
        with self._agent.store.write() as tx:
            save_account(tx, row)
            put_recovery_codes(tx, row.number, hashes)

    def unused_recovery_codes(self, number: str) -> tuple[tuple[int, str], ...]:
        """Return position and hash of each recovery code that was not used."""
        with self._agent.store.read() as tx:
            return unused_recovery_codes(tx, number)

    def use_recovery_code(self, number: str, position: int, *, now: datetime) -> bool:
        """Mark a recovery code as used; False when somebody was quicker."""
        with self._agent.store.write() as tx:
            return use_recovery_code(tx, number, position, now=now)


class Accounts(shared.Accounts[Person]):
    """The accounts of one agent's officers."""

    def __init__(self, agent: Agent, keys: DeskKeys) -> None:
        self._agent = agent
        super().__init__(
            StationAccounts(agent),
            keys,
            unlock=agent.unlock,
            in_force=lambda person, now: self.in_force(person.certified, now),
        )

    def in_force(self, certified: Certified, now: datetime) -> bool:
        """Whether an officer's certificate may act here now: it lies here, is in its period and not revoked."""
        number = certified.number or ""
        try:
            here = certificate_at(self._agent.folder.officer(number).place, purposes=self._agent.settings.purposes)
        except HanxunError:
            return False
        if here is None or here.x5t != certified.x5t or not certified.not_before <= now <= certified.not_after:
            return False
        serial, issuer = certified.certificate.serial_number, certified.certificate.issuer
        lists = self._agent.knowledge.newest_crls()
        return not any(crl.parsed.issuer == issuer and serial in crl.entries for crl in lists)
