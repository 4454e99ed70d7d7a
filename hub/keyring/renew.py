"""Renewal: a new key beside the old one, its certificate put back, then the swap. At no instant is there no good pair.

Order of the swap: old certificate to `retired/`, new key over the old, new certificate over the old. A crash between the last
two is noticed by `next/` holding a certificate without its key; whoever loads the pair then takes that certificate.
"""

import os
from dataclasses import dataclass

from hub.disk import sync_folder, write_file
from hub.keyring.pairs import is_swap_broken_off, load_pair
from hub.keyring.place import KeyPlace
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.signing.authority import Request, Subject, make_request, make_request_by, read_request
from hub.signing.certificates import Certified, read_certificate
from hub.signing.fingerprints import key_digest
from hub.signing.keys import DEFAULT_COST, ScryptCost, Suite, encrypt_key, generate_key
from hub.signing.purposes import Purposes
from hub.signing.tokens import TokenUri, make_token_key


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a new key is to be: its `suite`, and the `token` to make it in (P-256), if not a file under scrypt `cost`."""

    suite: Suite = "P-256"
    token: TokenUri | None = None
    cost: ScryptCost = DEFAULT_COST


def make_key(place: KeyPlace, secret: bytes, subject: Subject, new: NewKey) -> Request:
    """Make a key at `place`, under `secret`, with the request for its certificate; return the request.

    Raises: Refused (`file.exists` when a key is there, `key.passphrase` when empty, `cert.subject`, `pkcs11.*`).
    """
    if place.has_key:
        raise Refused(Code.FILE_EXISTS, detail=str(place.key))
    if new.token is None:
        key = generate_key(new.suite)
        request = make_request(key, subject)
        write_file(place.key, encrypt_key(key, secret, cost=new.cost), secret=True)
    else:
        holder = make_token_key(new.token, secret)
        request = make_request_by(holder, subject)
        write_file(place.token, f"{new.token}\n".encode(), secret=True)
    write_file(place.request, request)
    return read_request(request)


def begin_renewal(place: KeyPlace, secret: bytes, new: NewKey, *, purposes: Purposes) -> Request:
    """Make the successor of the key at `place` under the same `secret`, for the same subject; return its request.

    The key in force is unlocked first: a successor under another passphrase could not be taken up by a running service.
    Raises: Refused (`renewal.waiting`, `station.key_missing`, `key.*`, `pkcs11.*`).
    """
    finish_swap(place)
    if place.next.has_key:
        raise Refused(Code.RENEWAL_WAITING, detail=str(place.next.request))
    present = load_pair(place, secret, purposes=purposes).certified
    subject = Subject(present.name, station=present.station, number=present.number)
    return make_key(place.next, secret, subject, new)


def place_for(certified: Certified, places: tuple[KeyPlace, ...]) -> KeyPlace | None:
    """Return the one of `places`, or of their successors, whose key the certificate is for: by its request's public key."""
    wanted = key_digest(certified.public_key)
    candidates = (candidate for place in places for candidate in (place, place.next))
    return next((place for place in candidates if place.has_key and _requested(place) == wanted), None)


def put_certificate(place: KeyPlace, certified: Certified) -> None:
    """Put an issued certificate beside its key; a successor becomes ready to follow, in one step."""
    write_file(place.certificate, certified.pem)


def is_ready(place: KeyPlace) -> bool:
    """Whether a successor waits with its certificate."""
    return place.next.certificate.is_file()


def swap(place: KeyPlace, *, purposes: Purposes) -> None:
    """Let the successor follow, for good; the old certificate stays in `retired/`, the old private key is gone.

    May be broken off anywhere and done again. Raises: OSError.
    """
    if not is_ready(place):
        return
    following = place.next
    if not is_swap_broken_off(place):
        if place.certificate.is_file():
            old = read_certificate(place.certificate.read_bytes(), purposes=purposes)
            write_file(place.retired / f"{old.x5t}.pem", old.pem)
        if following.request.is_file():
            os.replace(following.request, place.request)
        # The key goes first: from here to the last step the certificate in next/ is the one that fits.
        _replace_key(place)
    os.replace(following.certificate, place.certificate)
    sync_folder(following.certificate.parent)
    sync_folder(place.certificate.parent)


def finish_swap(place: KeyPlace) -> None:
    """Finish a swap that a crash has broken off; nothing otherwise. Raises: OSError."""
    if is_swap_broken_off(place):
        os.replace(place.next.certificate, place.certificate)
        sync_folder(place.certificate.parent)


def _replace_key(place: KeyPlace) -> None:
    following = place.next
    if following.token.is_file():
        place.key.unlink(missing_ok=True)
        os.replace(following.token, place.token)
    else:
        place.token.unlink(missing_ok=True)
        os.replace(following.key, place.key)
    sync_folder(place.key.parent)


def _requested(place: KeyPlace) -> Digest | None:
    try:
        return key_digest(read_request(place.request.read_bytes()).public_key)
    except (FileNotFoundError, Refused):
        return None


def retired_certificates(place: KeyPlace, *, purposes: Purposes) -> tuple[Certified, ...]:
    """Return the certificates in `retired/` beside `place`. Raises: Refused (`cert.form`)."""
    return tuple(read_certificate(path.read_bytes(), purposes=purposes) for path in sorted(place.retired.glob("*.pem")))
