"""Common phrases of the station: kept here by its officers, inserted into any large field by their code."""

import re
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.signing.purposes import OfficerRole
from station_agent.store.phrases import PhraseRow, drop_phrase, phrases, save_phrase
from station_agent.web.desk import Desk
from station_agent.web.visit import Answer, Html, Redirect, Visit

OFFICERS = (OfficerRole.WINDOW, OfficerRole.COMMUNITY, OfficerRole.HEAD)
MOST_TEXT = 1000
_CODE = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]{1,16}")


@dataclass(frozen=True, slots=True)
class PhrasesPage:
    """All phrases; what was typed, when it could not be kept."""

    rows: tuple[PhraseRow, ...]
    code: str = ""
    text: str = ""
    error: str = ""
    remedy: str = ""


def show_phrases(desk: Desk, _visit: Visit) -> Answer:
    """The page."""
    return Html("phrases.html", PhrasesPage(phrases_of(desk)))


def keep_phrase(desk: Desk, visit: Visit) -> Answer:
    """Add a phrase, or change the one with that code."""
    code, text = (
        visit.form.get("code", "").strip().lstrip(":："),
        visit.form.get("text", "").replace("\r\n", "\n").strip(),
    )
    if _CODE.fullmatch(code) is None or not 0 < len(text) <= MOST_TEXT:
        said, remedy = visit.words.error(Refused(Code.DESK_PHRASE))
        return Html("phrases.html", PhrasesPage(phrases_of(desk), code[:40], text[: 2 * MOST_TEXT], said, remedy), 422)
    with desk.agent.store.write() as tx:
        save_phrase(tx, PhraseRow(code, text, visit.person.number, format_instant(visit.now)))
    return Redirect("/phrases", "phrases.saved")


def delete_phrase(desk: Desk, visit: Visit) -> Answer:
    """Delete one."""
    with desk.agent.store.write() as tx:
        drop_phrase(tx, visit.form.get("code", ""))
    return Redirect("/phrases", "phrases.dropped")


def phrases_of(desk: Desk) -> tuple[PhraseRow, ...]:
    """Return the station's phrases, for any form."""
    with desk.agent.store.read() as tx:
        return phrases(tx)
