"""Signed notes (C2SP signed-note v1.0.0): text, signature lines, verifier keys of types 0x01 and 0x04.

Signatures of unknown keys are ignored, as the standard says, so that another kind of signature can stand beside ours.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.trail.lines import MAX_SIZE, encode_base64, parse_base64

MAX_NOTE_SIZE = 1_000_000
MAX_SIGNATURES = 100
_MARK = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


class KeyType(IntEnum):
    """Signature types this project makes and checks. Source: signed-note.md, Signature types."""

    ED25519 = 0x01  # a log's signature over the text
    COSIGNATURE = 0x04  # a witness's timestamped cosignature/v1 over a checkpoint


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line under a note: `signature` is what follows the key id. Nothing is verified yet."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def text(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{_MARK}{self.name} {encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note: `raw` as received, `text` up to and with its last newline. Nothing is verified yet."""

    raw: bytes
    text: bytes
    signatures: tuple[SignatureLine, ...]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A trusted key: `public_key` is 32 bytes (Ed25519)."""

    name: str
    key_type: KeyType
    public_key: bytes
    key_id: bytes

    @property
    def text(self) -> str:
        """The key as a vkey: name, key id, base64 of type and key."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes((self.key_type,)) + self.public_key)}"


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that holds. `timestamp` is Unix seconds for a cosignature, None for a log's signature."""

    key: VerifierKey
    line: SignatureLine
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A log's key (ED25519) or a witness's (COSIGNATURE); never one key for both, nor a message-signing key."""

    key: VerifierKey
    private_key: Ed25519PrivateKey


def key_id_of(name: str, key_type: int, public_key: bytes) -> bytes:
    """Return the 4-byte id that the standard gives to a key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes((key_type,)) + public_key).digest()[:4]


def make_verifier_key(name: str, key_type: KeyType, public_key: bytes) -> VerifierKey:
    """Return a verifier key. Raises: Refused (`note.key_form`) for a name that no note can hold."""
    if not is_key_name(name) or len(public_key) != 32:
        raise Refused(Code.NOTE_KEY_FORM, detail=name[:80])
    return VerifierKey(name, key_type, public_key, key_id_of(name, key_type, public_key))


def make_signer(name: str, private_key: Ed25519PrivateKey, key_type: KeyType = KeyType.ED25519) -> NoteSigner:
    """Return a signer for `name`. Raises: Refused (`note.key_form`)."""
    return NoteSigner(make_verifier_key(name, key_type, private_key.public_key().public_bytes_raw()), private_key)


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the key that a vkey names. Raises: Refused (`note.key_form`, `note.key_id`, `note.key_type`)."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]) or _KEY_ID.fullmatch(parts[1]) is None:
        raise Refused(Code.NOTE_KEY_FORM, detail=text[:80])
    name, printed_id, encoded = parts
    raw = parse_base64(encoded, code=Code.NOTE_KEY_FORM)
    if len(raw) < 2:
        raise Refused(Code.NOTE_KEY_FORM, detail=text[:80])
    # The printed id is what signature lines are matched by: it must be the key's own.
    if key_id_of(name, raw[0], raw[1:]).hex() != printed_id:
        raise Refused(Code.NOTE_KEY_ID, detail=text[:80])
    if raw[0] not in set(KeyType):
        raise Refused(Code.NOTE_KEY_TYPE, detail=f"type {raw[0]:#04x}")
    return make_verifier_key(name, KeyType(raw[0]), raw[1:])


def parse_note(raw: bytes) -> Note:
    """Return the parts of a signed note. Raises: Refused (`note.form`)."""
    if len(raw) > MAX_NOTE_SIZE:
        raise Refused(Code.NOTE_FORM, detail=f"{len(raw)} bytes")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(Code.NOTE_FORM, detail=f"UTF-8, byte {error.start}") from error
    if (control := _CONTROL.search(whole)) is not None:
        raise Refused(Code.NOTE_FORM, detail=f"control character at {control.start()}")
    body, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise Refused(Code.NOTE_FORM, detail="no signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Refused(Code.NOTE_FORM, detail=f"{len(lines)} signatures")
    return Note(raw, f"{body}\n".encode(), tuple(map(_parse_signature_line, lines)))


def parse_signature_lines(raw: bytes) -> tuple[SignatureLine, ...]:
    """Return bare signature lines, as a witness answers them. Raises: Refused (`note.form`)."""
    note = parse_note(b"\n\n" + raw)
    if note.text != b"\n":
        raise Refused(Code.NOTE_FORM, detail="more than signature lines")
    return note.signatures


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifiedSignature, ...]:
    """Return the signatures of `keys`, all verified; those of other keys are ignored.

    Raises: Refused (`note.signature`) if one of `keys` is named and its signature does not hold, or (`note.not_signed`)
    if none of them signed; (`note.key_form`) if two of them have one name and id.
    Source: signed-note.md, Signatures.
    """
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) != len(keys):
        raise Refused(Code.NOTE_KEY_FORM, detail="two keys with one name and id")
    found = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            found.append(VerifiedSignature(key, line, _verify_line(note.text, key, line)))
    if not found:
        raise Refused(Code.NOTE_NOT_SIGNED)
    return tuple(found)


def sign_text(text: bytes, signer: NoteSigner, *, timestamp: int | None = None) -> SignatureLine:
    """Return the signature line of `signer` over `text`; a cosignature needs its `timestamp` (Unix seconds)."""
    if signer.key.key_type is KeyType.COSIGNATURE:
        if timestamp is None or not 0 <= timestamp <= MAX_SIZE:
            raise ValueError("a cosignature has a time")
        prefix = timestamp.to_bytes(8, "big")
        signature = signer.private_key.sign(cosigned_message(text, timestamp))
        return SignatureLine(signer.key.name, signer.key.key_id, prefix + signature)
    return SignatureLine(signer.key.name, signer.key.key_id, signer.private_key.sign(text))


def assemble_note(text: bytes, lines: Iterable[SignatureLine]) -> bytes:
    """Return `text` (ends in a newline) with its signature lines as one signed note."""
    if not text.endswith(b"\n"):
        raise ValueError("a note's text ends in a newline")
    return text + b"\n" + "".join(line.text for line in lines).encode()


def cosigned_message(text: bytes, timestamp: int) -> bytes:
    """Return the bytes that a cosignature/v1 covers. Source: tlog-cosignature.md, Ed25519 signed message."""
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def is_key_name(name: str) -> bool:
    """Say whether `name` may stand in a signature line: not empty, no Unicode space, no `+`, no control character.

    Source: signed-note.md, Format.
    """
    surrogates = any("\ud800" <= c <= "\udfff" for c in name)  # what a command line makes of bytes that are not UTF-8
    return bool(name) and not surrogates and "+" not in name and not any(c.isspace() or ord(c) < 0x20 for c in name)


def _parse_signature_line(line: str) -> SignatureLine:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not is_key_name(name):
        raise Refused(Code.NOTE_FORM, detail="signature line")
    raw = parse_base64(encoded, code=Code.NOTE_FORM)
    if len(raw) < 5:
        raise Refused(Code.NOTE_FORM, detail="short signature")
    return SignatureLine(name, raw[:4], raw[4:])


def _verify_line(text: bytes, key: VerifierKey, line: SignatureLine) -> int | None:
    message, signature, timestamp = text, line.signature, None
    if key.key_type is KeyType.COSIGNATURE:
        timestamp, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = cosigned_message(text, timestamp)
    try:
        if timestamp is not None and timestamp > MAX_SIZE:
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Refused(Code.NOTE_SIGNATURE, values={"name": key.name}) from error
    return timestamp
