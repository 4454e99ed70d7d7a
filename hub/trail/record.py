"""The leaf record: what the log stores about one event. Digests, ids and times only, never personal data.

A record can be guessed from its hash unless it holds something unguessable: agents see leaf hashes of others' records,
so each has 16 random bytes. What a record names can be erased; the record stays, and the trail stays whole.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from hub.protocol.codes import Code
from hub.protocol.envelope import WireInstant
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, WireDigest, parse_digest
from hub.protocol.instants import format_instant, parse_instant
from hub.trail.lines import encode_base64, parse_base64

NONCE_SIZE = 16
MAX_RECORD_SIZE = 65_535  # an entry bundle counts an entry's bytes in two
EVENT_PATTERN = r"^[a-z]{1,20}(-[a-z]{1,20}){0,3}(?!\n)$"
# Ids are UUIDs only: a pattern that a citizen number, a telephone number or a name cannot meet.
UUID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\n)$"


class LeafEvent(StrEnum):
    """What a leaf is about. A reader accepts names it does not know (EVENT_PATTERN); `digest` tells what it commits to."""

    ENVELOPE = "envelope"  # digest of the envelope's exact bytes; so are the acts that it names
    RECEIPT = "receipt"
    HANDOVER = "handover"
    READING = "reading"
    SEAL_USE = "seal-use"
    GATE_VERDICT = "gate-verdict"
    REGISTER_ACT = "register-act"
    CASE_ERASED = "case-erased"  # at a station, on the hub's notice
    ADMINISTRATION = "administration"
    ERASURE = "erasure"  # digest of the hub's notice, which names what was erased
    RESTORE = "restore"


class LeafRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One leaf: `event` befell the bytes of SHA-256 `digest` (envelope or act `id`, if it has one) at `time` by the
    hub's clock; `nonce` is the base64 of 16 random bytes."""

    v: Literal[1] = 1
    event: Annotated[str, msgspec.Meta(pattern=EVENT_PATTERN)]
    digest: WireDigest
    id: Annotated[str, msgspec.Meta(pattern=UUID_PATTERN)] | None
    time: WireInstant
    nonce: Annotated[str, msgspec.Meta(min_length=24, max_length=24)]


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(LeafRecord, strict=True)
_UUID = re.compile(UUID_PATTERN, re.ASCII)
_EVENT = re.compile(EVENT_PATTERN, re.ASCII)


def make_record(*, event: str, digest: Digest, id: str | None, at: datetime, nonce: bytes) -> bytes:
    """Return the bytes of a leaf record. `nonce` is 16 fresh random bytes. Raises: ValueError for a value out of form."""
    if len(nonce) != NONCE_SIZE or _EVENT.fullmatch(event) is None or (id is not None and _UUID.fullmatch(id) is None):
        raise ValueError("a leaf record holds an event, a digest, a UUID, a time and 16 random bytes")
    return _ENCODER.encode(
        LeafRecord(event=event, digest=digest, id=id, time=format_instant(at), nonce=encode_base64(nonce))
    )


def parse_record(raw: bytes) -> LeafRecord:
    """Return the record in `raw`. Raises: Refused (`record.form`) for any other spelling than that of `make_record`."""
    if len(raw) > MAX_RECORD_SIZE:
        raise Refused(Code.RECORD_FORM, detail=f"{len(raw)} bytes")
    try:
        record = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(Code.RECORD_FORM, detail=str(error)) from error
    # One spelling only: this also finds duplicate keys, white space and escapes.
    if _ENCODER.encode(record) != raw or len(parse_base64(record.nonce, code=Code.RECORD_FORM)) != NONCE_SIZE:
        raise Refused(Code.RECORD_FORM, detail="not canonical")
    if _EVENT.fullmatch(record.event) is None or (record.id is not None and _UUID.fullmatch(record.id) is None):
        raise Refused(Code.RECORD_FORM, detail="not canonical")
    parse_digest(record.digest)
    parse_instant(record.time, field="/time")
    return record
