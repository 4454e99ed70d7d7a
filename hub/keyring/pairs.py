"""Unlocking a key that lies in a file or on a token, beside its certificate; also in the very moment of its renewal."""

from hub.keyring.place import KeyPlace
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import Certified, read_certificate
from hub.signing.keys import Signer, load_signer
from hub.signing.purposes import Purposes
from hub.signing.tokens import open_token_signer, parse_token_uri

_TRIES = 3


def load_pair(place: KeyPlace, secret: bytes, *, purposes: Purposes) -> Signer:
    """Return the signer kept at `place`; `secret` is the passphrase of its file or the PIN of its token.

    Raises: Refused (`station.key_missing`, `key.*`, `cert.form`, `pkcs11.*`).
    """
    for _ in range(_TRIES - 1):
        try:
            return _load(place, secret, purposes)
        except Refused as error:
            # Another process may be putting the renewed pair here, key first: then look again.
            if error.code not in (Code.KEY_MISMATCH, Code.KEY_MISSING):
                raise
    return _load(place, secret, purposes)


def certificate_at(place: KeyPlace, *, purposes: Purposes) -> Certified | None:
    """Return the certificate in force at `place`, or None before it was issued. Raises: Refused (`cert.form`)."""
    try:
        return read_certificate(_certificate(place), purposes=purposes)
    except FileNotFoundError:
        return None


def certificates_at(place: KeyPlace, *, purposes: Purposes) -> tuple[Certified, ...]:
    """Return the certificate in force at `place` and the one that waits to follow it, if any. Raises: Refused (`cert.form`)."""
    current, coming = certificate_at(place, purposes=purposes), place.next.certificate
    found = [] if current is None else [current]
    if coming.is_file():
        found.append(read_certificate(coming.read_bytes(), purposes=purposes))
    return tuple(dict.fromkeys(found))


def is_swap_broken_off(place: KeyPlace) -> bool:
    """Whether a swap has moved the key and not yet the certificate: a crash, or this very moment in another process."""
    return place.next.certificate.is_file() and not place.next.has_key


def _load(place: KeyPlace, secret: bytes, purposes: Purposes) -> Signer:
    try:
        if place.token.is_file():
            uri, certificate = parse_token_uri(place.token.read_text(encoding="utf-8").strip()), _certificate(place)
            return open_token_signer(uri, secret, read_certificate(certificate, purposes=purposes))
        key, certificate = place.key.read_bytes(), _certificate(place)
    except OSError as error:
        raise Refused(Code.KEY_MISSING, detail=place.key.name) from error
    return load_signer(key, secret, certificate, purposes=purposes)


def _certificate(place: KeyPlace) -> bytes:
    return (place.next if is_swap_broken_off(place) else place).certificate.read_bytes()
