"""Keys in the agent's folder: made here, encrypted with their holder's own password, unlocked for one act, never sent away."""

import re
from dataclasses import dataclass

from hub.disk import write_file
from hub.keyring.pairs import load_pair
from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.errors import NotPermitted, Refused
from hub.signing.certificates import Certified, read_certificate
from hub.signing.keys import KeySigner, PrivateKey, Signer, encrypt_key, signer_for
from hub.signing.purposes import CertificateKind, OfficerRole, Purposes, SealPurpose
from station_agent.folder import AgentFolder, KeyFiles


@dataclass(frozen=True, slots=True)
class Person:
    """An officer who has unlocked their own key."""

    signer: Signer

    @property
    def certified(self) -> Certified:
        """The officer's certificate."""
        return self.signer.certified

    @property
    def number(self) -> str:
        """Police number, as in the certificate."""
        return self.certified.number or ""

    @property
    def officer(self) -> Officer:
        """Number and name as they stand in acts and envelopes."""
        return Officer(number=self.number, name=self.certified.name)

    def require_role(self, *roles: OfficerRole) -> OfficerRole:
        """Return the first of `roles` that this officer has. Raises: NotPermitted (`station.role`)."""
        for role in roles:
            if role in self.certified.roles:
                return role
        wanted = ", ".join(role.value for role in roles)
        raise NotPermitted(Code.ROLE_MISSING, detail=self.number, values={"roles": wanted})


def unlock_officer(folder: AgentFolder, number: str, password: bytes, *, purposes: Purposes) -> Person:
    """Return the officer whose password this is. Raises: Refused (`station.officer_unknown`, `key.passphrase`)."""
    if re.fullmatch(r"[0-9A-Za-z-]{1,32}", number) is None or not folder.officer(number).certificate.is_file():
        raise Refused(Code.OFFICER_UNKNOWN, detail=number[:32])
    signer = load_pair(folder.officer(number).place, password, purposes=purposes)
    return Person(_require_kind(signer, CertificateKind.OFFICER))


def officer_name(folder: AgentFolder, number: str, *, purposes: Purposes) -> str | None:
    """Return the name in the certificate of the officer `number`, None where none lies here."""
    if re.fullmatch(r"[0-9A-Za-z-]{1,32}", number) is None or not folder.officer(number).certificate.is_file():
        return None
    return read_certificate(folder.officer(number).certificate.read_bytes(), purposes=purposes).name


def unlock_seal(folder: AgentFolder, purpose: SealPurpose, password: bytes, *, purposes: Purposes) -> Signer:
    """Return the station's seal key, unlocked by its custodian. Raises: Refused (`station.key_missing`, `key.passphrase`)."""
    return _require_kind(load_pair(folder.seal(purpose).place, password, purposes=purposes), CertificateKind.SEAL)


def save_pair(
    files: KeyFiles, key: PrivateKey, certificate: bytes, passphrase: bytes, *, purposes: Purposes
) -> KeySigner:
    """Keep a new key, encrypted, beside its certificate, and return its signer. Raises: Refused (`key.mismatch`)."""
    signer = signer_for(key, read_certificate(certificate, purposes=purposes))
    write_file(files.key, encrypt_key(key, passphrase), secret=True)
    write_file(files.certificate, signer.certified.pem)
    return signer


def own_certificates(folder: AgentFolder, *, purposes: Purposes) -> tuple[Certified, ...]:
    """Return every certificate whose key is kept here: the agent's, its evidence key's, officers' and seals'."""
    stems = [folder.agent, folder.evidence]
    for place in (folder.officers, folder.seals):
        stems += [KeyFiles(place / path.name.removesuffix(".cert.pem")) for path in sorted(place.glob("*.cert.pem"))]
    paths = [files.certificate for files in stems if files.certificate.is_file()]
    return tuple(read_certificate(path.read_bytes(), purposes=purposes) for path in paths)


def _require_kind(signer: Signer, kind: CertificateKind) -> Signer:
    if signer.certified.kind is not kind:
        raise Refused(Code.CERT_PURPOSE, detail=f"{signer.certified.kind}, {kind} needed")
    return signer
