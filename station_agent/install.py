"""Putting issued certificates beside their keys, and saying what a machine still lacks before it can work."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.keyring.expiry import Expiry, expiry_of
from hub.keyring.pairs import certificate_at
from hub.keyring.place import KeyPlace
from hub.keyring.renew import is_ready, place_for, put_certificate, swap
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Result, Verdict
from hub.signing.authority import read_request
from hub.signing.certificates import Certified, read_certificate
from hub.signing.fingerprints import key_digest, short
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate
from station_agent.folder import AgentFolder
from station_agent.own_keys import OwnPlace, own_places
from station_agent.settings import AgentSettings


@dataclass(frozen=True, slots=True)
class Installed:
    """A certificate that was put in its place: which key's (`name`), and whether it `waits` for the service to tell the hub
    of it before it replaces the one in force."""

    name: str
    path: Path
    certified: Certified
    waits: bool


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key of this machine: its certificate in force, if any; the request that waits for a certificate, with its
    `fingerprint`; whether a renewed certificate waits for the hub; the warning before its end."""

    name: str
    certified: Certified | None
    request: Path | None
    fingerprint: str | None
    waits_for_hub: bool
    expiry: Expiry | None


def install_certificate(
    raw: bytes, *, folder: AgentFolder, settings: AgentSettings, trust: Trust, now: datetime
) -> Installed:
    """Put an issued certificate beside its key; the key's successor follows at once, but the agent's when the hub knows it.

    Checked before: a key here is waiting for it, the confirmed roots vouch for it, it is in its period, of the right kind,
    station, officer or seal, and not revoked as far as is known here.
    Raises: Refused (`cert.form`, `install.no_key`, `install.place`, NotVerified).
    """
    certified = read_certificate(raw, purposes=settings.purposes)
    own, place = _place_of(certified, folder)
    if not own.accepts(certified) or certified.station != settings.station:
        found = " ".join(filter(None, (certified.kind and certified.kind.value, certified.number, certified.station)))
        raise Refused(Code.INSTALL_PLACE, values={"wanted": f"{own.wanted} {settings.station}", "found": found})
    checks = check_certificate(certified, kind=own.kind, trust=trust, at=now, now=now)
    # A machine that joins has no revocation list yet; it judges its own certificates again before it uses them.
    Verdict(tuple(check for check in checks if check.result is not Result.INDETERMINATE)).require()
    put_certificate(place, certified)
    waits = place != own.place and own.kind is CertificateKind.AGENT and _is_in_force(own, settings, now)
    if place != own.place and not waits:
        swap(own.place, purposes=settings.purposes)
    return Installed(own.name, place.certificate if waits else own.place.certificate, certified, waits)


def key_states(folder: AgentFolder, settings: AgentSettings, *, now: datetime) -> tuple[KeyState, ...]:
    """Return how every key of this machine stands. Raises: Refused (`cert.form`)."""
    return tuple(_state(own, settings, now) for own in own_places(folder))


def _state(own: OwnPlace, settings: AgentSettings, now: datetime) -> KeyState:
    certified = certificate_at(own.place, purposes=settings.purposes)
    ready = is_ready(own.place)
    waiting = own.place if certified is None else own.place.next
    request = waiting.request if waiting.has_key and not ready and waiting.request.is_file() else None
    return KeyState(
        name=own.name,
        certified=certified,
        request=request,
        fingerprint=None if request is None else request_fingerprint(request),
        waits_for_hub=ready,
        expiry=None if certified is None else expiry_of(certified, now),
    )


def request_fingerprint(path: Path) -> str:
    """Return the fingerprint of the key in a request, to read out on the telephone. Raises: Refused (`csr.form`)."""
    return short(key_digest(read_request(path.read_bytes()).public_key))


def _place_of(certified: Certified, folder: AgentFolder) -> tuple[OwnPlace, KeyPlace]:
    for own in own_places(folder):
        place = place_for(certified, (own.place,))
        if place is not None:
            return own, place
    raise Refused(Code.INSTALL_NO_KEY, detail=certified.name)


def _is_in_force(own: OwnPlace, settings: AgentSettings, now: datetime) -> bool:
    present = certificate_at(own.place, purposes=settings.purposes)
    return present is not None and now <= present.not_after
