"""Fingerprints that two people compare on the telephone: of a root certificate, and of the key in a request.

24 hexadecimal digits (96 bits) of a SHA-256, in groups of four: nobody can make a second key or root that has the same. Whoever
prefers it may give all 64 digits, as `openssl` and `sha256sum` print them.
"""

import re

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.signing.certificates import Certified, PublicKey

DIGITS = 24
_GROUP = 4


def key_digest(public_key: PublicKey) -> Digest:
    """Return the SHA-256 of a public key (SubjectPublicKeyInfo, DER): the same for request and certificate."""
    return digest_of(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def root_digest(root: Certified) -> Digest:
    """Return the SHA-256 of a root certificate (DER), as `openssl x509 -fingerprint -sha256` prints it."""
    return digest_of(root.der)


def short(digest: Digest) -> str:
    """Return the fingerprint to read out: `3f2a-90bc-…`, six groups of four digits."""
    return "-".join(digest[at : at + _GROUP] for at in range(0, DIGITS, _GROUP))


def is_same(given: str, digest: Digest) -> bool:
    """Whether a person's `given` text is the fingerprint of `digest`: the short one or all 64 digits.

    Case, spaces, hyphens and colons do not count; anything shorter than the short one is never the same.
    """
    digits = re.sub(r"[\s:\-]", "", given).lower()
    return digits in (digest[:DIGITS], digest)


def require_same(given: str, digest: Digest, *, field: str) -> None:
    """Raises: Refused (`fingerprint.mismatch`) when `given` is not the fingerprint of `digest`."""
    if not is_same(given, digest):
        raise Refused(Code.FINGERPRINT_MISMATCH, field=field, values={"found": short(digest)})
