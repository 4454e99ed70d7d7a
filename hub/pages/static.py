"""Our own scripts, styles and pictures, and nothing else that lies in the folder."""

from hub.pages.templates import static_files
from hub.pages.visit import Answer, File, P, Visit
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain"}


def static_file(_desk: object, visit: Visit[P]) -> Answer:
    """One of our own files. Raises: Refused (`desk.not_found`)."""
    name = visit.params.get("name", "")
    raw = static_files().get(name)
    media_type = _TYPES.get(name.rpartition(".")[2])
    if raw is None or media_type is None:
        raise Refused(Code.DESK_NOT_FOUND)
    return File(raw, media_type)
