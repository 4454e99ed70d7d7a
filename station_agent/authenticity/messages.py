"""What the desk and the judging child say to each other, as msgpack."""

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """The file and what is trusted: roots and certificates PEM, lists DER, the trail's verifier key, the instant."""

    file: bytes
    roots: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    certificates: tuple[bytes, ...]
    log_key: str
    arc: str
    now: str


class Told(msgspec.Struct, frozen=True):
    """The verdict's checks as `store.verdicts` writes them, and what the file says of itself."""

    what: str
    checks: bytes
    case: str
    signer: str
    at: str
