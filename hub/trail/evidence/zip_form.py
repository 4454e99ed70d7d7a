"""One spelling of a ZIP file (PKWARE APPNOTE 6.3): stored members, no dates, no extras, nothing before, between or after.

Reading rebuilds the file from its members and compares, so that every byte of it counts, the format's own fields included.
`unzip` and every other reader open what is written here.
"""

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

MAX_ZIP_BYTES = 2_000_000_000  # below the limits at which ZIP64 begins
MAX_MEMBERS = 20_000
NAME_PATTERN = re.compile(
    r"(?:[A-Za-z][A-Za-z-]{0,15}/)?[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,32}){0,4}", re.ASCII
)

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_VERSION = 20
_DATE = (1980 - 1980) << 9 | 1 << 5 | 1  # 1980-01-01: the earliest the format can write
_MADE_BY_UNIX = 3 << 8 | _VERSION
_REGULAR_FILE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the container: an ASCII `name` and its exact bytes."""

    name: str
    raw: bytes


def write_zip(members: Sequence[Member]) -> bytes:
    """Return the ZIP of `members`, in this order. Equal members give equal bytes.

    Raises: Refused (`evidence.name`, `evidence.too_large`).
    """
    require_names([member.name for member in members])
    if len(members) > MAX_MEMBERS or sum(len(member.raw) + 256 for member in members) > MAX_ZIP_BYTES:
        raise Refused(Code.EVIDENCE_TOO_LARGE, values={"gb": MAX_ZIP_BYTES // 10**9})
    body, directory, offset = [], [], 0
    for member in members:
        name = member.name.encode("ascii")
        fields = (_VERSION, 0, 0, 0, _DATE, zlib.crc32(member.raw), len(member.raw), len(member.raw), len(name))
        head = _LOCAL.pack(b"PK\3\4", *fields, 0) + name
        entry = _CENTRAL.pack(b"PK\1\2", _MADE_BY_UNIX, *fields, 0, 0, 0, 0, _REGULAR_FILE, offset) + name
        body += [head, member.raw]
        directory.append(entry)
        offset += len(head) + len(member.raw)
    size = sum(map(len, directory))
    end = _END.pack(b"PK\5\6", 0, 0, len(members), len(members), size, offset, 0)
    return b"".join((*body, *directory, end))


def read_zip(raw: bytes) -> tuple[Member, ...]:
    """Return the members of a ZIP that `write_zip` could have written, byte for byte.

    Raises: Refused (`evidence.zip`, `evidence.name`, `evidence.too_large`) for anything else.
    """
    if len(raw) > MAX_ZIP_BYTES:
        raise Refused(Code.EVIDENCE_TOO_LARGE, values={"gb": MAX_ZIP_BYTES // 10**9})
    members = _local_members(raw)
    require_names([member.name for member in members])
    if write_zip(members) != raw:
        raise Refused(Code.EVIDENCE_ZIP, detail="not the one canonical spelling")
    return members


def require_names(names: Sequence[str]) -> None:
    """Raise Refused (`evidence.name`) unless all names are plain, relative, ASCII and differ also without case."""
    for name in names:
        if NAME_PATTERN.fullmatch(name) is None:
            raise Refused(Code.EVIDENCE_NAME, detail=ascii(name)[:80])
    if len({name.lower() for name in names}) != len(names):
        raise Refused(Code.EVIDENCE_NAME, detail="a name occurs twice")


def _local_members(raw: bytes) -> tuple[Member, ...]:
    members: list[Member] = []
    offset = 0
    while raw[offset : offset + 4] == b"PK\3\4":
        if len(raw) < offset + _LOCAL.size or len(members) >= MAX_MEMBERS:
            raise Refused(Code.EVIDENCE_ZIP, detail="cut short, or too many members")
        *_, size, _, name_length, extra_length = _LOCAL.unpack_from(raw, offset)
        start = offset + _LOCAL.size + name_length + extra_length
        name = raw[offset + _LOCAL.size : offset + _LOCAL.size + name_length]
        if start + size > len(raw):
            raise Refused(Code.EVIDENCE_ZIP, detail="cut short")
        members.append(Member(name.decode("latin-1"), raw[start : start + size]))
        offset = start + size
    if not members:
        raise Refused(Code.EVIDENCE_ZIP, detail="no ZIP at the first byte")
    return tuple(members)
