"""Where one key lies: the encrypted key (or its token's address), its certificate, its request, its successor, its past.

Names only, nothing is opened here. A successor waits in `next/` until its certificate is there; certificates that were
replaced stay in `retired/`: what they signed is verified with them for ever.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """One key's files: `key` encrypted PKCS#8, `certificate` PEM, `request` PKCS#10 PEM."""

    key: Path
    certificate: Path
    request: Path

    @property
    def token(self) -> Path:
        """A PKCS#11 URI (RFC 7512) in place of `key`, when the key lies on a token."""
        return self.key.with_name(self.key.name.removesuffix(".pem") + ".uri")

    @property
    def next(self) -> "KeyPlace":
        """The successor's files, while it waits."""
        return KeyPlace(*(path.parent / "next" / path.name for path in (self.key, self.certificate, self.request)))

    @property
    def retired(self) -> Path:
        """Folder of the certificates that were replaced, `<x5t#S256>.pem`."""
        return self.certificate.parent / "retired"

    @property
    def has_key(self) -> bool:
        """Whether a key is kept here, in a file or by its token's address."""
        return self.key.is_file() or self.token.is_file()
