"""Looking at the scan folder, and copying a file that has come to rest into the store: read only, checked, durable."""

import fcntl
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.letters.sniff import sniff
from hub.protocol import media_types
from hub.protocol.identifiers import Digest
from station_agent.scan_folder.watch import Sighting, is_scan_name
from station_agent.store.blobs import CHUNK, BlobFolder

_HEAD_BYTES = 16
_TAIL_BYTES = 1100
_ENDS = {media_types.JPEG: b"\xff\xd9", media_types.PNG: b"IEND\xaeB`\x82", media_types.PDF: b"%%EOF"}


class NotNow(Exception):
    """The file cannot be read at this moment (locked, busy, changed meanwhile); it is looked at again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy in the store: `digest` names it; `changed_ns` and `size` are the file's, before and after reading."""

    digest: Digest
    size: int
    changed_ns: int
    media_type: str | None


def look_at_folder(folder: Path, *, is_known: Callable[[str, int, int], bool]) -> dict[str, Sighting]:
    """Return what lies in `folder` and is not known yet (name, changed_ns, size). Raises: OSError when it cannot be listed."""
    seen: dict[str, Sighting] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if not is_scan_name(entry.name):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone between the listing and the look
            if stat.S_ISREG(status.st_mode) and not is_known(entry.name, status.st_mtime_ns, status.st_size):
                finished = _looks_finished(Path(entry.path), status.st_size)
                seen[entry.name] = Sighting(status.st_size, status.st_mtime_ns, finished)
    return seen


def copy_into(blobs: BlobFolder, path: Path) -> Taken:
    """Copy the file into the store and return what it is, durable; the file itself is opened for reading only.

    Raises: NotNow, Unavailable (`station.disk`).
    """
    try:
        # No symbolic link, and no waiting for a pipe that somebody put there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotNow(error.strerror) from error
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise NotNow("not a file")
        _require_unlocked(descriptor)
        return _copied(blobs, descriptor, before)
    except OSError as error:
        raise NotNow(error.strerror) from error
    finally:
        os.close(descriptor)


def _require_unlocked(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise NotNow("locked") from error
    except OSError:
        return  # a share that knows no locks


def _copied(blobs: BlobFolder, descriptor: int, before: os.stat_result) -> Taken:
    found = hashlib.sha256()
    head = b""
    with blobs.writing() as copy:
        while part := os.read(descriptor, CHUNK):
            head = head or part[:_HEAD_BYTES]
            found.update(part)
            copy.write(part)
        after = os.fstat(descriptor)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise NotNow("changed while it was read")
        digest = Digest(found.hexdigest())
        copy.keep(digest)
    return Taken(digest, before.st_size, before.st_mtime_ns, sniff(head))


def _looks_finished(path: Path, size: int) -> bool:
    """Say whether the last bytes are those with which such a file ends; of a TIFF nothing can be told."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True  # locked or not ours to read: the attempt to take it will say so
    try:
        end = _ENDS.get(sniff(os.pread(descriptor, _HEAD_BYTES, 0)) or "")
        return end is None or end in os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    except OSError:
        return True
    finally:
        os.close(descriptor)
