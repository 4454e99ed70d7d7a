"""Putting the hub's issued certificates beside their keys (receipts, evidence, TLS), and finding those that end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hub.exchange.hub import purposes_of, read_settings
from hub.exchange.own_keys import evidence_place, expiring_soon, receipt_place, tls_place
from hub.exchange.settings import Settings
from hub.exchange.trust import TrustBook
from hub.keyring.place import KeyPlace
from hub.keyring.renew import place_for, put_certificate, swap
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.finding import Finding, FindingGrade
from hub.protocol.verdict import Verdict
from hub.signing.certificates import Certified, read_certificate
from hub.signing.purposes import CertificateKind, Purposes
from hub.signing.tls import require_serving
from hub.signing.trust import check_certificate
from hub.store.layout import DataFolder


@dataclass(frozen=True, slots=True)
class HubInstalled:
    """A certificate of the hub that was put in its place, and which key's it is: hub, evidence or tls."""

    name: str
    path: Path
    certified: Certified


def hub_places(folder: DataFolder, settings: Settings) -> dict[str, KeyPlace]:
    """Return where the hub's keys lie, by name: hub, evidence, and tls where it serves TLS."""
    tls = tls_place(folder, settings)
    places = {"hub": receipt_place(folder), "evidence": evidence_place(folder)}
    return places if tls is None else places | {"tls": tls}


def install_hub_certificate(
    raw: bytes, *, folder: DataFolder, settings: Settings, purposes: Purposes, now: datetime
) -> HubInstalled:
    """Put an issued certificate beside its key. A serving hub takes up the one for receipts, and a TLS pair, by itself.

    Raises: Refused (`cert.form`, `install.no_key`, `install.place`, `tls.certificate`, NotVerified).
    """
    certified = read_certificate(raw, purposes=purposes)
    name, place, found = _place_of(certified, hub_places(folder, settings))
    _require_good(name, certified, folder=folder, purposes=purposes, settings=settings, now=now)
    put_certificate(found, certified)
    # The key for receipts is swapped by whoever holds it: a serving hub, or the next one at its start.
    if found == place.next and name != "hub":
        swap(place, purposes=purposes)
    return HubInstalled(name, found.certificate if name == "hub" else place.certificate, certified)


def certificate_findings(data: Path, *, now: datetime) -> tuple[Finding, ...]:
    """Return what a check has to say of the hub's certificates: a note for one that ends soon, a fault for one that has ended."""
    folder = DataFolder(data)
    settings = read_settings(folder)
    found = expiring_soon(folder, settings, purposes=purposes_of(settings), now=now)
    return tuple(
        Finding(
            Code.CERT_EXPIRES_SOON,
            expiry.certified.kind.value if expiry.certified.kind else "tls",
            f"{expiry.certified.not_after:%Y-%m-%d}, {expiry.days} days",
            FindingGrade.FAULT if expiry.expired else FindingGrade.NOTE,
        )
        for expiry in found
    )


def _place_of(certified: Certified, places: dict[str, KeyPlace]) -> tuple[str, KeyPlace, KeyPlace]:
    for name, place in places.items():
        if (found := place_for(certified, (place,))) is not None:
            return name, place, found
    raise Refused(Code.INSTALL_NO_KEY, detail=certified.name)


def _require_good(
    name: str, certified: Certified, *, folder: DataFolder, purposes: Purposes, settings: Settings, now: datetime
) -> None:
    age = timedelta(seconds=settings.limits.crl_max_age_s)
    trust = TrustBook(folder, purposes=purposes, crl_max_age=age, find=lambda _x5t: None).trust
    if name == "tls":
        if trust.chain_of(certified).problem is not None:
            raise Refused(Code.CERT_CHAIN, detail=certified.name)
        require_serving(certified, at=now)
        return
    kind = CertificateKind.HUB if name == "hub" else CertificateKind.EVIDENCE
    if certified.kind is not kind or certified.station is not None:
        found = " ".join(filter(None, (certified.kind and certified.kind.value, certified.station)))
        raise Refused(Code.INSTALL_PLACE, values={"wanted": kind.value, "found": found})
    Verdict(check_certificate(certified, kind=kind, trust=trust, at=now, now=now)).require()
