"""The small authority's folder: its encrypted root key, its certificate, what it issued, and its latest revocation list."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hanxun.files import require_absent, require_present, write_file
from hub.signing.authority import make_crl, make_root, next_crl
from hub.signing.certificates import Certified, read_certificate
from hub.signing.crl import Crl, Revocation, read_crl
from hub.signing.keys import KeySigner, encrypt_key, generate_key, load_signer

CRL_DAYS = 30


@dataclass(frozen=True, slots=True)
class AuthorityFolder:
    """Paths of one authority, and the steps that change them. Keep the folder offline: its key makes stations."""

    root: Path

    @property
    def key(self) -> Path:
        """The root's private key, encrypted PKCS#8."""
        return self.root / "root.key.pem"

    @property
    def certificate(self) -> Path:
        """The root certificate: what everybody trusts."""
        return self.root / "root.pem"

    @property
    def crl(self) -> Path:
        """The latest revocation list, DER."""
        return self.root / "crl.der"

    @property
    def issued(self) -> Path:
        """Every certificate ever issued, by serial number."""
        return self.root / "issued"

    def create(self, *, name: str, passphrase: bytes, now: datetime, years: int) -> Certified:
        """Make the root and an empty revocation list. Raises: Refused (`file.exists`)."""
        require_absent(self.key)
        key = generate_key("P-256")
        day_back = now - timedelta(days=1)  # clocks differ between machines
        signer = make_root(key, name=name, not_before=day_back, not_after=day_back + timedelta(days=365 * years))  # type: ignore[arg-type]
        crl = make_crl(signer, (), number=1, this_update=now, next_update=now + timedelta(days=CRL_DAYS))
        write_file(self.key, encrypt_key(key, passphrase), secret=True)
        write_file(self.certificate, signer.certified.pem)
        write_file(self.crl, crl.der)
        return signer.certified

    def unlock(self, passphrase: bytes) -> KeySigner:
        """Return the root as a signer. Raises: Refused (`file.missing`, `key.passphrase`)."""
        require_present(self.key)
        return load_signer(self.key.read_bytes(), passphrase, self.certificate.read_bytes())

    def keep(self, certified: Certified) -> None:
        """Keep a copy of an issued certificate."""
        write_file(self.issued / f"{certified.serial:x}.pem", certified.pem)

    def revoke(
        self, signer: KeySigner, revocations: tuple[Revocation, ...], *, now: datetime, days: int = CRL_DAYS
    ) -> Crl:
        """Issue the next revocation list with `revocations` added; none renews the list."""
        crl = next_crl(
            signer,
            read_crl(self.crl.read_bytes()),
            revocations,
            this_update=now,
            next_update=now + timedelta(days=days),
        )
        write_file(self.crl, crl.der)
        return crl

    def find(self, path: Path) -> Certified:
        """Return the certificate in `path`. Raises: Refused for a file that holds none."""
        return read_certificate(path.read_bytes())
