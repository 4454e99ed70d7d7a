"""Blobs on disk, named by their digest. A blob is there only when its bytes and its folder entry are synced."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused, Unavailable
from hub.protocol.identifiers import Digest, digest_of
from hub.room import Trouble, trouble_of

CHUNK = 1 << 20
UNNAMED = "unnamed."


@dataclass(frozen=True, slots=True)
class BlobFolder:
    """A folder of blobs: `ab/abcd…` for finished ones, `incoming/` for downloads under way."""

    root: Path

    def path(self, digest: Digest) -> Path:
        """Return where the blob stands, whether or not it is there."""
        return self.root / digest[:2] / digest

    def has(self, digest: Digest) -> bool:
        """Whether the blob is there, complete."""
        return self.path(digest).is_file()

    def size(self, digest: Digest) -> int:
        """Return the size in bytes. Raises: Damaged (`station.blob_missing`)."""
        try:
            return self.path(digest).stat().st_size
        except OSError as error:
            raise Damaged(Code.BLOB_MISSING, detail=digest) from error

    def get(self, digest: Digest) -> bytes:
        """Return the blob's bytes, checked against its name. Raises: Damaged (`station.blob_missing`)."""
        try:
            raw = self.path(digest).read_bytes()
        except OSError as error:
            raise Damaged(Code.BLOB_MISSING, detail=digest) from error
        if digest_of(raw) != digest:
            raise Damaged(Code.BLOB_MISSING, detail=f"{digest}: the bytes on disk have changed")
        return raw

    def whole(self, digest: Digest) -> Path:
        """Return the file of a blob, checked against its name in constant memory. Raises: Damaged (`station.blob_missing`)."""
        path = self.path(digest)
        try:
            found = hash_file(path)
        except OSError as error:
            raise Damaged(Code.BLOB_MISSING, detail=digest) from error
        if found != digest:
            raise Damaged(Code.BLOB_MISSING, detail=f"{digest}: the bytes on disk have changed")
        return path

    def put(self, raw: bytes) -> Digest:
        """Store `raw` durably and return its digest. Raises: Unavailable (`station.disk`); then nothing is stored."""
        digest = digest_of(raw)
        if self.has(digest):
            return digest
        # A name of its own: two processes that store the same bytes must not share a half-written file.
        part = self.incoming / f"{digest}.{secrets.token_hex(4)}"
        try:
            self._incoming()
            with part.open("wb") as file:
                file.write(raw)
        except OSError as error:
            _drop(part)
            raise unavailable(error) from error
        self._file(part, digest)
        return digest

    @contextmanager
    def writing(self) -> Iterator["IncomingBlob"]:
        """Give a file to write bytes into whose digest is not known yet; what is not kept is gone when the block is left.

        Raises: Unavailable (`station.disk`).
        """
        part = self.incoming / f"{UNNAMED}{secrets.token_hex(8)}"
        try:
            try:
                self._incoming()
                file = part.open("w+b")
            except OSError as error:
                raise unavailable(error) from error
            with file:
                yield IncomingBlob(self, part, file)
        finally:
            _drop(part)

    def keep(self, part: Path, digest: Digest) -> None:
        """Take the finished file into the folder under its digest, durably. Raises: Unavailable (`station.disk`)."""
        if not self.has(digest):
            self._file(part, digest)

    def sweep(self) -> None:
        """Remove what a killed process was writing without a name; nothing else writes so while this is called."""
        for part in self.incoming.glob(f"{UNNAMED}*"):
            _drop(part)

    def remove(self, digest: Digest) -> None:
        """Remove a blob; the caller knows that nothing names it any more."""
        self.path(digest).unlink(missing_ok=True)

    def part(self, digest: Digest) -> Path:
        """Return the file that a download of `digest` grows in; it survives a restart, so that it can go on."""
        return self._incoming() / f"{digest}.part"

    def finish(self, digest: Digest) -> None:
        """Take the finished download into the folder.

        Raises: Refused (`E401`) when its bytes are not those named, Unavailable (`station.disk`); it is then fetched again.
        """
        part = self.part(digest)
        try:
            found = hash_file(part)
        except OSError as error:
            _drop(part)
            raise unavailable(error) from error
        if found != digest:
            part.unlink()
            raise Refused(Code.SEAL_INVALID, detail=f"attachment {digest}: other bytes arrived")
        self._file(part, digest)

    @property
    def incoming(self) -> Path:
        """Where downloads and files being written grow."""
        return self.root / "incoming"

    def _incoming(self) -> Path:
        self.incoming.mkdir(parents=True, exist_ok=True)
        return self.incoming

    def _file(self, part: Path, digest: Digest) -> None:
        target = self.path(digest)
        new_folder = not target.parent.is_dir()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync(part)
            part.replace(target)
            # Without this the entry itself may be lost with the power, though the bytes are on disk.
            _sync(target.parent)
            if new_folder:
                _sync(self.root)
        except OSError as error:
            # After a failed sync nobody knows what the disk holds: under its name it would count as durable.
            _drop(part)
            _drop(target)
            raise unavailable(error) from error


def hash_file(path: Path) -> Digest:
    """Return the digest of a file, in constant memory. Raises: OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return Digest(found.hexdigest())


def _drop(path: Path) -> None:
    # On a disk that fails this may fail, too; what is left is then found by its digest.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def unavailable(error: OSError) -> Unavailable:
    """Return what a failed write means: nothing was stored; a read-only disk is told apart."""
    read_only = trouble_of(error) is Trouble.READ_ONLY
    return Unavailable(Code.AGENT_DISK_READ_ONLY if read_only else Code.AGENT_DISK, detail=error.strerror)


@dataclass(frozen=True, slots=True)
class IncomingBlob:
    """A blob that is being written."""

    blobs: BlobFolder
    path: Path
    file: BinaryIO

    def write(self, part: bytes) -> None:
        """Add bytes. Raises: Unavailable (`station.disk`)."""
        try:
            self.file.write(part)
        except OSError as error:
            raise unavailable(error) from error

    def flush(self) -> Path:
        """Return the file with all that was written so far. Raises: Unavailable (`station.disk`)."""
        try:
            self.file.flush()
        except OSError as error:
            raise unavailable(error) from error
        return self.path

    def keep(self, digest: Digest) -> None:
        """Take it into the folder under `digest`, which the writer has computed. Raises: Unavailable (`station.disk`)."""
        try:
            self.file.flush()
        except OSError as error:
            raise unavailable(error) from error
        self.blobs.keep(self.path, digest)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
