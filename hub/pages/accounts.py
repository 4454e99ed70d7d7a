"""Signing in: the password opens the person's own key, a six-digit code (TOTP, RFC 6238) or a recovery code is the second factor.

Nothing of the password is kept. Five failures in a row lock the account for half an hour, also for numbers that nobody has.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Generic, NoReturn, Protocol

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hub.pages.visit import P
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.instants import beijing, format_instant, parse_instant
from hub.signing.keys import DEFAULT_COST

FAILURES = 5
LOCKED = timedelta(minutes=30)
CODE_LASTS = timedelta(hours=24)
ENROLMENT_LASTS = timedelta(minutes=10)
RECOVERY_CODES = 10
STEP_S = 30
MOST_STRANGERS = 1000
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is mixed up when read aloud
# What is hashed are codes that this program makes, of 60 bits and more: a light cost is enough, ten are checked one by one.
_hasher = PasswordHasher(time_cost=1, memory_cost=16 << 10, parallelism=1)
# One try at a time, whoever asks: each costs a third of a second of a core, and none may slip past the count of failures or
# use a code twice.
_tries = threading.Lock()


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A person's account: `totp` the encrypted secret (None: not set up), `totp_step` the last time step used, `code` the
    hash of the one-time code for setting it up, `failures` in a row, `last_at` and `last_from` of the last sign-in."""

    number: str
    totp: bytes | None = None
    totp_step: int = 0
    code: str | None = None
    code_until: str | None = None
    failures: int = 0
    locked_until: str | None = None
    last_at: str | None = None
    last_from: str | None = None


class AccountStore(Protocol):
    """Where accounts are kept; each call is a transaction of its own."""

    def find(self, number: str) -> AccountRow | None:
        """Return the account, or None."""

    def save(self, row: AccountRow) -> None:
        """Keep an account, new or changed."""

    def enrol(self, row: AccountRow, hashes: list[str]) -> None:
        """Keep an account with a new set of recovery codes; the ones before are void."""

    def unused_recovery_codes(self, number: str) -> tuple[tuple[int, str], ...]:
        """Return position and hash of each recovery code that was not used."""

    def use_recovery_code(self, number: str, position: int, *, now: datetime) -> bool:
        """Mark a recovery code as used; False when somebody was quicker."""


@dataclass(frozen=True, slots=True)
class DeskKeys:
    """Keys of the pages, derived from the installation's passphrase: `secrets` encrypts second factors, `cookies` proves cookies."""

    secrets: bytes
    cookies: bytes


def derived_keys(passphrase: bytes, *, salt: bytes) -> DeskKeys:
    """Return the keys, the same ones after every start. Under a new passphrase everybody sets up the second factor again."""
    cost = DEFAULT_COST
    derived = Scrypt(salt=salt, length=64, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)
    return DeskKeys(derived[:32], derived[32:])


def with_new_code(account: AccountRow, *, now: datetime, lasts: timedelta = CODE_LASTS) -> tuple[AccountRow, str]:
    """Return the account with a one-time code, and the code, with which its person sets up the second factor; the old factor
    stays until then."""
    code, until = _readable(4), format_instant(now + lasts)
    return replace(account, code=_hasher.hash(code), code_until=until, failures=0, locked_until=None), code


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor being set up: its `secret` is shown to the person whose password and one-time code were right."""

    ticket: str
    number: str
    secret: str
    until: datetime
    tries: int = 0


class Accounts(Generic[P]):
    """The accounts of one installation. `unlock` opens a person's key by number and password, and raises Refused (
    `station.officer_unknown`, `key.passphrase`); `in_force` says whether that person's certificate may act now."""

    def __init__(
        self,
        store: AccountStore,
        keys: DeskKeys,
        *,
        unlock: Callable[[str, bytes], P],
        in_force: Callable[[P, datetime], bool],
    ) -> None:
        self._store = store
        self._keys = keys
        self._unlock = unlock
        self._in_force = in_force
        self._strangers: dict[str, AccountRow] = {}
        self._begun: dict[str, Enrolment] = {}

    def sign_in(self, number: str, password: str, code: str, *, address: str, now: datetime) -> tuple[P, str | None]:
        """Return the person, and where and when they signed in before.

        Raises: NotPermitted (`desk.sign_in`, `desk.locked`, `desk.not_enrolled`, `desk.certificate`).
        """
        with _tries:
            person, account = self._proved(number, password, code, now)
            before = (
                None if account.last_at is None else f"{beijing(parse_instant(account.last_at))} · {account.last_from}"
            )
            self._store.save(replace(account, last_at=format_instant(now), last_from=address))
        return person, before

    def prove(self, number: str, password: str, code: str, *, now: datetime) -> P:
        """Return the person, proved once more in the middle of a session: before an act about other people's accounts.

        Raises: NotPermitted, as `sign_in`; failures count for the same lock.
        """
        with _tries:
            person, account = self._proved(number, password, code, now)
            self._store.save(account)
        return person

    def require_code(self, number: str, code: str, *, now: datetime) -> None:
        """Return only if this is the one-time code that `number` was given; it goes on counting until a factor is set up.

        Raises: NotPermitted (`desk.code`, `desk.locked`).
        """
        with _tries:
            account = self._account(number)
            self._require_open(account, now)
            self._require_code(account, code, now)

    def begin_enrolment(self, number: str, password: str, code: str, *, now: datetime) -> Enrolment:
        """Return a new secret for the second factor, which does not count before `enrol`.

        Raises: NotPermitted (`desk.sign_in`, `desk.locked`, `desk.code`, `desk.certificate`).
        """
        with _tries:
            account = self._account(number)
            self._require_open(account, now)
            self._unlocked(account, password, now)
            self._require_code(account, code, now)
            self._begun = {ticket: begun for ticket, begun in self._begun.items() if now < begun.until}
            begun = Enrolment(secrets.token_urlsafe(16), number, pyotp.random_base32(), now + ENROLMENT_LASTS)
            self._begun[begun.ticket] = begun
        return begun

    def begun(self, ticket: str, *, now: datetime) -> Enrolment:
        """Return an enrolment that goes on. Raises: NotPermitted (`desk.code`) when it has lasted too long."""
        found = self._begun.get(ticket)
        if found is None or now >= found.until or found.tries >= FAILURES:
            self._begun.pop(ticket, None)
            raise NotPermitted(Code.DESK_CODE)
        return found

    def enrol(self, ticket: str, shown: str, *, now: datetime) -> tuple[str, ...]:
        """Take the begun second factor, which `shown` proves to be in that person's app; return new recovery codes.

        Raises: NotPermitted (`desk.totp`, `desk.code`).
        """
        with _tries:
            begun = self.begun(ticket, now=now)
            step = _matching_step(begun.secret, shown, now)
            if step is None:
                self._begun[ticket] = replace(begun, tries=begun.tries + 1)
                raise NotPermitted(Code.DESK_TOTP)
            self._begun.pop(ticket)
            codes = tuple(_readable(3) for _ in range(RECOVERY_CODES))
            hashes = [_hasher.hash(each) for each in codes]
            before, secret = self._account(begun.number), self._encrypted(begun.number, begun.secret)
            fresh = AccountRow(begun.number, totp=secret, totp_step=step, last_at=before.last_at)
            self._store.enrol(replace(fresh, last_from=before.last_from), hashes)
        return codes

    def _proved(self, number: str, password: str, code: str, now: datetime) -> tuple[P, AccountRow]:
        """Return the person, and the account with this try in it, for saving."""
        account = self._account(number)
        self._require_open(account, now)
        person = self._unlocked(account, password, now)
        if account.totp is None:
            raise NotPermitted(Code.DESK_NOT_ENROLLED)
        step = self._step_of(account, code, now)
        if step is None and not self._used_recovery_code(number, code, now):
            self._fail(account, now, Code.DESK_SIGN_IN)
        return person, replace(account, failures=0, locked_until=None, totp_step=step or account.totp_step)

    def _account(self, number: str) -> AccountRow:
        return self._store.find(number) or self._strangers.get(number) or AccountRow(number)

    def _require_open(self, account: AccountRow, now: datetime) -> None:
        if account.locked_until is not None and now < (until := parse_instant(account.locked_until)):
            raise NotPermitted(Code.DESK_LOCKED, values={"until": beijing(until)})

    def _unlocked(self, account: AccountRow, password: str, now: datetime) -> P:
        try:
            person = self._unlock(account.number, password.encode())
        except Refused as error:
            if error.code is Code.OFFICER_UNKNOWN:
                # As long as for one who is known: the time must not tell who works here.
                cost = DEFAULT_COST
                Scrypt(salt=b"nobody", length=32, n=cost.n, r=cost.r, p=cost.p).derive(password.encode() or b"-")
            self._fail(account, now, Code.DESK_SIGN_IN)
        if not self._in_force(person, now):
            raise NotPermitted(Code.DESK_CERTIFICATE)
        return person

    def _require_code(self, account: AccountRow, code: str, now: datetime) -> None:
        until = account.code_until
        # A number without a code costs the same as one with: the time must not tell whom a code was made for.
        right = _verified(account.code or _nobodys_code(), code)
        if account.code is None or until is None or now >= parse_instant(until) or not right:
            self._fail(account, now, Code.DESK_CODE)

    def _fail(self, account: AccountRow, now: datetime, code: Code) -> NoReturn:
        failures = account.failures + 1
        locked = format_instant(now + LOCKED) if failures >= FAILURES else None
        failed = replace(account, failures=0 if locked else failures, locked_until=locked)
        if self._store.find(account.number) is not None:
            self._store.save(failed)
        else:
            self._note_stranger(failed)
        if locked is not None:
            raise NotPermitted(Code.DESK_LOCKED, values={"until": beijing(now + LOCKED)})
        raise NotPermitted(code)

    def _note_stranger(self, failed: AccountRow) -> None:
        if len(self._strangers) >= MOST_STRANGERS:
            self._strangers.pop(next(iter(self._strangers)))
        self._strangers[failed.number] = failed

    def _step_of(self, account: AccountRow, code: str, now: datetime) -> int | None:
        """Return the time step of a right code that was not used before, else None."""
        step = _matching_step(self._decrypted(account), code, now)
        return step if step is not None and step > account.totp_step else None

    def _used_recovery_code(self, number: str, code: str, now: datetime) -> bool:
        if len(_plain(code)) != len(_plain(_readable(3))):
            return False
        for position, hash in self._store.unused_recovery_codes(number):
            if _verified(hash, code):
                return self._store.use_recovery_code(number, position, now=now)
        return False

    def _encrypted(self, number: str, secret: str) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self._keys.secrets).encrypt(nonce, secret.encode(), number.encode())

    def _decrypted(self, account: AccountRow) -> str:
        raw = account.totp or b""
        try:
            return AESGCM(self._keys.secrets).decrypt(raw[:12], raw[12:], account.number.encode()).decode()
        except (InvalidTag, ValueError) as error:
            # The installation's passphrase is another one since: the factor has to be set up again.
            raise NotPermitted(Code.DESK_NOT_ENROLLED) from error


def address_of_secret(number: str, secret: str, *, name: str) -> str:
    """Return the `otpauth://` address that the QR code shows."""
    return pyotp.TOTP(secret).provisioning_uri(name=number, issuer_name=f"函询 {name}")


def _matching_step(secret: str, code: str, now: datetime) -> int | None:
    totp, current = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    digits = "".join(code.split())
    for step in (current, current - 1, current + 1):
        if len(digits) == 6 and secrets.compare_digest(totp.generate_otp(step).encode(), digits.encode()):
            return step
    return None


@cache
def _nobodys_code() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def _readable(groups: int) -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(groups))


def _plain(code: str) -> str:
    return "".join(code.replace("-", "").split()).upper()


def _verified(hash: str, code: str) -> bool:
    plain = _plain(code)
    spelt = "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))
    try:
        return _hasher.verify(hash, spelt)
    except (VerificationError, InvalidHashError):
        return False
