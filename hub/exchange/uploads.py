"""Attachments on their way in: resumable, hashed beside the writing, constant memory; filed only when whole and durable.

A part lies in `uploads/` under its digest, sender and size, so that it survives a restart; its length is the offset to go
on from. Bytes that a power failure spoiled are found by the digest, and the part is then dropped.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import sqlalchemy as sa

from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.exchange import UploadState
from hub.protocol.identifiers import Digest, StationId
from hub.store.attachments import blob_size_for, insert_blob
from hub.store.blobs import CHUNK, BlobStore, start_writing, unavailable
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.writer import Writer

log = logging.getLogger(__name__)
T = TypeVar("T")
BESIDE = 1 << 17  # bytes from which hashing in a thread of its own costs less than it saves


@dataclass(slots=True)
class _Part:
    """A part: `offset` bytes of `size` are in the file and in `state`. `finishing` files it once it is whole."""

    path: Path
    size: int
    offset: int
    state: "hashlib._Hash"
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    finishing: "asyncio.Task[UploadState] | None" = None


class Uploads:
    """All uploads of one hub; used on the event loop, works in threads."""

    def __init__(
        self,
        folder: DataFolder,
        *,
        blobs: BlobStore,
        readers: Readers,
        writer: Writer[Any, Any],
        max_size: int,
        clock: Callable[[], datetime],
        require_room: Callable[[int], None],
    ) -> None:
        """`require_room` raises unless so many bytes more may be taken."""
        self._folder = folder.uploads
        self._blobs = blobs
        self._readers = readers
        self._writer = writer
        self._max_size = max_size
        self._clock = clock
        self._require_room = require_room
        self._hashing = ThreadPoolExecutor(thread_name_prefix="hash")
        self._parts: dict[tuple[StationId, Digest], _Part] = {}
        self._turns: WeakValueDictionary[tuple[StationId, Digest], asyncio.Lock] = WeakValueDictionary()

    def drop_stale(self, kept: timedelta) -> None:
        """Remove parts that nobody has added to for `kept`. At start only."""
        oldest = self._clock().timestamp() - kept.total_seconds()
        for path in self._folder.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink()
                log.info("upload dropped reason=stale")

    async def begin(self, station: StationId, digest: Digest, size: int) -> UploadState:
        """Create the upload or go on with it. Raises: Refused (`blob.size`), Unavailable."""
        if not 1 <= size <= self._max_size:
            raise Refused(Code.BLOB_SIZE, field="Upload-Length", values={"limit": self._max_size})
        async with self._turn(station, digest):
            part = self._parts.get((station, digest))
            if part is not None and part.size != size:
                async with part.lock:
                    self._drop(station, digest, part)
                part = None
            if part is not None:
                return _state(digest, part)
            # Asked after the part was looked for: one that is being filed goes only when the row is there.
            stored = await self._stored(station, digest)
            if stored is None:
                self._require_room(size + self._still_to_come())
                path = self._folder / f"{digest}.{station}.{size}"
                self._parts[station, digest] = part = await asyncio.to_thread(_resume_or_create, path, size)
                return _state(digest, part)
        if stored != size:
            raise Refused(Code.BLOB_SIZE, field="Upload-Length", values={"limit": self._max_size})
        return UploadState(digest=digest, offset=size, size=size, complete=True)

    async def state(self, station: StationId, digest: Digest) -> UploadState:
        """Say how far an upload is. Raises: Refused (`blob.unknown`)."""
        stored = await self._stored(station, digest)
        if stored is not None:
            return UploadState(digest=digest, offset=stored, size=stored, complete=True)
        return _state(digest, await self._require(station, digest))

    async def append(
        self, station: StationId, digest: Digest, offset: int, chunks: AsyncIterator[bytes]
    ) -> UploadState:
        """Add `chunks` at `offset`; when the last byte is here, file the blob and return only once it is durable.

        What arrived before a broken connection stays. Raises: Refused (`blob.*`), Unavailable.
        """
        part = self._parts.get((station, digest))
        if part is None:
            stored = await self._stored(station, digest)
            if stored is not None:
                if offset != stored:
                    raise _wrong_offset(stored)
                return UploadState(digest=digest, offset=stored, size=stored, complete=True)
            part = await self._require(station, digest)
        self._require_room(0)
        async with part.lock:
            if self._parts.get((station, digest)) is not part or offset != part.offset:
                raise _wrong_offset(part.offset)
            if part.finishing is None:
                await self._receive(part, chunks)
                if part.offset < part.size:
                    return _state(digest, part)
                part.finishing = asyncio.create_task(self._finish(station, digest, part))
            # Not to be broken off by a client that hangs up now: the bytes are all here. Who asks again waits for the same.
            return await asyncio.shield(part.finishing)

    async def _receive(self, part: _Part, chunks: AsyncIterator[bytes]) -> None:
        try:
            descriptor = os.open(part.path, os.O_WRONLY)
        except OSError as error:
            raise unavailable(error) from error
        try:
            async for chunk in chunks:
                if part.offset + len(chunk) > part.size:
                    raise Refused(Code.BLOB_SIZE, values={"limit": part.size})
                await _to_the_end(self._add, descriptor, part, chunk)
        finally:
            os.close(descriptor)

    def _add(self, descriptor: int, part: _Part, chunk: bytes) -> None:
        """Write `chunk` at the part's offset and hash it; two threads work at the same time. Raises: Unavailable."""
        if len(chunk) < BESIDE:
            _write(descriptor, part, chunk)
            part.state.update(chunk)
        else:
            hashed = self._hashing.submit(_hashed, part.state, chunk)
            _write(descriptor, part, chunk)
            part.state = hashed.result()
        part.offset += len(chunk)

    async def _finish(self, station: StationId, digest: Digest, part: _Part) -> UploadState:
        if part.state.hexdigest() != digest:
            self._drop(station, digest, part)
            raise Refused(Code.BLOB_DIGEST)
        now = self._clock()
        try:
            await asyncio.to_thread(self._blobs.file, part.path, digest)
            # Only now, with bytes and name on the disk, may a row say that the blob is here.
            await self._writer.run(lambda tx: self._note(tx, digest, part.size, station, now))
        finally:
            self._parts.pop((station, digest), None)
        return UploadState(digest=digest, offset=part.size, size=part.size, complete=True)

    def _note(self, tx: sa.Connection, digest: Digest, size: int, station: StationId, now: datetime) -> None:
        if not self._blobs.path_of(digest).is_file():
            # A case that named the same bytes was erased in between; the sender begins again.
            raise Unavailable(Code.STORE_UNAVAILABLE, detail="erased meanwhile")
        insert_blob(tx, digest, size=size, station=station, now=now)

    def _still_to_come(self) -> int:
        return sum(part.size - part.offset for part in self._parts.values())

    async def _stored(self, station: StationId, digest: Digest) -> int | None:
        return await self._readers.read(lambda tx: blob_size_for(tx, digest, station))

    def _turn(self, station: StationId, digest: Digest) -> asyncio.Lock:
        """Return the lock under which a part is looked for, made or given up: one file has one `_Part`, ever."""
        key = (station, digest)
        lock = self._turns.get(key)
        if lock is None:
            lock = self._turns[key] = asyncio.Lock()
        return lock

    async def _require(self, station: StationId, digest: Digest) -> _Part:
        async with self._turn(station, digest):
            part = await self._find(station, digest)
        if part is None:
            raise Refused(Code.BLOB_UNKNOWN)
        return part

    async def _find(self, station: StationId, digest: Digest) -> _Part | None:
        part = self._parts.get((station, digest))
        if part is None:
            part = await asyncio.to_thread(_resume, self._folder, f"{digest}.{station}.")
            if part is not None:
                self._parts[station, digest] = part
        return part

    def _drop(self, station: StationId, digest: Digest, part: _Part) -> None:
        self._parts.pop((station, digest), None)
        part.path.unlink(missing_ok=True)


def _state(digest: Digest, part: _Part) -> UploadState:
    return UploadState(digest=digest, offset=part.offset, size=part.size, complete=False)


def _wrong_offset(offset: int) -> Refused:
    return Refused(Code.BLOB_OFFSET, field="Upload-Offset", values={"offset": offset})


def _resume_or_create(path: Path, size: int) -> _Part:
    prefix = path.name.removesuffix(str(size))
    part = _resume(path.parent, prefix)
    if part is not None and part.size != size:
        part.path.unlink(missing_ok=True)
        part = None
    return part or _create(path, size)


def _create(path: Path, size: int) -> _Part:
    try:
        # Not emptied: a second beginning of the same upload may come while the first is already being written.
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise unavailable(error) from error
    return _Part(path, size, 0, hashlib.sha256())


def _resume(folder: Path, prefix: str) -> _Part | None:
    """Return the part whose name begins with `prefix`, hashed again from the disk, or None."""
    for path in folder.glob(f"{prefix}*"):
        size = int(path.name.removeprefix(prefix))
        state, offset = hashlib.sha256(), 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                state.update(chunk)
                offset += len(chunk)
        if offset <= size:
            return _Part(path, size, offset, state)
        path.unlink()
    return None


def _write(descriptor: int, part: _Part, chunk: bytes) -> None:
    view, at = memoryview(chunk), part.offset
    try:
        while view:
            written = os.pwrite(descriptor, view, at)
            view, at = view[written:], at + written
    except OSError as error:
        # What was written beyond the offset would be hashed twice when the part is read again.
        with contextlib.suppress(OSError):  # if it stays, the digest will show it
            os.ftruncate(descriptor, part.offset)
        raise unavailable(error) from error
    start_writing(descriptor, part.offset, len(chunk))


def _hashed(state: "hashlib._Hash", chunk: bytes) -> "hashlib._Hash":
    # Of a copy: a chunk that could not be written has not been hashed.
    state = state.copy()
    state.update(chunk)
    return state


async def _to_the_end(work: Callable[..., T], *arguments: object) -> T:
    """Run `work` in a thread, and wait for its end also when the caller is cancelled: it uses what the caller holds."""
    running = asyncio.get_running_loop().run_in_executor(None, work, *arguments)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
