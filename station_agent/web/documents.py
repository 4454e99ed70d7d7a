"""The files of a case that can be looked at: each as its pages, drawn in a confined child; the bytes never reach a browser to open."""

from dataclasses import dataclass

from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.media_types import JOSE
from station_agent.store.cases import files_of
from station_agent.web.facts import Facts

_ORDER = (Role.LETTER, Role.SCAN, Role.PROOF, Role.OTHER)
RESOLUTIONS = (40, 110, 165, 220, 300)
"""Dots per inch at which a page may be asked for: thumbnail, whole, larger, large, one to one."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the case, by the role in which it came."""

    digest: Digest
    name: str
    role: str
    size: int
    media_type: str


def documents_of(tx: Connection, facts: Facts) -> tuple[Document, ...]:
    """Return the case's files, the sealed letter first; officers' signed acts are no pages."""
    found: dict[str, Attachment] = {}
    for file in (*facts.attachments, *files_of(tx, facts.row.case)):
        if file.media_type != JOSE and file.role is not Role.ACT:
            found.setdefault(f"{file.role.value} {file.digest}", file)
    letter = facts.letter
    files = [file for file in found.values() if not _outdated(file, letter.letter if letter else None, facts)]
    files.sort(key=lambda file: _ORDER.index(file.role) if file.role in _ORDER else len(_ORDER))
    return tuple(Document(file.digest, file.name, file.role.value, file.size, file.media_type) for file in files)


def require_document(documents: tuple[Document, ...], digest: str) -> Document:
    """Return the file of this case with that digest. Raises: Refused (`desk.not_found`)."""
    for document in documents:
        if document.digest == digest:
            return document
    raise Refused(Code.DESK_NOT_FOUND)


def _outdated(file: Attachment, newest: Digest | None, facts: Facts) -> bool:
    """Whether a letter of this desk was replaced by a later one."""
    return file.role is Role.LETTER and facts.row.side == "opener" and newest is not None and file.digest != newest
