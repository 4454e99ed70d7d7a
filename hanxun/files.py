"""Files that verbs write: whole or not at all, synced, secrets readable by their owner only."""

import os
import tempfile
from pathlib import Path

from hub.protocol.codes import Code
from hub.protocol.errors import Refused


def write_file(path: Path, raw: bytes, *, secret: bool = False) -> None:
    """Write `raw` to `path`, replacing what was there in one step; mode 0600 when `secret`, else 0644."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if secret else 0o755)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fchmod(file.fileno(), 0o600 if secret else 0o644)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def require_absent(path: Path) -> None:
    """Refuse to write over what is there: a key that is gone cannot be made again. Raises: Refused (`file.exists`)."""
    if path.exists():
        raise Refused(Code.FILE_EXISTS, detail=str(path))


def require_present(path: Path) -> None:
    """Raises: Refused (`file.missing`) when there is no `path`."""
    if not path.exists():
        raise Refused(Code.FILE_MISSING, detail=str(path))
