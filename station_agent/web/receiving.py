"""Files on their way from a browser, for every page that takes some: begun, gone on with piece by piece, given up, or all at once.

`place` tells uploads of one officer apart: a case, the tray, the check of a file.
"""

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from station_agent.web.desk import Desk
from station_agent.web.uploads import MOST_NAME, About
from station_agent.web.visit import Upload, Visit


def begin(desk: Desk, visit: Visit, place: str) -> int:
    """Begin or go on with the file that the form names; return how much of it is here. Raises: Refused (E202), Unavailable."""
    size = whole_number(visit.form.get("size", ""))
    about = About(name=_name(visit.form.get("name", "")), size=size)
    return desk.uploads.begin(visit.person.number, place, about, now=visit.now)


def take_piece(desk: Desk, visit: Visit, place: str) -> int:
    """Add one piece; return how much is here. Raises: Refused (`desk.upload`), Unavailable."""
    text = visit.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Refused(Code.DESK_UPLOAD)
    return desk.uploads.append(visit.person.number, place, visit.raw, offset=int(text))


def put_whole(desk: Desk, visit: Visit, place: str, raw: bytes, name: str, *, item: int | None = None) -> None:
    """Put a file there at once: a form without script, or an item of the tray. Raises: Refused (E202), Unavailable."""
    about = About(name=_name(name), size=len(raw), item=item)
    desk.uploads.drop(visit.person.number, place)
    desk.uploads.begin(visit.person.number, place, about, now=visit.now)
    desk.uploads.append(visit.person.number, place, raw, offset=0)


def posted_files(visit: Visit) -> tuple[Upload, ...]:
    """The files of a form that are not empty."""
    return tuple(upload for upload in visit.files if upload.raw)


def whole_number(text: str) -> int:
    """Return a number as a browser sends it; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _name(text: str) -> str:
    return text[:MOST_NAME] or "scan"
