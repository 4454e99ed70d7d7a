"""Who is signed in: sessions in memory, each with its person's unlocked key, and cookies that say whose they are.

A session's key is gone when it ends or the process does. Its cookie stays provable (HMAC under a key of the installation): what
somebody typed is kept under their number also when the session has ended meanwhile.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

LASTS = timedelta(hours=8)
IDLE = timedelta(minutes=30)
PROVABLE = timedelta(hours=24)
ANYBODY = "-"


class Identified(Protocol):
    """Somebody who has unlocked their own key."""

    @property
    def number(self) -> str:
        """Their number, as in the certificate."""


P = TypeVar("P", bound=Identified)


@dataclass(slots=True)
class Session(Generic[P]):
    """One person at one browser. `seen_at` moves with what the person does, not with what the page does by itself; `notice`
    is shown once; `kept` are values of a page that must not travel (a second factor being set up)."""

    token: str
    person: P
    began_at: datetime
    seen_at: datetime
    before: str | None = None
    notice: str | None = None
    kept: dict[str, str] = field(default_factory=dict)

    def is_over(self, now: datetime) -> bool:
        """Whether it has lasted or rested too long."""
        return now >= self.began_at + LASTS or now >= self.seen_at + IDLE


class Sessions(Generic[P]):
    """All sessions of this process. Used from several threads: each step is one operation on a dict."""

    def __init__(self, key: bytes, *, in_force: Callable[[P, datetime], bool]) -> None:
        self._key = key
        self._in_force = in_force
        self._open: dict[str, Session[P]] = {}

    def begin(self, person: P, *, now: datetime, before: str | None = None) -> Session[P]:
        """Begin a session under a new token (never the one that the visitor came with)."""
        session = Session(self.new_token(person.number, now=now), person, now, now, before)
        self._open[session.token] = session
        return session

    def end(self, token: str) -> None:
        """End a session; its key is forgotten."""
        self._open.pop(token, None)

    def count_of(self, number: str) -> int:
        """Return how many sessions somebody has."""
        return sum(session.person.number == number for session in list(self._open.values()))

    def end_of(self, number: str) -> int:
        """End every session of somebody, wherever they sit; return how many there were."""
        theirs = [token for token, session in list(self._open.items()) if session.person.number == number]
        for token in theirs:
            self.end(token)
        return len(theirs)

    def find(self, token: str, *, now: datetime, acts: bool) -> Session[P] | None:
        """Return the session of a cookie; `acts`: the person does something, so it rests no longer.

        Somebody whose certificate has ended, or was taken out of use or revoked, has no session any more.
        """
        session = self._open.get(token)
        if session is None:
            return None
        if session.is_over(now) or not self._in_force(session.person, now):
            self.end(token)
            return None
        if acts:
            session.seen_at = now
        return session

    def sweep(self, now: datetime) -> int:
        """Forget the keys of sessions that are over; return how many there were."""
        over = [token for token, session in list(self._open.items()) if session.is_over(now)]
        for token in over:
            self.end(token)
        return len(over)

    def new_token(self, number: str, *, now: datetime) -> str:
        """Return a new cookie for `number` (or `ANYBODY`)."""
        stem = f"{secrets.token_urlsafe(24)}.{number}.{int(now.timestamp())}"
        return f"{stem}.{self._mac('cookie', stem)}"

    def owner_of(self, token: str, *, now: datetime) -> str | None:
        """Return whose cookie this is, or was until lately; None for one that is not ours."""
        stem, _, mac = token.rpartition(".")
        if not hmac.compare_digest(mac.encode(), self._mac("cookie", stem).encode()):
            return None
        _, number, made = stem.rsplit(".", 2)
        return number if now.timestamp() - int(made) < PROVABLE.total_seconds() else None

    def form_token(self, token: str) -> str:
        """Return what a form of this visitor must carry (against forged requests)."""
        return self._mac("form", token)

    def is_form_token(self, token: str, given: str) -> bool:
        """Whether `given` is that."""
        return hmac.compare_digest(self.form_token(token).encode(), given.encode())

    def _mac(self, use: str, text: str) -> str:
        return hmac.new(self._key, f"{use}\0{text}".encode(), hashlib.sha256).hexdigest()
