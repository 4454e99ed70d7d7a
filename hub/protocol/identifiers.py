"""Names of things: digests, stations, cases, envelopes. Own types for what must not be mixed up."""

import hashlib
import re
from datetime import datetime
from typing import Annotated, NewType

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

# `$` also matches before a last newline, and msgspec searches: without (?!\n) a name would have two spellings.
DIGEST_PATTERN = r"^[0-9a-f]{64}(?!\n)$"
STATION_PATTERN = r"^[0-9]{6,12}(?!\n)$"
CASE_PATTERN = r"^[0-9A-Z]{1,12}(-[0-9A-Z]{1,12}){1,4}(?!\n)$"
ENVELOPE_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?!\n)$"

Digest = NewType("Digest", str)
"""SHA-256 of exact bytes, 64 lower-case hexadecimal digits."""
StationId = NewType("StationId", str)
"""Code of a police unit, 6 to 12 digits (GA/T 380 writes 12)."""
CaseId = NewType("CaseId", str)
"""Number of a case: type, opening station, year, running number, e.g. `C06-341802500000-2026-000017`."""
EnvelopeId = NewType("EnvelopeId", str)
"""Identity of an envelope or act: UUIDv7 (RFC 9562), lower case."""

WireDigest = Annotated[Digest, msgspec.Meta(pattern=DIGEST_PATTERN)]
WireStation = Annotated[StationId, msgspec.Meta(pattern=STATION_PATTERN)]
WireCase = Annotated[CaseId, msgspec.Meta(pattern=CASE_PATTERN, max_length=64)]
WireEnvelopeId = Annotated[EnvelopeId, msgspec.Meta(pattern=ENVELOPE_ID_PATTERN)]


def digest_of(raw: bytes) -> Digest:
    """Return the SHA-256 digest that names `raw`."""
    return Digest(hashlib.sha256(raw).hexdigest())


def parse_digest(text: str) -> Digest:
    """Return `text` as a digest. Raises: Refused (`digest.form`)."""
    if re.fullmatch(DIGEST_PATTERN, text) is None:
        raise Refused(Code.DIGEST_FORM, detail=text[:80])
    return Digest(text)


def parse_station(text: str) -> StationId:
    """Return `text` as a station code. Raises: Refused (`station.form`)."""
    if re.fullmatch(STATION_PATTERN, text) is None:
        raise Refused(Code.STATION_FORM, detail=text[:80])
    return StationId(text)


def parse_case(text: str) -> CaseId:
    """Return `text` as a case number. Raises: Refused (`case.form`)."""
    if len(text) > 64 or re.fullmatch(CASE_PATTERN, text) is None:
        raise Refused(Code.CASE_FORM, detail=text[:80])
    return CaseId(text)


def new_uuid7(*, at: datetime, random: bytes) -> EnvelopeId:
    """Return a UUIDv7: 48 bits of Unix milliseconds of `at`, then 74 of `random` (10 bytes). Source: RFC 9562, 5.7."""
    if len(random) != 10:
        raise ValueError("a UUIDv7 takes 10 random bytes")
    value = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80 | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return EnvelopeId("-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))
