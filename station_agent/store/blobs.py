"""Blobs on disk, named by their digest. A blob is there only when its bytes and its folder entry are synced."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused, Unavailable
from hub.protocol.identifiers import Digest, digest_of

CHUNK = 1 << 20


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

    def put(self, raw: bytes) -> Digest:
        """Store `raw` durably and return its digest. Raises: Unavailable (`station.disk`); then nothing is stored."""
        digest = digest_of(raw)
        if self.has(digest):
            return digest
        # A name of its own: two processes that store the same bytes must not share a half-written file.
        part = self._incoming() / f"{digest}.{secrets.token_hex(4)}"
        try:
            with part.open("wb") as file:
                file.write(raw)
            self._file(part, digest)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise Unavailable(Code.AGENT_DISK, detail=error.strerror) from error
        return digest

    def part(self, digest: Digest) -> Path:
        """Return the file that a download of `digest` grows in; it survives a restart, so that it can go on."""
        return self._incoming() / f"{digest}.part"

    def finish(self, digest: Digest) -> None:
        """Take the finished download into the folder. Raises: Refused (`E401`) when its bytes are not those named."""
        part = self.part(digest)
        found = hashlib.sha256()
        with part.open("rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
        if found.hexdigest() != digest:
            part.unlink()
            raise Refused(Code.SEAL_INVALID, detail=f"attachment {digest}: other bytes arrived")
        self._file(part, digest)

    def _incoming(self) -> Path:
        folder = self.root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _file(self, part: Path, digest: Digest) -> None:
        target = self.path(digest)
        new_folder = not target.parent.is_dir()
        target.parent.mkdir(parents=True, exist_ok=True)
        _sync(part)
        part.replace(target)
        # Without this the entry itself may be lost with the power, though the bytes are on disk.
        _sync(target.parent)
        if new_folder:
            _sync(self.root)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
