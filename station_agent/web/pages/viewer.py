"""The page viewer: a file of the case as pictures of its pages. Zoom and turning are the browser's; the file is never altered."""

import re
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.media_types import PDF
from station_agent.store.cases import require_case
from station_agent.web.desk import Desk
from station_agent.web.documents import RESOLUTIONS, Document, documents_of, require_document
from station_agent.web.facts import facts_of
from station_agent.web.visit import Answer, File, Html, Visit


@dataclass(frozen=True, slots=True)
class ViewerPage:
    """A file with the numbers of its pages; `problem` says why there are none to show."""

    case: str
    document: Document
    pages: tuple[int, ...]
    path: str
    problem: str = ""
    remedy: str = ""


def show_viewer(desk: Desk, visit: Visit) -> Answer:
    """The viewer of one file, put into the case page; asked for by itself (without script), a page with all of the file's pages."""
    document = _document(desk, visit)
    path, pages, problem = f"/cases/{visit.case}/files/{document.digest}", tuple[int, ...](), ("", "")
    try:
        count = desk.pictures.count(document.digest, lambda: desk.agent.store.blobs.get(document.digest))
        pages = tuple(range(1, count + 1))
    except HanxunError as error:
        problem = visit.words.error(error)
    template = "_viewer.html" if visit.headers.get("HX-Request") == "true" else "viewer.html"
    return Html(template, ViewerPage(visit.case, document, pages, path, *problem))


def page_picture(desk: Desk, visit: Visit) -> Answer:
    """One page as PNG."""
    document, (page, dpi) = _document(desk, visit), page_and_dpi(visit)
    raw = desk.pictures.page(document.digest, lambda: desk.agent.store.blobs.get(document.digest), page, dpi)
    return File(raw, "image/png")


def download(desk: Desk, visit: Visit) -> Answer:
    """The file itself, for keeping: always saved, never opened by the browser."""
    document = _document(desk, visit)
    ending = {PDF: "pdf", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}.get(document.media_type, "bin")
    name = f"{visit.case}-{document.role}-{document.digest[:8]}.{ending}"
    return File(desk.agent.store.blobs.get(document.digest), "application/octet-stream", name)


def page_and_dpi(visit: Visit) -> tuple[int, int]:
    """Return the page and resolution that an address asks for. Raises: Refused (`desk.not_found`)."""
    page, dpi = visit.params.get("page", ""), visit.params.get("dpi", "")
    if (
        not re.fullmatch(r"[1-9][0-9]{0,3}", page)
        or not re.fullmatch(r"[0-9]{2,3}", dpi)
        or int(dpi) not in RESOLUTIONS
    ):
        raise Refused(Code.DESK_NOT_FOUND)
    return int(page), int(dpi)


def _document(desk: Desk, visit: Visit) -> Document:
    with desk.agent.store.read() as tx:
        facts = facts_of(tx, require_case(tx, visit.case))
        return require_document(documents_of(tx, facts), visit.params.get("digest", ""))
