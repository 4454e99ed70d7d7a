"""Where things lie in an agent's data folder. Names only, nothing is opened here."""

from dataclasses import dataclass
from pathlib import Path

from hub.keyring.place import KeyPlace
from hub.signing.purposes import SealPurpose


@dataclass(frozen=True, slots=True)
class AgentFolder:
    """`agent.toml`, `agent.sqlite`, `blobs/`, `keys/` (encrypted, with their certificates) and `trust/` (root certificates)."""

    root: Path

    @property
    def trust(self) -> Path:
        """Root certificates, `*.pem`."""
        return self.root / "trust"

    @property
    def keys(self) -> Path:
        """The agent's own keys; officers' and seals' in folders below."""
        return self.root / "keys"

    @property
    def agent(self) -> "KeyFiles":
        """The key that signs envelopes."""
        return KeyFiles(self.keys / "agent")

    @property
    def evidence(self) -> "KeyFiles":
        """The key that signs evidence files."""
        return KeyFiles(self.keys / "evidence")

    @property
    def witness(self) -> Path:
        """The key with which this station cosigns the hub's trail, encrypted PKCS#8; used for nothing else."""
        return self.keys / "witness.key.pem"

    @property
    def officers(self) -> Path:
        """Folder of the officers' keys, named by police number."""
        return self.keys / "officers"

    def officer(self, number: str) -> "KeyFiles":
        """The key of the officer with that police number."""
        return KeyFiles(self.officers / number)

    @property
    def seals(self) -> Path:
        """Folder of the seals' keys, named by purpose."""
        return self.keys / "seals"

    def seal(self, purpose: SealPurpose) -> "KeyFiles":
        """The key of the station's seal of that purpose."""
        return KeyFiles(self.seals / purpose.value)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """An encrypted private key and its certificate: `<stem>.key.pem`, `<stem>.cert.pem`; a request waits as `<stem>.csr.pem`."""

    stem: Path

    @property
    def key(self) -> Path:
        """Encrypted PKCS#8."""
        return self.stem.with_name(self.stem.name + ".key.pem")

    @property
    def certificate(self) -> Path:
        """Certificate."""
        return self.stem.with_name(self.stem.name + ".cert.pem")

    @property
    def place(self) -> KeyPlace:
        """The same as the keyring's, with a successor's files and a token's address."""
        return KeyPlace(self.key, self.certificate, self.request)

    @property
    def request(self) -> Path:
        """Certificate request."""
        return self.stem.with_name(self.stem.name + ".csr.pem")
