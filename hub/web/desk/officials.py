"""Administrators and auditors: people whose keys lie in the hub's folder, each opened by their own password.

An administrator counts while named and not dismissed; an auditor by the role in a certificate that two people registered.
"""

import re
from dataclasses import dataclass

import sqlalchemy as sa

from hub.exchange.administrators import names_of
from hub.keyring.pairs import certificate_at, load_pair
from hub.keyring.place import KeyPlace
from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.errors import HanxunError, NotPermitted, Refused
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind, OfficerRole, Purposes
from hub.store.layout import DataFolder
from hub.store.stations import certificate_by_x5t

KEEPERS = (OfficerRole.ADMINISTRATOR, OfficerRole.AUDITOR)


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody of the hub who has unlocked their own key; `roles` are those that count here."""

    signer: Signer
    roles: frozenset[OfficerRole]

    @property
    def certified(self) -> Certified:
        """The certificate."""
        return self.signer.certified

    @property
    def number(self) -> str:
        """Police number, as in the certificate."""
        return self.certified.number or ""

    @property
    def officer(self) -> Officer:
        """Number and name as they stand in acts."""
        return Officer(number=self.number, name=self.certified.name)

    def require_role(self, *roles: OfficerRole) -> None:
        """Raises: NotPermitted (`station.role`)."""
        if self.roles.isdisjoint(roles):
            wanted = ", ".join(role.value for role in roles)
            raise NotPermitted(Code.ROLE_MISSING, detail=self.number, values={"roles": wanted})


def place_of(folder: DataFolder, number: str) -> KeyPlace:
    """Return where somebody's key lies. Raises: Refused (`station.officer_unknown`)."""
    if re.fullmatch(r"[0-9A-Za-z-]{1,32}", number) is None:
        raise Refused(Code.OFFICER_UNKNOWN, detail=number[:32])
    stem = folder.officers / number
    return KeyPlace(*(stem.with_name(f"{number}.{kind}.pem") for kind in ("key", "cert", "csr")))


def unlock(folder: DataFolder, number: str, password: bytes, *, purposes: Purposes) -> Official:
    """Return the person whose password this is; whether they count here is not asked yet.

    Raises: Refused (`station.officer_unknown`, `key.passphrase`, `cert.purpose`).
    """
    place = place_of(folder, number)
    if not place.certificate.is_file():
        raise Refused(Code.OFFICER_UNKNOWN, detail=number)
    signer = load_pair(place, password, purposes=purposes)
    if signer.certified.kind is not CertificateKind.OFFICER or signer.certified.number != number:
        raise Refused(Code.CERT_PURPOSE, detail=f"{signer.certified.kind} certificate, officer needed")
    return Official(signer, frozenset(signer.certified.roles) & frozenset(KEEPERS))


def roles_in_force(tx: sa.Connection, certified: Certified) -> frozenset[OfficerRole]:
    """Return the roles that count at this hub: what nobody named or registered does not."""
    held = set(certified.roles) & set(KEEPERS)
    if OfficerRole.ADMINISTRATOR in held and certified.x5t not in names_of(tx):
        held.discard(OfficerRole.ADMINISTRATOR)
    if OfficerRole.AUDITOR in held and certificate_by_x5t(tx, certified.x5t) is None:
        held.discard(OfficerRole.AUDITOR)
    return frozenset(held)


def is_here(folder: DataFolder, certified: Certified, *, purposes: Purposes) -> bool:
    """Whether exactly this certificate still lies in the hub's folder."""
    try:
        here = certificate_at(place_of(folder, certified.number or ""), purposes=purposes)
    except HanxunError:
        return False
    return here is not None and here.x5t == certified.x5t


def people_here(folder: DataFolder, *, purposes: Purposes) -> tuple[Certified, ...]:
    """Return everybody whose key and certificate lie in the hub's folder, by number."""
    found = []
    for path in sorted(folder.officers.glob("*.cert.pem")):
        number = path.name.removesuffix(".cert.pem")
        here = certificate_at(place_of(folder, number), purposes=purposes)
        if here is not None:
            found.append(here)
    return tuple(found)
