"""Strict pieces of the log's line formats: decimal numbers, base64, hashes. One spelling for each value, no other.

Looser readers accept `+1`, `01`, `1_0`, other scripts' digits or junk in base64, and then disagree about what was signed.
"""

import binascii
import re

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.trail.hashing import HASH_SIZE

MAX_SIZE = 2**63 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def parse_decimal(text: str, *, code: Code) -> int:
    """Return a number written in ASCII digits without leading zeros, at most 2^63 - 1. Raises: Refused (`code`)."""
    if _DECIMAL.fullmatch(text) is None or (value := int(text)) > MAX_SIZE:
        raise Refused(code, detail=f"number {text[:24]!r}")
    return value


def encode_base64(raw: bytes) -> str:
    """Return the standard base64 of `raw`, padded, on one line."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def parse_base64(text: str, *, code: Code) -> bytes:
    """Return the bytes of canonical standard base64 (RFC 4648, 4). Raises: Refused (`code`)."""
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error is one; so is text that is not ASCII
        raise Refused(code, detail="base64") from error
    if encode_base64(raw) != text:
        raise Refused(code, detail="base64 is not canonical")
    return raw


def parse_hash(text: str, *, code: Code) -> bytes:
    """Return the 32 bytes of a base64 hash. Raises: Refused (`code`)."""
    raw = parse_base64(text, code=code)
    if len(raw) != HASH_SIZE:
        raise Refused(code, detail=f"hash of {len(raw)} bytes")
    return raw
