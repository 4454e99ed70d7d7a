"""Files on their way from a browser: in pieces, gone on with after a reload or a new sign-in, until they are taken where they go.

One upload for each officer and place (a case, the tray, the check of a file). The bytes lie in the agent's folder, are never decoded here, and go after a day.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable

KEPT = timedelta(hours=24)
MOST_NAME = 120


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is being uploaded: the file's name and size; `item` of the tray when it came from there."""

    name: str
    size: int
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Uploads:
    """The folder of uploads, made when it is first needed; `most` bytes for one file."""

    folder: Path
    most: int

    def begin(self, number: str, place: str, about: About, *, now: datetime) -> int:
        """Begin, or go on with the same file; return how many bytes are here. Raises: Refused (E202), Unavailable."""
        if not 0 < about.size <= self.most:
            raise Refused(Code.SCAN_TOO_LARGE, values={"n": self.most >> 20})
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._sweep(now)
        part, note = self._paths(number, place)
        if self.about(number, place) != about:
            _guarded(lambda: part.write_bytes(b""))
            _guarded(lambda: note.write_bytes(msgspec.json.encode(about)))
        return part.stat().st_size

    def append(self, number: str, place: str, raw: bytes, *, offset: int) -> int:
        """Add a piece where the last one ended; return how many bytes are here. Raises: Refused (`desk.upload`), Unavailable."""
        about, (part, _) = self.about(number, place), self._paths(number, place)
        if about is None or part.stat().st_size != offset or offset + len(raw) > about.size:
            raise Refused(Code.DESK_UPLOAD)

        def write() -> None:
            with part.open("ab") as file:
                file.write(raw)

        _guarded(write)
        return offset + len(raw)

    def about(self, number: str, place: str) -> About | None:
        """Return what is being uploaded, or None."""
        part, note = self._paths(number, place)
        if not part.is_file() or not note.is_file():
            return None
        return msgspec.json.decode(note.read_bytes(), type=About)

    def whole(self, number: str, place: str) -> tuple[About, bytes] | None:
        """Return the file once all of it is here, else None."""
        about, (part, _) = self.about(number, place), self._paths(number, place)
        if about is None or part.stat().st_size != about.size:
            return None
        return about, part.read_bytes()

    def drop(self, number: str, place: str) -> None:
        """Forget an upload: it is in the case now, or not wanted."""
        for path in self._paths(number, place):
            path.unlink(missing_ok=True)

    def _paths(self, number: str, place: str) -> tuple[Path, Path]:
        # Both come checked: a place is a case number by its form or our own word, a police number comes from a certificate that
        # lies here under that name.
        stem = self.folder / f"{number}-{place}"
        return stem.with_name(f"{stem.name}.part"), stem.with_name(f"{stem.name}.json")

    def _sweep(self, now: datetime) -> None:
        for path in self.folder.iterdir():
            if now.timestamp() - path.stat().st_mtime > KEPT.total_seconds():
                path.unlink(missing_ok=True)


def _guarded(write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise Unavailable(Code.AGENT_DISK, detail=os.strerror(error.errno or 0)) from error
