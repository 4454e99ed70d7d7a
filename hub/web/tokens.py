"""Signing in: an agent's `private_key_jwt` (RFC 7523) buys a short-lived bearer token, kept in memory only.

A restart forgets all tokens; agents sign in again. Assertions are spent in the database: none is taken twice, not even
across a restart.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.exchange.hub import Hub
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.exchange import Token
from hub.protocol.identifiers import StationId
from hub.protocol.verdict import Verdict
from hub.signing.assertions import read_assertion
from hub.signing.purposes import CertificateKind
from hub.signing.trust import check_certificate
from hub.store.sign_ins import note_seen, spend_assertion
from hub.store.stations import stations_known
from hub.web.rate import Rates

GRANT = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
MAX_TOKENS = 100_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has signed in, until when."""

    station: StationId
    x5t: str
    expires_at: datetime


class TokenOffice:
    """Issues tokens and knows whose they are. Used on the event loop."""

    def __init__(self, hub: Hub, *, audience: str) -> None:
        """`audience` is the hub's public address, which every assertion must be addressed to."""
        self._hub = hub
        self._audience = audience
        self._callers: dict[str, Caller] = {}
        self._cut: tuple[frozenset[StationId], frozenset[str]] = (frozenset(), frozenset())
        limits = hub.settings.limits
        self._rates = Rates(per_s=limits.requests_per_s, burst=limits.requests_burst)

    async def issue(self, form: Mapping[str, object]) -> Token:
        """Answer a token request. Raises: Refused (`token.request`), NotPermitted (`assertion.*`, `cert.*`, `station.*`)."""
        assertion = form.get("client_assertion")
        if any(form.get(name) != value for name, value in GRANT.items()) or not isinstance(assertion, str):
            raise Refused(Code.TOKEN_REQUEST)
        hub, now = self._hub, self._hub.clock()
        spent: list[tuple[str, datetime]] = []

        def note(jti: str, until: datetime) -> bool:
            spent.append((jti, until))
            return True

        certified = read_assertion(assertion.encode(), hub.trust.certificate, self._audience, now, claim_jti=note)
        checks = check_certificate(
            certified, kind=CertificateKind.AGENT, trust=hub.trust.refresh(), at=now, now=now, prefix="assertion"
        )
        Verdict(checks).require()
        jti, until = spent[0]
        station = certified.station
        assert station is not None  # an agent's assertion has one

        def spend(tx: sa.Connection) -> bool:
            fresh = spend_assertion(tx, x5t=certified.x5t, jti=jti, until=until, now=now)
            if fresh:
                note_seen(tx, station, now=now)
            return fresh

        if not await hub.writer.run(spend):
            raise NotPermitted(Code.ASSERTION_REPEATED)
        while True:
            cut = self._cut
            await self._require_active(station)
            # A suspension seen while the store was asked has ended the tokens there were; this one would be left over.
            if cut is self._cut:
                break
        return self._remember(station, certified.x5t, now)

    def caller(self, authorization: str | None) -> Caller:
        """Return who an `Authorization` header speaks for, and count a request of that station.

        Raises: NotPermitted (`token.missing`, `token.invalid`), Refused (`request.rate`).
        """
        if authorization is None or not authorization.startswith("Bearer "):
            raise NotPermitted(Code.TOKEN_MISSING)
        token = authorization[7:]
        caller = self._callers.get(token)
        if caller is None or caller.expires_at <= self._hub.clock():
            self._callers.pop(token, None)
            raise NotPermitted(Code.TOKEN_INVALID)
        self._rates.take(caller.station)
        return caller

    def certificates(self) -> frozenset[str]:
        """Return the x5t of every agent that has signed in."""
        return frozenset(caller.x5t for caller in self._callers.values())

    def cut_off(self, suspended: frozenset[StationId], revoked: frozenset[str]) -> frozenset[StationId]:
        """End the tokens of these stations and certificates, now; return the stations that had any."""
        self._cut = suspended, revoked
        gone = {token: caller for token, caller in self._callers.items() if self.is_cut(caller)}
        self._callers = {token: caller for token, caller in self._callers.items() if token not in gone}
        return frozenset(caller.station for caller in gone.values())

    def is_cut(self, caller: Caller) -> bool:
        """Whether the caller's station is suspended or its agent's certificate revoked, as far as was seen."""
        suspended, revoked = self._cut
        return caller.station in suspended or caller.x5t in revoked

    async def _require_active(self, station: StationId) -> None:
        known = await self._hub.readers.read(stations_known)
        active = {entry.code: entry.active for entry in known}.get(station)
        if not active:
            code = Code.STATION_UNKNOWN if active is None else Code.STATION_SUSPENDED
            raise NotPermitted(code, detail=station)

    def _remember(self, station: StationId, x5t: str, now: datetime) -> Token:
        if len(self._callers) >= MAX_TOKENS:
            self._callers = {token: caller for token, caller in self._callers.items() if caller.expires_at > now}
        lifetime = self._hub.settings.limits.token_s
        token = secrets.token_urlsafe(32)
        self._callers[token] = Caller(station, x5t, now + timedelta(seconds=lifetime))
        return Token(access_token=token, token_type="Bearer", expires_in=lifetime)  # noqa: S106 - a scheme, no secret
