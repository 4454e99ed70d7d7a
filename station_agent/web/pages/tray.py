"""O7: the scan tray: what the scanner's folder brought and what was dropped here; attached, joined, taken apart, discarded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hub.cases.machine import Side
from hub.letters.limits import default_limits
from hub.pages.wording import Words
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import CaseId, Digest, parse_case
from hub.protocol.instants import format_instant, parse_instant
from hub.signing.purposes import OfficerRole
from station_agent.desk import tray
from station_agent.desk.tray_pages import join, put_in, split
from station_agent.scan_folder.take import look_at_folder
from station_agent.store.case_lists import CaseFilter, case_lines
from station_agent.store.cases import cases_holding, find_case
from station_agent.store.tray import TrayRow, TrayState, known_files, require_item, tray_items
from station_agent.web import receiving
from station_agent.web.attach_to import Target, put_into_draft, targets
from station_agent.web.desk import Desk
from station_agent.web.frame import sent_filter
from station_agent.web.pages.lists import Row, rows_of, version_of
from station_agent.web.pages.viewer import page_and_dpi
from station_agent.web.rules import may_see
from station_agent.web.visit import Answer, File, Html, Redirect, Short, Visit

PLACE = "tray"
MOST_SHOWN = 200
WAITING_FOR_SCAN = ("stamped", "scanned", "checked", "sealed")


@dataclass(frozen=True, slots=True)
class Item:
    """One scan: `tone` says how it stands (ready, same, bad, gone), `same_as` the item with the same bytes, `held` the words for a
    case that has them (`held_at`: its number, where the visitor may see it), `trouble` why it cannot be used and what to do,
    `until` when a discarded one is erased."""

    item: int
    name: str
    size: int
    at: str
    tone: str
    same_as: int | None
    held: str
    held_at: str
    made_from: str
    trouble: str
    remedy: str
    until: str
    pictured: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """A case that holds the same bytes as a scan, and whether the visitor may see it."""

    case: CaseId
    visible: bool


@dataclass(frozen=True, slots=True)
class Arriving:
    """A file in the scanner's folder that has not come to rest yet."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class TrayPage:
    """The tray. `folder` is where the scanner should write (empty: none is set up), `missing` that it cannot be looked at."""

    items: tuple[Item, ...]
    arriving: tuple[Arriving, ...]
    gone: tuple[Item, ...]
    folder: str
    missing: bool
    part: int
    part_of: int
    part_name: str
    at: str
    version: str
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One scan with its pages, the letters that wait for one, and the messages that it can go with."""

    item: Item
    pages: tuple[int, ...]
    cases: tuple[Row, ...]
    targets: tuple[Target, ...]
    waiting: bool
    error: str = ""
    remedy: str = ""


def show_tray(desk: Desk, visit: Visit) -> Answer:
    """The page."""
    return Html("tray.html", _page(desk, visit))


def tray_rows(desk: Desk, visit: Visit) -> Answer:
    """The part that refreshes by itself."""
    return Html("_tray_rows.html", _page(desk, visit))


def begin_upload(desk: Desk, visit: Visit) -> Answer:
    """A file dropped anywhere on the page."""
    return Short({"offset": receiving.begin(desk, visit, PLACE)})


def take_piece(desk: Desk, visit: Visit) -> Answer:
    """One piece of it; with the last one it lies in the tray."""
    offset = receiving.take_piece(desk, visit, PLACE)
    whole = desk.uploads.whole(visit.person.number, PLACE)
    if whole is not None:
        about, raw = whole
        put_in(desk.agent.store, raw, about.name, now=visit.now)
        desk.uploads.drop(visit.person.number, PLACE)
    return Short({"offset": offset})


def upload_whole(desk: Desk, visit: Visit) -> Answer:
    """Files in one form, for a browser without script."""
    files = receiving.posted_files(visit)
    if not files:
        return _told(desk, visit, Refused(Code.NO_SCAN))
    for file in files:
        put_in(desk.agent.store, file.raw, file.name[:120] or "scan", now=visit.now)
    return Redirect("/tray", "tray.put_in")


def drop_upload(desk: Desk, visit: Visit) -> Answer:
    """Give up what was being uploaded."""
    desk.uploads.drop(visit.person.number, PLACE)
    return Redirect("/tray")


def act_on_items(desk: Desk, visit: Visit) -> Answer:
    """Join, discard or restore what is ticked."""
    what, store, now = visit.params.get("what", ""), desk.agent.store, visit.now
    items = [number for name in visit.form if (number := _number_after("item.", name)) is not None]
    try:
        if what == "join":
            return Redirect(f"/tray/{join(store, items, limits=default_limits(), now=now)}", "tray.joined")
        if what not in ("discard", "restore"):
            raise Refused(Code.DESK_NOT_FOUND)
        for item in items:
            (tray.discard if what == "discard" else tray.restore)(store, item, now=now)
    except HanxunError as error:
        if error.code is Code.DESK_NOT_FOUND:
            raise
        return _told(desk, visit, error)
    return Redirect("/tray", f"tray.done_{what}" if items else None)


def show_item(desk: Desk, visit: Visit) -> Answer:
    """One scan, large, with what can be done with it."""
    return Html("tray_item.html", _item_page(desk, visit))


def split_item(desk: Desk, visit: Visit) -> Answer:
    """Take it apart before the pages ticked."""
    row = _row(desk, visit)
    before = [number for name in visit.form if (number := _number_after("before.", name)) is not None]
    try:
        pages = desk.pictures.count(_digest(row), lambda: desk.agent.store.blobs.get(_digest(row)))
        split(desk.agent.store, row.item, before, pages=pages, limits=default_limits(), now=visit.now)
    except HanxunError as error:
        return _item_told(desk, visit, error)
    return Redirect("/tray", "tray.split_done")


def attach_item(desk: Desk, visit: Visit) -> Answer:
    """Bring it to a letter as its scan, compared and attested there as any scan is; or into the form of a message."""
    row, chosen = _row(desk, visit), visit.form.get("case", "")
    try:
        if chosen.startswith("/"):
            if row.state != TrayState.WAITING.value:
                raise Refused(Code.TRAY_STATE, values={"item": row.item, "state": row.state})
            _digest(row)
            return Redirect(put_into_draft(desk, visit, chosen, row.item), "tray.attached")
        case = parse_case(chosen)
        with desk.agent.store.read() as tx:
            found = find_case(tx, case)
        if found is None or not may_see(desk.agent.catalogue, visit.person, found):
            raise Refused(Code.DESK_NOT_FOUND)
        _, raw = tray.usable(desk.agent.store, row.item)
        receiving.put_whole(desk, visit, case, raw, row.name, item=row.item)
    except HanxunError as error:
        return _item_told(desk, visit, error)
    return Redirect(f"/cases/{case}/letter")


def item_picture(desk: Desk, visit: Visit) -> Answer:
    """A page of a scan as a picture."""
    row = _row(desk, visit)
    page, dpi = page_and_dpi(visit)
    digest = _digest(row)
    return File(desk.pictures.page(digest, lambda: desk.agent.store.blobs.get(digest), page, dpi), "image/png")


def _page(desk: Desk, visit: Visit) -> TrayPage:
    number, now = visit.person.number, visit.now
    with desk.agent.store.read() as tx:
        rows = tray_items(tx, TrayState.WAITING, TrayState.REFUSED, TrayState.DISCARDED)[-MOST_SHOWN:]
        known = known_files(tx)
    folder, arriving = _folder(desk), []
    missing = False
    if folder is not None:
        try:
            seen = look_at_folder(folder, is_known=lambda *version: version in known)
            arriving = [Arriving(name, sighting.size) for name, sighting in sorted(seen.items())]
        except OSError:
            missing = True
    holders = _holders(desk, visit, rows)
    items = [_item(row, visit.words, holders) for row in reversed(rows)]
    about = desk.uploads.about(number, PLACE)
    part = 0 if about is None else desk.uploads.begin(number, PLACE, about, now=now)
    return TrayPage(
        items=tuple(item for item in items if item.tone != "gone"),
        arriving=tuple(arriving),
        gone=tuple(item for item in items if item.tone == "gone"),
        folder="" if folder is None else str(folder),
        missing=missing,
        part=part,
        part_of=0 if about is None else about.size,
        part_name="" if about is None else about.name,
        at=format_instant(now),
        version=version_of(tuple(items), tuple(arriving), missing),
    )


def _folder(desk: Desk) -> Path | None:
    settings = desk.agent.settings.scan_folder
    return None if settings is None else desk.agent.folder.root / settings.path


def _holders(desk: Desk, visit: Visit, rows: Iterable[TrayRow]) -> dict[Digest, Holder]:
    with desk.agent.store.read() as tx:
        held = cases_holding(tx, [row.digest for row in rows if row.digest])
        found = {case: find_case(tx, case) for case in set(held.values())}
    visible = {case for case, row in found.items() if row and may_see(desk.agent.catalogue, visit.person, row)}
    return {digest: Holder(case, case in visible) for digest, case in held.items()}


def _item(row: TrayRow, words: Words, holders: Mapping[Digest, Holder]) -> Item:
    trouble = remedy = ""
    if row.trouble is not None:
        values = {"name": row.name, "n": default_limits().file_bytes >> 20}
        trouble, remedy = words.code(Code(row.trouble), values)
    gone = row.state == TrayState.DISCARDED.value
    holder = holders.get(row.digest) if row.digest else None
    tone = "gone" if gone else "bad" if row.trouble else "same" if row.same_as or holder else "ready"
    until = format_instant(parse_instant(row.changed_at) + tray.KEPT) if gone else ""
    return Item(
        item=row.item,
        name=row.name,
        size=row.size,
        at=row.taken_at,
        tone=tone,
        same_as=row.same_as,
        held=words.code(Code.SCAN_DUPLICATE, {"case": holder.case})[0] if holder else "",
        held_at=holder.case if holder and holder.visible else "",
        made_from=row.made_from or "",
        trouble=trouble,
        remedy=remedy,
        until=until,
        pictured=row.digest is not None and row.trouble is None,
    )


def _item_page(desk: Desk, visit: Visit) -> ItemPage:
    row, person = _row(desk, visit), visit.person
    waiting, pages, problem = row.state == TrayState.WAITING.value, tuple[int, ...](), ("", "")
    if row.digest is not None and row.trouble is None:
        try:
            count = desk.pictures.count(_digest(row), lambda: desk.agent.store.blobs.get(_digest(row)))
            pages = tuple(range(1, count + 1))
        except HanxunError as error:
            problem = visit.words.error(error)
    rows: tuple[Row, ...] = ()
    mine = sent_filter(desk, person, ("awaiting_seal", "to_send", "returned"))
    if waiting and OfficerRole.WINDOW in person.certified.roles and mine.types:
        wanted = CaseFilter(mine.types, Side.OPENER.value, mine.states, WAITING_FOR_SCAN)
        with desk.agent.store.read() as tx:
            lines = case_lines(tx, wanted, number=person.number, limit=50)
            rows = rows_of(tx, desk, visit, lines)
    found = targets(desk, visit) if waiting else ()
    item = _item(row, visit.words, _holders(desk, visit, [row]))
    return ItemPage(item, pages, rows, found, waiting, *problem)


def _row(desk: Desk, visit: Visit) -> TrayRow:
    number = receiving.whole_number(visit.params.get("item", ""))
    with desk.agent.store.read() as tx:
        row = require_item(tx, number)
    if row.state not in (TrayState.WAITING.value, TrayState.DISCARDED.value, TrayState.REFUSED.value):
        # Attached, it is the case's, and seen there by those who may see the case.
        raise Refused(Code.TRAY_UNKNOWN, values={"item": number})
    return row


def _digest(row: TrayRow) -> Digest:
    if row.digest is None or row.trouble is not None:
        raise Refused(Code.TRAY_STATE, values={"item": row.item, "state": row.state})
    return row.digest


def _number_after(beginning: str, name: str) -> int | None:
    rest = name.removeprefix(beginning)
    return int(rest) if rest != name and rest.isascii() and rest.isdigit() and len(rest) < 10 else None


def _told(desk: Desk, visit: Visit, error: HanxunError) -> Answer:
    text, remedy = visit.words.error(error)
    return Html("tray.html", replace(_page(desk, visit), error=text, remedy=remedy), 422)


def _item_told(desk: Desk, visit: Visit, error: HanxunError) -> Answer:
    text, remedy = visit.words.error(error)
    return Html("tray_item.html", replace(_item_page(desk, visit), error=text, remedy=remedy), 422)
