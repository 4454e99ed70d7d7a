"""Whether a data folder can take more: room on its disk, and a real write that is synced. Both hub and agent ask here.

Looks before the disk is full, so that work is refused in good time and what was begun can still be finished.
"""

import errno
import os
from enum import StrEnum
from pathlib import Path

PROBE = ".writable"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Trouble(StrEnum):
    """What keeps a folder from taking more, the worst last."""

    LOW = "low"
    FULL = "full"
    READ_ONLY = "read only"
    FAILING = "failing"


def free_bytes(folder: Path) -> int:
    """Return how many bytes this process may still write on the folder's disk. Raises: OSError."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def is_low(folder: Path, *, low_bytes: int) -> bool:
    """Whether less than `low_bytes` are free. A disk that does not answer counts as low. Costs one system call."""
    try:
        return free_bytes(folder) < low_bytes
    except OSError:
        return True


def look(folder: Path, *, low_bytes: int) -> Trouble | None:
    """Write a byte into the folder, sync it, take it away, and measure the room. Blocking: call it in a thread."""
    try:
        _write_and_sync(folder / PROBE)
        return Trouble.LOW if free_bytes(folder) < low_bytes else None
    except OSError as error:
        return trouble_of(error)


def trouble_of(error: OSError) -> Trouble:
    """Return what a failed write or sync says about the disk."""
    if error.errno in _FULL:
        return Trouble.FULL
    return Trouble.READ_ONLY if error.errno == errno.EROFS else Trouble.FAILING


def _write_and_sync(probe: Path) -> None:
    descriptor = os.open(probe, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    probe.unlink()
