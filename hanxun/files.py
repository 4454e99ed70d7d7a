"""What verbs ask of files before they write: nothing is written over that could not be made again."""

from pathlib import Path

from hub.disk import write_file
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

__all__ = ["require_absent", "require_present", "write_file"]


def require_absent(path: Path) -> None:
    """Refuse to write over what is there: a key that is gone cannot be made again. Raises: Refused (`file.exists`)."""
    if path.exists():
        raise Refused(Code.FILE_EXISTS, detail=str(path))


def require_present(path: Path) -> None:
    """Raises: Refused (`file.missing`) when there is no `path`."""
    if not path.exists():
        raise Refused(Code.FILE_MISSING, detail=str(path))
