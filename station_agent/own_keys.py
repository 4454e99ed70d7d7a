"""Every key of one station's machine: where it lies, what its certificate must be, and the two that the agent itself holds.

Officers' and seals' keys are unlocked for one act each (`people.py`); the agent's own stay unlocked while it runs, and are
taken up anew when they were renewed, without a restart.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.keyring.pairs import certificates_at, load_pair
from hub.keyring.place import KeyPlace
from hub.keyring.renew import finish_swap, is_ready, swap
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind, Purposes, SealPurpose
from station_agent.folder import AgentFolder


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """One key of this machine: its `name` for people, its files, and what its certificate must say."""

    name: str
    place: KeyPlace
    kind: CertificateKind
    number: str | None = None
    purpose: SealPurpose | None = None

    def accepts(self, certified: Certified) -> bool:
        """Whether a certificate is of the kind, for the officer or seal, that this key is for."""
        return (
            certified.kind is self.kind
            and certified.number == self.number
            and (self.purpose is None or self.purpose in certified.seal_purposes)
        )

    @property
    def wanted(self) -> str:
        """What the certificate must be, in words."""
        return " ".join(filter(None, (self.kind.value, self.number, self.purpose and self.purpose.value)))


def own_places(folder: AgentFolder) -> tuple[OwnPlace, ...]:
    """Return every key that was made or is to be made in the agent's folder: agent, evidence, officers, seals."""
    found = [
        OwnPlace("agent", folder.agent.place, CertificateKind.AGENT),
        OwnPlace("evidence", folder.evidence.place, CertificateKind.EVIDENCE),
    ]
    for number in _stems(folder.officers):
        found.append(
            OwnPlace(f"officer {number}", folder.officer(number).place, CertificateKind.OFFICER, number=number)
        )
    for name in _stems(folder.seals):
        purpose = next((item for item in SealPurpose if item.value == name), None)
        if purpose is not None:
            found.append(OwnPlace(f"seal {name}", folder.seal(purpose).place, CertificateKind.SEAL, purpose=purpose))
    return tuple(found)


def current_and_coming(folder: AgentFolder, *, purposes: Purposes) -> Iterator[Certified]:
    """Yield the certificates in force on this machine and those that wait to follow them. Raises: Refused (`cert.form`)."""
    for own in own_places(folder):
        yield from certificates_at(own.place, purposes=purposes)


class OwnKeys:
    """The agent's two keys under its passphrase (or PIN). Used by the service's loop; `signer` may be read anywhere.

    It is a `Signer` itself, always the agent's key in force: for a client that lives longer than a key.
    """

    def __init__(self, folder: AgentFolder, secret: bytes, *, purposes: Purposes) -> None:
        """Unlock the agent's key. Raises: Refused (`station.key_missing`, `key.*`, `pkcs11.*`)."""
        self._agent, self._evidence_files = folder.agent.place, folder.evidence.place
        self._secret, self._purposes = secret, purposes
        finish_swap(self._agent)
        self.signer: Signer = load_pair(self._agent, secret, purposes=purposes)
        self._evidence: tuple[tuple[int, int], Signer] | None = None

    @property
    def certified(self) -> Certified:
        """The certificate of the agent's key in force."""
        return self.signer.certified

    def sign(self, message: bytes) -> bytes:
        """Sign with the agent's key in force. See `Signer.sign`."""
        return self.signer.sign(message)

    @property
    def evidence(self) -> Signer:
        """The key for evidence files, unlocked when first needed (costly on purpose), and again when it was renewed."""
        seen = _seen(self._evidence_files.certificate)
        if self._evidence is None or self._evidence[0] != seen:
            self._evidence = (seen, load_pair(self._evidence_files, self._secret, purposes=self._purposes))
        return self._evidence[1]

    @property
    def successor(self) -> bool:
        """Whether a renewed agent key waits, with its certificate, to follow."""
        return is_ready(self._agent)

    def take_over(self) -> Signer:
        """Let the agent's renewed key follow and use it from now on. Raises: Refused (`key.*`) and changes nothing then."""
        coming = load_pair(self._agent.next, self._secret, purposes=self._purposes)
        swap(self._agent, purposes=self._purposes)
        self.signer = coming
        return coming

    def reload(self) -> bool:
        """Take up a key that another process has let follow; say whether there was one. Raises: Refused (`key.*`)."""
        present = certificates_at(self._agent, purposes=self._purposes)
        if not present or present[0] == self.signer.certified or self.successor:
            return False
        self.signer = load_pair(self._agent, self._secret, purposes=self._purposes)
        return True


def _seen(path: Path) -> tuple[int, int]:
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return (0, 0)
    return (state.st_ino, state.st_mtime_ns)


def _stems(folder: Path) -> list[str]:
    return sorted({path.name.partition(".")[0] for path in folder.glob("[!.]*.*") if path.is_file()})
