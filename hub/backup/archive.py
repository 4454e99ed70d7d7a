"""What a backup holds: a tar stream whose first member tells what it is and whose last lists every digest. Constant memory.

Names are the paths inside the data folder. Only plain files with plain relative names are read back.
"""

import hashlib
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest

CHUNK = 1 << 18
SUMMARY, MANIFEST = "backup.json", "manifest.json"
_PART = r"(?!\.)[^/\\\x00-\x1f]{1,128}"  # no hidden name, so neither `..`
_NAME = re.compile(rf"{_PART}(/{_PART}){{0,7}}")
_MAX_TEXT = 1 << 28


class Summary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup is of: `kind`, `name` (trail's origin or station), `at` (RFC 3339), database `revision`, number of
    `files`, their `bytes`, `envelopes`; `head` is the newest checkpoint (signed note; empty: none) over `leaves` leaves."""

    kind: Literal["hub", "agent", "ca"]
    name: str
    at: str
    program: str
    revision: str
    files: int
    bytes: int
    envelopes: int
    leaves: int
    head: str


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a backup: size in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


class Sink(Protocol):
    """Takes bytes."""

    def write(self, raw: bytes, /) -> object:
        """Take `raw`."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file to back up: its name inside the folder, its size, how it is opened; `digest`, if its bytes are known."""

    name: str
    size: int
    open: Callable[[], BinaryIO]
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A file of a backup while it is read: its bytes must be taken before the next one is asked for."""

    name: str
    size: int
    chunks: Iterator[bytes]


def write_archive(
    target: Sink, summary: Summary, sources: Sequence[Source], *, progress: Callable[[int], None]
) -> tuple[Listed, ...]:
    """Write everything; `progress` gets the bytes done. Returns what was written.

    Raises: Refused (`backup.incomplete`) when a file is gone or not what it is named, OSError of the target.
    """
    listed: list[Listed] = []
    done = 0
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK) as tar:  # type: ignore[call-overload]
        _add(tar, SUMMARY, msgspec.json.encode(summary))
        for source in sources:
            if _NAME.fullmatch(source.name) is None:
                raise Refused(Code.BACKUP_INCOMPLETE, values={"name": source.name[:80]}, detail="name")
            listed.append(_copy(tar, source))
            done += source.size
            progress(done)
        _add(tar, MANIFEST, msgspec.json.encode(listed))
    return tuple(listed)


def read_archive(chunks: Iterable[bytes]) -> Iterator[Summary | Read]:
    """Yield the summary, then each file; the end is reached only if every file is what the manifest says.

    The chunks of a file are its own; leave none unread. Raises: Refused (`backup.damaged`), and what `chunks` raises.
    """
    stream = _Stream(chunks)
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK) as tar:  # type: ignore[call-overload]
            yield from _members(tar)
            stream.drain()
    except (tarfile.TarError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(Code.BACKUP_DAMAGED, detail=type(error).__name__) from error


def _members(tar: tarfile.TarFile) -> Iterator[Summary | Read]:
    found: list[Listed] = []
    first = True
    for member in tar:
        body = tar.extractfile(member)
        if not member.isreg() or body is None or _NAME.fullmatch(member.name) is None:
            raise Refused(Code.BACKUP_DAMAGED, detail=f"member {member.name[:80]}")
        if first or member.name == MANIFEST:
            if first != (member.name == SUMMARY) or member.size > _MAX_TEXT:
                raise Refused(Code.BACKUP_DAMAGED, detail=f"member {member.name}")
            raw = body.read()
            if first:
                first = False
                yield msgspec.json.decode(raw, type=Summary)
                continue
            if msgspec.json.decode(raw, type=list[Listed]) != found or tar.next() is not None:
                raise Refused(Code.BACKUP_DAMAGED, detail=MANIFEST)
            return
        state = hashlib.sha256()
        yield Read(member.name, member.size, _hashed(body, state))  # type: ignore[arg-type]
        found.append(Listed(name=member.name, size=member.size, sha256=state.hexdigest()))
    raise Refused(Code.BACKUP_DAMAGED, detail=f"no {MANIFEST}")


def _hashed(body: BinaryIO, state: "hashlib._Hash") -> Iterator[bytes]:
    while chunk := body.read(CHUNK):
        state.update(chunk)
        yield chunk


def _copy(tar: tarfile.TarFile, source: Source) -> Listed:
    try:
        opened = source.open()
    except OSError as error:
        raise Refused(Code.BACKUP_INCOMPLETE, values={"name": source.name}, detail=error.strerror) from error
    with opened as file:
        watched = _Watched(file)
        try:
            tar.addfile(_info(source.name, source.size), watched)
        except EOFError as error:
            raise Refused(Code.BACKUP_INCOMPLETE, values={"name": source.name}, detail="shorter") from error
        longer = bool(file.read(1))
    digest = watched.state.hexdigest()
    if watched.short or longer or source.digest not in (None, digest):
        raise Refused(Code.BACKUP_INCOMPLETE, values={"name": source.name}, detail="other bytes")
    return Listed(name=source.name, size=source.size, sha256=digest)


class _Watched:
    """A file whose bytes are hashed as they are read; a read that comes short is an end of file to tarfile."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.state = hashlib.sha256()
        self.short = False

    def read(self, size: int = -1) -> bytes:
        raw = self._file.read(size)
        self.short = self.short or len(raw) < size
        if self.short:
            raise EOFError
        self.state.update(raw)
        return raw


class _Stream:
    """Chunks as a file to read from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int) -> bytes:
        parts, length = [self._rest], len(self._rest)
        while length < size and (chunk := next(self._chunks, None)) is not None:
            parts.append(chunk)
            length += len(chunk)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]

    def drain(self) -> None:
        """Read to the end, so that the last chunk proves that the stream is whole."""
        for _ in self._chunks:
            pass


def _add(tar: tarfile.TarFile, name: str, raw: bytes) -> None:
    tar.addfile(_info(name, len(raw)), _Bytes(raw))  # type: ignore[arg-type]


class _Bytes:
    def __init__(self, raw: bytes) -> None:
        self._raw = memoryview(raw)

    def read(self, size: int) -> bytes:
        part, self._raw = bytes(self._raw[:size]), self._raw[size:]
        return part


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info
