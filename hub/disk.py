"""Files as both sides write them: whole or not at all, synced, and what is secret readable by its owner only.

The one place that makes key files: mode 0600 from the first byte on, never widened by a umask. No network, no clock.
"""

import os
import tempfile
from pathlib import Path

OWNER_ONLY = 0o600
FOLDER_OWNER_ONLY = 0o700


def write_file(path: Path, raw: bytes, *, secret: bool = False) -> None:
    """Write `raw` to `path`, replacing what was there in one step; mode 0600 when `secret`, else 0644.

    Folders on the way are made: 0700 when `secret`, else 0755. Raises: OSError; then `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_OWNER_ONLY if secret else 0o755)
    # mkstemp: 0600 whatever the umask, so nobody reads half a key before its mode is set.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fchmod(file.fileno(), OWNER_ONLY if secret else 0o644)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Raises: OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
