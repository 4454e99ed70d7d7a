"""The hub's data folder: what lies where. Names only; opens nothing."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths inside the hub's data folder `root`, which may be a moved copy."""

    root: Path

    @property
    def database(self) -> Path:
        """SQLite database."""
        return self.root / "hub.sqlite"

    @property
    def settings(self) -> Path:
        """Settings, TOML."""
        return self.root / "hub.toml"

    @property
    def blobs(self) -> Path:
        """Content-addressed letters and other attachments: `blobs/<first two digits>/<digest>`."""
        return self.root / "blobs"

    @property
    def uploads(self) -> Path:
        """Attachments that are still arriving; may be emptied while the hub stands still."""
        return self.root / "uploads"

    @property
    def keys(self) -> Path:
        """Private keys, encrypted, beside their certificates."""
        return self.root / "keys"

    @property
    def hub_key(self) -> Path:
        """The key that signs receipts, encrypted PKCS#8 PEM."""
        return self.keys / "hub.key.pem"

    @property
    def hub_certificate(self) -> Path:
        """The certificate of the receipt key, PEM."""
        return self.keys / "hub.pem"

    @property
    def evidence_key(self) -> Path:
        """The key that signs evidence containers, encrypted PKCS#8 PEM."""
        return self.keys / "evidence.key.pem"

    @property
    def evidence_certificate(self) -> Path:
        """The certificate of the evidence key, PEM."""
        return self.keys / "evidence.pem"

    @property
    def trail_key(self) -> Path:
        """The Ed25519 key that signs checkpoints, encrypted PKCS#8 PEM. Used for nothing else."""
        return self.keys / "trail.key.pem"

    @property
    def trail_verifier(self) -> Path:
        """The trail's public key as a C2SP verifier key (`vkey`), one line."""
        return self.keys / "trail.vkey"

    @property
    def tls_key(self) -> Path:
        """The TLS server's key where `hub init` puts it, encrypted PKCS#8 PEM."""
        return self.keys / "tls.key.pem"

    @property
    def tls_certificate(self) -> Path:
        """The TLS server's certificate where `hub init` puts it, PEM."""
        return self.keys / "tls.cert.pem"

    @property
    def officers(self) -> Path:
        """The administrators' own keys, each encrypted under that person's password, by police number."""
        return self.keys / "officers"

    @property
    def time_stamp_key(self) -> Path:
        """The key of the hub's own trial time-stamps (试用时间戳), encrypted PKCS#8 PEM; only where there are any."""
        return self.keys / "time-stamp.key.pem"

    @property
    def time_stamp_certificate(self) -> Path:
        """The self-signed certificate of the trial time-stamps, PEM."""
        return self.keys / "time-stamp.pem"

    @property
    def trust(self) -> Path:
        """Whom the hub trusts."""
        return self.root / "trust"

    @property
    def roots(self) -> Path:
        """Root certificates, PEM, one after another."""
        return self.trust / "root.pem"

    @property
    def crl(self) -> Path:
        """The revocation list in force, DER or PEM; replaced by renaming, read again when it changes."""
        return self.trust / "crl.der"
