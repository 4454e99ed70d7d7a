"""The first bytes of an open file as a file of their own, without a copy: what a letter was before it was sealed."""

import hashlib
import io
from typing import BinaryIO

from hub.protocol.identifiers import Digest

CHUNK = 1 << 20


class FilePrefix(io.RawIOBase):
    """The first `size` bytes of `file`, for reading. Both share one place in the file: each reading seeks first."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._at = 0

    def digest(self) -> Digest:
        """Return the digest of these bytes, read in pieces."""
        state, left = hashlib.sha256(), self._size
        self._file.seek(0)
        while left and (chunk := self._file.read(min(left, CHUNK))):
            state.update(chunk)
            left -= len(chunk)
        return Digest(state.hexdigest())

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """Its reader goes to and fro."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` from here, never beyond the end of the prefix."""
        self._file.seek(self._at)
        part = self._file.read(min(len(buffer), max(self._size - self._at, 0)))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to `offset` from the start, from here, or from the prefix's end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"seek to {base + offset}")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return where it stands."""
        return self._at
