"""The hub's signed list of seals, and what it says of one seal at one time. Pure: bytes in, check out.

Every list that was ever taken counts, not only the newest: a hub restored from an older backup may have forgotten that a
seal was suspended or lost. What the lists say is joined; the newest one's age decides whether it still says enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import SEALS_TYP
from hub.protocol.seal_status import SEAL_STATE_ZH, SealEvent, SealState, SealStatusList
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Check, Verdict, failed, indeterminate, not_applicable, passed
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate

MAX_LIST_BYTES = 8 * 1024 * 1024
STATE = "seal.state"


@dataclass(frozen=True, slots=True)
class SignedSealList:
    """A list whose signature is right: `raw` as received, named by `digest`."""

    raw: bytes
    digest: Digest
    list: SealStatusList
    certified: Certified


@dataclass(frozen=True, slots=True)
class SealBook:
    """The lists that count, and how old the newest may be; no lists: this deployment has no register of seals.

    `max_age` None: age is not asked, as for evidence of years ago.
    """

    lists: tuple[SealStatusList, ...] = ()
    max_age: timedelta | None = None

    @property
    def newest(self) -> SealStatusList | None:
        """The list of the highest number."""
        return max(self.lists, key=lambda item: item.number, default=None)

    def events_of(self, seal: str) -> tuple[SealEvent, ...]:
        """Return everything that any list says befell the seal with this x5t, in order of time."""
        entries = (entry for item in self.lists for entry in item.seals if entry.seal == seal)
        found = {event for entry in entries for event in entry.events}
        return tuple(sorted(found, key=lambda event: (parse_instant(event.at), _ORDER[event.state])))


_ORDER = {state: number for number, state in enumerate(SealState)}


def sign_seal_list(statement: SealStatusList, *, signer: Signer) -> bytes:
    """Return the compact JWS of `statement`. Raises: Refused (`cert.purpose`, `jws.too_large`)."""
    _require_hub(signer.certified)
    return sign_jws(encode_json(statement), typ=SEALS_TYP, signer=signer, limit=MAX_LIST_BYTES)


def open_seal_list(raw: bytes, *, certificates: CertificateSource) -> SignedSealList:
    """Return the list in `raw`, its signature verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    opened = verify_jws(raw, typ=SEALS_TYP, certificates=certificates, limit=MAX_LIST_BYTES)
    statement = decode_strict(opened.payload, SealStatusList)
    parse_instant(statement.at, field="/at")
    for number, entry in enumerate(statement.seals):
        for event in entry.events:
            parse_instant(event.at, field=f"/seals/{number}/events")
            if event.compromised_since is not None:
                parse_instant(event.compromised_since, field=f"/seals/{number}/events")
    _require_hub(opened.certified)
    return SignedSealList(raw, digest_of(raw), statement, opened.certified)


def check_seal_list(signed: SignedSealList, *, origin: str | None, trust: Trust, now: datetime) -> Verdict:
    """Say whether the hub's certificate was good when it made the list, and whether it is the list of the hub `origin`."""
    at = parse_instant(signed.list.at)
    checks = check_certificate(
        signed.certified, kind=CertificateKind.HUB, trust=trust, at=at, now=now, prefix="seal_list"
    )
    own = "seal_list.origin"
    if origin is None or signed.list.origin == origin:
        return Verdict((*checks, passed(own)))
    return Verdict((*checks, failed(own, Code.SEAL_LIST_STRANGER, signed.list.origin)))


def check_seal_state(seal: str, *, book: SealBook, at: datetime, now: datetime) -> Check:
    """Say whether the seal with the certificate `seal` (x5t) was in force at `at`, as the lists known at `now` tell.

    Not in force, or out of its custodian's hands since before: undetermined (E402). Too old a list: undetermined (W403). A
    seal that no list names: not applicable, or failed where registration is required.
    """
    newest = book.newest
    if newest is None:
        return not_applicable(STATE, "no register of seals")
    events = book.events_of(seal)
    if (doubt := _doubt(events, at)) is not None:
        return doubt
    if book.max_age is not None and now - parse_instant(newest.at) > book.max_age:
        hours = int(book.max_age.total_seconds() // 3600)
        return indeterminate(STATE, Code.STATUS_LIST_TOO_OLD, f"seal list {newest.number}", hours=hours)
    if events:
        return passed(STATE)
    if newest.required:
        return failed(STATE, Code.SEAL_NOT_REGISTERED)
    return not_applicable(STATE, "not registered with the hub")


def state_at(events: Sequence[SealEvent], at: datetime) -> SealEvent | None:
    """Return the event that governs at `at`: the last one not later; None before the seal was registered."""
    before = [event for event in events if parse_instant(event.at) <= at]
    return before[-1] if before else None


def compromised_since(events: Sequence[SealEvent]) -> datetime | None:
    """Return the earliest instant since which the seal may have been in other hands; None: it never was."""
    instants = [parse_instant(event.compromised_since) for event in events if event.compromised_since is not None]
    return min(instants, default=None)


def _doubt(events: Sequence[SealEvent], at: datetime) -> Check | None:
    since = compromised_since(events)
    if since is not None and since <= at:
        return indeterminate(
            STATE, Code.SEAL_KEY_NOT_IN_FORCE, f"遗失 lost, compromised since {since:%Y-%m-%dT%H:%M:%SZ}"
        )
    # Terminal states stay, whatever a later list says.
    ended = next((event for event in events if event.state in _TERMINAL and parse_instant(event.at) <= at), None)
    governing = ended or state_at(events, at)
    if governing is None or governing.state is SealState.ACTIVE:
        return None
    return indeterminate(STATE, Code.SEAL_KEY_NOT_IN_FORCE, f"{SEAL_STATE_ZH[governing.state]} since {governing.at}")


_TERMINAL = frozenset({SealState.LOST, SealState.CANCELLED})


def _require_hub(certified: Certified) -> None:
    if CertificateKind.HUB not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
