"""Letter bytes, content-addressed: `blobs/<two digits>/<digest>` in the data folder, read and filed through obstore.

obstore's local store renames atomically but syncs nothing, and 0.12 has no option for it. So the file and every folder
entry are synced here, in the order that survives a crash at any line: bytes, then name, then the folders' entries.
"""

import contextlib
import ctypes
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import obstore
from obstore.store import LocalStore

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Unavailable
from hub.protocol.identifiers import Digest
from hub.room import Trouble, trouble_of
from hub.store.layout import DataFolder

CHUNK = 1 << 20
_RANGE_WRITE = 2  # SYNC_FILE_RANGE_WRITE: start, do not wait
_CODES = {Trouble.FULL: Code.STORE_FULL, Trouble.READ_ONLY: Code.STORE_READ_ONLY}


class BlobStore:
    """The complete blobs of one hub."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._objects = LocalStore(folder.root)

    def path_of(self, digest: Digest) -> Path:
        """Return where the blob lies."""
        return self._folder.root / _key(digest)

    def file(self, part: Path, digest: Digest) -> None:
        """Move the finished file `part` (inside the data folder) into the store; it is durable when this returns.

        Blocking: call it in a thread. Raises: Unavailable; the part is then gone, since after a failed sync nobody knows
        what the disk holds.
        """
        target = self.path_of(digest)
        try:
            sync_file(part)
            _make_folder(target.parent)
            obstore.rename(self._objects, str(part.relative_to(self._folder.root)), _key(digest))
            sync_folder(target.parent)
        except (OSError, obstore.exceptions.BaseError) as error:
            with contextlib.suppress(OSError):  # on a disk that fails this may fail, too
                part.unlink(missing_ok=True)
            raise unavailable(error) from error

    def remove(self, digest: Digest) -> None:
        """Delete the blob, durably; nothing happens when it is not there. Blocking. Raises: OSError."""
        target = self.path_of(digest)
        if target.parent.is_dir():
            target.unlink(missing_ok=True)
            sync_folder(target.parent)

    async def read(self, digest: Digest, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not with, `end`. Raises: Damaged (`store.damaged`) when they are not there."""
        try:
            result = await obstore.get_async(self._objects, _key(digest), options={"range": (start, end)})
            async for chunk in result.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)
        except (FileNotFoundError, obstore.exceptions.BaseError) as error:
            raise Damaged(Code.STORE_DAMAGED, detail=f"blob {digest}") from error

    def names(self) -> Iterator[str]:
        """Yield the file names under `blobs/`, whatever they are, sorted by folder."""
        for folder in sorted(self._folder.blobs.iterdir()):
            yield from sorted(entry.name for entry in folder.iterdir())


def hash_file(path: Path) -> tuple[Digest, int]:
    """Return digest and size of a file, in constant memory. Raises: OSError."""
    state = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            state.update(chunk)
            size += len(chunk)
    return Digest(state.hexdigest()), size


def start_writing(descriptor: int, offset: int, size: int) -> None:
    """Let the disk begin with these bytes, so that less is left to wait for at the end. Says nothing of how it went: an error
    is reported by the sync that follows. Linux only, elsewhere nothing happens. Source: sync_file_range(2)."""
    if _SYNC_FILE_RANGE is not None:
        _SYNC_FILE_RANGE(descriptor, offset, size, _RANGE_WRITE)


def sync_file(path: Path) -> None:
    """Return when the file's bytes are on the disk. Raises: OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Return when the folder's entries are on the disk. Raises: OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unavailable(error: Exception) -> Unavailable:
    """Return what a failed write means to the caller: nothing was accepted; disk full is told apart."""
    trouble = trouble_of(error) if isinstance(error, OSError) else _said(str(error))
    return Unavailable(_CODES.get(trouble, Code.STORE_UNAVAILABLE), detail=type(error).__name__)


def _said(text: str) -> Trouble:
    # obstore tells the system's error only in words.
    if "os error 28" in text:
        return Trouble.FULL
    return Trouble.READ_ONLY if "os error 30" in text else Trouble.FAILING


def _sync_file_range() -> Callable[[int, int, int, int], int] | None:
    function = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if function is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return cast(Callable[[int, int, int, int], int], function)


_SYNC_FILE_RANGE = _sync_file_range()


def _key(digest: Digest) -> str:
    return f"blobs/{digest[:2]}/{digest}"


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)  # or a crash could lose the new folder with all that is in it
