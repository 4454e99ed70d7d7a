"""O6: a letter step by step (填写 预览 申请用印 打印盖章 扫描回传 校对 签封 发送), each step for whose it is; nothing can be skipped."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.cases.calendar import default_calendar
from hub.letters.report import Finding
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.signing.purposes import OfficerRole, SealPurpose
from station_agent.desk import tray
from station_agent.desk.approve import approve, reject
from station_agent.desk.draft import LATER_FIELDS
from station_agent.desk.paper import letter_paper
from station_agent.desk.proofread import proofread
from station_agent.desk.scan import ProofTicks, scan
from station_agent.desk.seal import seal
from station_agent.desk.send import send
from station_agent.desk.stamp import annul, stamp
from station_agent.people import unlock_seal
from station_agent.store.cases import require_case
from station_agent.web import receiving
from station_agent.web.clocks import Limit, limits_of
from station_agent.web.desk import Desk
from station_agent.web.facts import Facts, facts_of
from station_agent.web.pages.case import told_fields
from station_agent.web.pages.lists import state_name
from station_agent.web.pages.viewer import page_and_dpi
from station_agent.web.visit import Answer, File, Html, Redirect, Short, Visit

STEPS = ("fill", "approve", "stamp", "scan", "proof", "seal", "send")
_STEP_OF = {
    "drafting": "fill",
    "awaiting_approval": "approve",
    "awaiting_stamp": "stamp",
    "stamped": "scan",
    "scanned": "scan",
    "checked": "seal",
    "sealed": "send",
}
_WHOSE = {
    "fill": (OfficerRole.WINDOW,),
    "approve": (OfficerRole.HEAD,),
    "stamp": (OfficerRole.CUSTODIAN,),
    "scan": (OfficerRole.WINDOW,),
    "proof": (OfficerRole.WINDOW,),
    "seal": (OfficerRole.CUSTODIAN,),
    "send": (OfficerRole.WINDOW,),
}


@dataclass(frozen=True, slots=True)
class LetterPage:
    """The page of one letter. `step` is where it stands, `mine` whether this officer takes it, `upload` the scan that has come
    (its name, pages and what is said of it), `limit` the same-day limit."""

    case: str
    type: str
    state: str
    peer: str
    steps: tuple[tuple[str, str], ...]
    step: str
    mine: bool
    drafter: str
    number: str
    version: int
    people: tuple[Mapping[str, Any], ...]
    fields: tuple[tuple[str, str], ...]
    limit: Limit | None
    rejected: bool
    has_paper: bool
    can_annul: bool
    can_rescan: bool
    upload: str
    upload_pages: tuple[int, ...]
    findings: tuple[Finding, ...]
    part: int
    part_of: int
    part_name: str
    error: str = ""
    remedy: str = ""


def show_letter(desk: Desk, visit: Visit) -> Answer:
    """The page as the letter stands."""
    return Html("letter.html", _page(desk, visit))


def take_step(desk: Desk, visit: Visit) -> Answer:
    """Approve, reject, stamp, annul, seal or send; what is refused comes back with its reason."""
    step = visit.params.get("step", "")
    if step not in _TAKES:
        raise Refused(Code.DESK_NOT_FOUND)
    try:
        notice = _TAKES[step](desk, visit)
    except HanxunError as error:
        return _told(desk, visit, error)
    to = f"/cases/{visit.case}" if step == "send" else f"/cases/{visit.case}/letter"
    return Redirect(to, notice)


def paper(desk: Desk, visit: Visit) -> Answer:
    """The approved letter as PDF, for printing."""
    return File(_paper(desk, visit), "application/octet-stream", f"{visit.case}.pdf")


def paper_picture(desk: Desk, visit: Visit) -> Answer:
    """A page of the approved letter as it is printed, as a picture."""
    raw = _paper(desk, visit)
    page, dpi = page_and_dpi(visit)
    return File(desk.pictures.page(Digest(hashlib.sha256(raw).hexdigest()), lambda: raw, page, dpi), "image/png")


def begin_upload(desk: Desk, visit: Visit) -> Answer:
    """Begin or go on with the scan; say how much of it is here."""
    return Short({"offset": receiving.begin(desk, visit, visit.case)})


def take_piece(desk: Desk, visit: Visit) -> Answer:
    """One piece of the scan."""
    return Short({"offset": receiving.take_piece(desk, visit, visit.case)})


def upload_whole(desk: Desk, visit: Visit) -> Answer:
    """The scan in one form, for a browser without script."""
    files = receiving.posted_files(visit)
    if not files:
        return _told(desk, visit, Refused(Code.NO_SCAN))
    try:
        receiving.put_whole(desk, visit, visit.case, files[0].raw, files[0].name)
    except HanxunError as error:
        return _told(desk, visit, error)
    return Redirect(f"/cases/{visit.case}/letter")


def drop_upload(desk: Desk, visit: Visit) -> Answer:
    """Not this one: scan again (重扫)."""
    desk.uploads.drop(visit.person.number, visit.case)
    return Redirect(f"/cases/{visit.case}/letter")


def upload_picture(desk: Desk, visit: Visit) -> Answer:
    """A page of the scan that has come and is not in the case yet."""
    found = desk.uploads.whole(visit.person.number, visit.case)
    if found is None:
        raise Refused(Code.DESK_NOT_FOUND)
    page, dpi = page_and_dpi(visit)
    raw = found[1]
    return File(desk.pictures.page(Digest(hashlib.sha256(raw).hexdigest()), lambda: raw, page, dpi), "image/png")


def _paper(desk: Desk, visit: Visit) -> bytes:
    with desk.agent.store.read() as tx:
        peer = require_case(tx, visit.case).peer
    # The same page for the same day: printed twice, it is the same letter.
    at = visit.now.replace(hour=0, minute=0, second=0, microsecond=0)
    addressee = desk.station_name(peer, now=visit.now)
    telephone = visit.query.get("telephone", "")[:20]
    return letter_paper(desk.agent, visit.person, visit.case, addressee=addressee, telephone=telephone, now=at)


def _page(desk: Desk, visit: Visit) -> LetterPage:
    with desk.agent.store.read() as tx:
        row = require_case(tx, visit.case)
        facts = facts_of(tx, row)
    letter, roles = facts.letter, visit.person.certified.roles
    if letter is None or row.side != "opener" or row.state not in ("draft", "awaiting_seal", "to_send", "returned"):
        raise Refused(Code.DESK_NOT_FOUND)
    case_type = desk.agent.catalogue.case_type(row.type)
    sealed = case_type.needs_letter(facts.body)
    step = _STEP_OF.get(letter.state, "send") if sealed else ("fill" if row.state in ("draft", "returned") else "send")
    if letter.state == "sent" and row.state != "returned":
        raise Refused(Code.DESK_NOT_FOUND)
    if row.state == "returned" and letter.state in ("sent", "delivered"):
        step = "fill"
    page = LetterPage(
        case=row.case,
        type=visit.words.of(case_type.messages[Kind.INQUIRY]),
        state=state_name(visit, facts),
        peer=desk.station_name(row.peer, now=visit.now),
        steps=_steps(step, sealed),
        step=step,
        mine=bool(roles & set(_WHOSE[step])),
        drafter=desk.names(letter.drafter),
        number=letter.number or "",
        version=letter.version,
        people=facts.people,
        fields=told_fields(
            {key: rule for key, rule in case_type.messages[Kind.INQUIRY].fields.items() if key not in LATER_FIELDS},
            facts.body,
            visit.words,
        ),
        limit=_same_day(desk, facts, visit),
        rejected=row.state == "draft",
        has_paper=sealed and letter.number is not None and case_type.letter is not None,
        can_annul=letter.state == "stamped" and bool(roles & {OfficerRole.HEAD, OfficerRole.CUSTODIAN}),
        can_rescan=letter.state in ("checked", "sealed") and OfficerRole.WINDOW in roles,
        upload="",
        upload_pages=(),
        findings=(),
        part=0,
        part_of=0,
        part_name="",
    )
    return _with_upload(desk, visit, page) if OfficerRole.WINDOW in roles and sealed else page


def _with_upload(desk: Desk, visit: Visit, page: LetterPage) -> LetterPage:
    number, case = visit.person.number, visit.case
    about = desk.uploads.about(number, case)
    if about is None or (page.step != "scan" and not page.can_rescan):
        return page
    found = desk.uploads.whole(number, case)
    if found is None:
        part = desk.uploads.begin(number, case, about, now=visit.now)
        return replace(page, part=part, part_of=about.size, part_name=about.name)
    try:
        checked = desk.check_scan(found[1], about.name)
        report = proofread(
            desk.agent, case, checked, raw=found[1], digest=digest_of(found[1]), read=None, now=visit.now
        )
    except HanxunError as error:
        text, remedy = visit.words.error(error)
        desk.uploads.drop(number, case)
        return replace(page, error=text, remedy=remedy)
    steps = tuple((key, "done" if key == "scan" else "now" if key == "proof" else how) for key, how in page.steps)
    pages = tuple(range(1, report.pages + 1)) if report.ok else ()
    return replace(
        page, steps=steps, step="proof", mine=True, upload=about.name, upload_pages=pages, findings=report.findings
    )


def _steps(step: str, sealed: bool) -> tuple[tuple[str, str], ...]:
    """Each step and whether it is done, now or to come. Without a sealed letter there are two."""
    steps = STEPS if sealed else ("fill", "send")
    at = steps.index(step)
    return tuple((key, "done" if place < at else "now" if place == at else "next") for place, key in enumerate(steps))


def _same_day(desk: Desk, facts: Facts, visit: Visit) -> Limit | None:
    case_type = desk.agent.catalogue.case_type(facts.row.type)
    hours = desk.agent.settings.hours
    limits = limits_of(case_type, facts, calendar=default_calendar(), hours=hours, now=visit.now)
    return next((limit for limit in limits if limit.rule.late_reason_field is not None and limit.runs), None)


def _told(desk: Desk, visit: Visit, error: HanxunError) -> Answer:
    text, remedy = visit.words.error(error)
    return Html("letter.html", replace(_page(desk, visit), error=text, remedy=remedy), 422)


def _reason(visit: Visit) -> str:
    return visit.form.get("reason", "").strip()


def _approve(desk: Desk, visit: Visit) -> str:
    approve(desk.agent, visit.person, visit.case, now=visit.now)
    return "letter.approved"


def _reject(desk: Desk, visit: Visit) -> str:
    reject(desk.agent, visit.person, visit.case, reason=_reason(visit), now=visit.now)
    return "letter.rejected_done"


def _stamp(desk: Desk, visit: Visit) -> str:
    text = visit.form.get("copies", "1").strip()
    copies = int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 3 else 0
    if copies < 1:
        raise Refused(Code.DESK_FIELD)
    stamp(desk.agent, visit.person, visit.case, copies=copies, now=visit.now)
    return "letter.stamped"


def _annul(desk: Desk, visit: Visit) -> str:
    annul(desk.agent, visit.person, visit.case, reason=_reason(visit), now=visit.now)
    return "letter.annulled"


def _take_scan(desk: Desk, visit: Visit) -> str:
    found = desk.uploads.whole(visit.person.number, visit.case)
    if found is None:
        raise Refused(Code.NO_SCAN)
    about, raw = found
    ticked = {
        name: visit.form.get(name) == "on" for name in ("pages_equal", "stamp_clear", "persons_equal", "original")
    }
    text = visit.form.get("pages", "")
    pages = int(text) if ticked["pages_equal"] and text.isascii() and text.isdigit() and len(text) < 4 else 0
    scan(
        desk.agent,
        visit.person,
        visit.case,
        raw=raw,
        name=about.name,
        ticks=ProofTicks(
            pages=pages,
            stamp_clear=ticked["stamp_clear"] and ticked["pages_equal"],
            persons_equal=ticked["persons_equal"],
            original=ticked["original"],
        ),
        check=desk.check_scan,
        now=visit.now,
    )
    if about.item is not None:
        tray.settle(desk.agent.store, about.item, visit.case, now=visit.now)
    desk.uploads.drop(visit.person.number, visit.case)
    return "letter.scanned"


def _seal(desk: Desk, visit: Visit) -> str:
    password = visit.form.get("seal_password", "").encode()
    agent = desk.agent
    purpose = _purpose(desk, visit)
    key = unlock_seal(agent.folder, purpose, password, purposes=agent.settings.purposes)
    seal(agent, visit.person, visit.case, seal_key=key, to_pdf=desk.readers.scan_to_pdf, now=visit.now)
    return "letter.sealed"


def _purpose(desk: Desk, visit: Visit) -> SealPurpose:
    with desk.agent.store.read() as tx:
        rule = desk.agent.catalogue.case_type(require_case(tx, visit.case).type).letter
    if rule is None:
        raise Refused(Code.NO_LETTER)
    return SealPurpose(rule.seal)


def _send(desk: Desk, visit: Visit) -> str:
    send(desk.agent, visit.person, visit.case, late_reason=_reason(visit) or None, now=visit.now)
    return "letter.sent"


_TAKES = {
    "approve": _approve,
    "reject": _reject,
    "stamp": _stamp,
    "annul": _annul,
    "proof": _take_scan,
    "seal": _seal,
    "send": _send,
}
