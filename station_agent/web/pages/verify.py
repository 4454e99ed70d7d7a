"""O10: verification and the basis for acting: the electronic signature and the human look apart, every check with its next step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from hub.cases.approval import default_approval_levels
from hub.pages.wording import Words
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.verdict import Check, Result
from hub.signing.acts import open_act
from hub.signing.purposes import OfficerRole
from station_agent.desk.act import act
from station_agent.desk.gate.evaluate import evaluate
from station_agent.desk.gate.material import Decision
from station_agent.desk.look import CONSISTENT, Impression, look
from station_agent.register.interface import Register
from station_agent.store.acts import acts_of
from station_agent.store.cases import require_case
from station_agent.store.gates import DONE, evidence_of, gate_verdicts_of, register_acts_of
from station_agent.store.verdicts import decode_checks
from station_agent.web.desk import Desk
from station_agent.web.documents import Document, documents_of
from station_agent.web.facts import Facts, facts_of
from station_agent.web.visit import Answer, File, Html, Redirect, Visit
from station_agent.web.wording import all_words

SIGNATURE = ("G3", "G2")
IMPRESSION = ("G7",)


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """One check in words: its result (`passed`, `pending`: good, something later is still to come, `failed`, `open`, `none`: not
    done yet), why, and what to do next."""

    code: str
    name: str
    result: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the two boxes: the worst result of the checks behind it, and those."""

    result: str
    checks: tuple[ShownCheck, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One officer's look at the impression, as signed."""

    officer: str
    at: str
    consistent: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a correction: what stands there, what is proposed, and whether it needs an approval's number."""

    item: str
    current: str
    proposed: str
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """The page. `at` is when the gate was judged last (None: never), `operation` what acting will do (`return`, `correct`),
    `may_act` whether the button is live, `why_not` the key of the text that says why it is not."""

    case: str
    type: str
    peer: str
    at: str | None
    result: str
    signature: Headline
    impression: Headline
    checks: tuple[ShownCheck, ...]
    documents: tuple[Document, ...]
    looks: tuple[Look, ...]
    can_look: bool
    needs_letter: bool
    operation: str
    people: tuple[Mapping[str, Any], ...]
    items: tuple[Item, ...]
    may_act: bool
    why_not: str
    may_reply: bool
    serials: tuple[str, ...]
    evidence: tuple[tuple[int, str], ...]
    error: str = ""
    remedy: str = ""


def show_verify(desk: Desk, visit: Visit) -> Answer:
    """The page as the last verdict left it; nothing is judged by looking."""
    return Html("verify.html", _page(desk, visit))


def verify_now(desk: Desk, visit: Visit) -> Answer:
    """Judge the gate now, from this station's own bytes and keys."""
    try:
        evaluate(desk.agent, visit.case, readers=desk.readers, register=_register(desk), decisions=None, now=visit.now)
    except HanxunError as error:
        return _told(desk, visit, error)
    return Redirect(f"/cases/{visit.case}/verify", "verify.done")


def record_look(desk: Desk, visit: Visit) -> Answer:
    """Record what the officer saw of the impression, signed by their own key; then judge anew."""
    conclusion = visit.form.get("conclusion", "")
    if conclusion not in ("consistent", "inconsistent"):
        return _told(desk, visit, Refused(Code.REASON_MISSING), visit.words("verify.choose_conclusion"))
    seen = Impression(
        legible=_ticked(visit, "legible"),
        unit_name_equals=_ticked(visit, "unit_name_equals"),
        colour=_ticked(visit, "colour"),
        consistent=conclusion == "consistent",
    )
    try:
        look(desk.agent, visit.person, visit.case, impression=seen, now=visit.now)
        evaluate(desk.agent, visit.case, readers=desk.readers, register=_register(desk), decisions=None, now=visit.now)
    except HanxunError as error:
        return _told(desk, visit, error)
    return Redirect(f"/cases/{visit.case}/verify", "verify.looked")


def act_on_register(desk: Desk, visit: Visit) -> Answer:
    """Change the register: the gate is judged once more, and there is no way past it."""
    if not _ticked(visit, "read"):
        return _told(desk, visit, Refused(Code.REASON_MISSING), visit.words("verify.tick_read"))
    try:
        act(
            desk.agent,
            visit.person,
            visit.case,
            register=desk.register(),
            readers=desk.readers,
            decisions=_decisions(desk, visit),
            now=visit.now,
        )
    except HanxunError as error:
        return _told(desk, visit, error)
    return Redirect(f"/cases/{visit.case}/verify", "verify.acted")


def evidence_file(desk: Desk, visit: Visit) -> Answer:
    """One version of the case's evidence file, for keeping."""
    with desk.agent.store.read() as tx:
        found = {str(row.version): row for row in evidence_of(tx, visit.case)}
    row = found.get(visit.params.get("version", ""))
    if row is None:
        raise Refused(Code.DESK_NOT_FOUND)
    return File(desk.agent.store.blobs.get(row.digest), "application/octet-stream", f"{visit.case}-{row.version}.asice")


def _page(desk: Desk, visit: Visit) -> VerifyPage:
    with desk.agent.store.read() as tx:
        row = require_case(tx, visit.case)
        case_type = desk.agent.catalogue.case_type(row.type)
        facts = facts_of(tx, row)
        if row.side != "answerer" or not case_type.gate_checks(facts.body):
            raise Refused(Code.DESK_NOT_FOUND)
        verdicts, serials = gate_verdicts_of(tx, row.case), register_acts_of(tx, row.case, DONE)
        evidence = tuple((item.version, item.at) for item in evidence_of(tx, row.case))
        documents, looks = documents_of(tx, facts), _looks(tx, desk, visit)
    last = verdicts[-1] if verdicts else None
    checks = () if last is None else tuple(_shown(check, visit.words) for check in decode_checks(last.checks).checks)
    why_not = _why_not(desk, visit, facts, last is not None and last.indication == "TOTAL-PASSED", bool(serials))
    pages = tuple(document for document in documents if document.role in (Role.SCAN.value, Role.LETTER.value))
    operation = case_type.register_operation or ""
    correcting = operation == "correct"
    return VerifyPage(
        case=row.case,
        type=visit.words.of(case_type),
        peer=desk.station_name(row.peer, now=visit.now),
        at=None if last is None else last.at,
        result="none" if last is None else _RESULTS[last.indication],
        signature=_headline(checks, SIGNATURE),
        impression=_headline(checks, IMPRESSION),
        checks=checks,
        documents=tuple(sorted(pages, key=lambda document: document.role != Role.SCAN.value)),
        looks=looks,
        can_look=bool({OfficerRole.WINDOW, OfficerRole.HEAD} & visit.person.certified.roles) and not serials,
        needs_letter=case_type.needs_letter(facts.body),
        operation=operation,
        people=facts.people,
        items=_items(facts) if correcting else (),
        # A correction's approval numbers are judged with the officer's decisions, when it is done.
        may_act=not why_not,
        why_not=why_not,
        may_reply=row.state in ("claimed", "in_progress"),
        serials=tuple(str(done.serial) for done in serials),
        evidence=evidence,
    )


def _told(desk: Desk, visit: Visit, error: HanxunError, text: str | None = None) -> Answer:
    said, remedy = visit.words.error(error)
    page = replace(_page(desk, visit), error=text or said, remedy="" if text else remedy)
    return Html("verify.html", page, 422)


def _why_not(desk: Desk, visit: Visit, facts: Facts, passed: bool, done: bool) -> str:
    row = facts.row
    if done:
        return "verify.not_again"
    if desk.agent.settings.register is None:
        return "verify.no_register"
    if OfficerRole.WINDOW not in visit.person.certified.roles:
        return "verify.not_window"
    if row.state in ("delivered", "reassigned"):
        return "verify.not_claimed"
    if row.state not in ("claimed", "in_progress"):
        return "verify.not_now"
    if row.owner not in (None, visit.person.number):
        return "verify.not_owner"
    # What a correction lacks before the officer decides is only the approvals' numbers: the act judges it whole.
    if not passed and not (facts.body.get("items") and row.gate == "locked"):
        return "verify.not_passed"
    return ""


def _headline(checks: tuple[ShownCheck, ...], codes: tuple[str, ...]) -> Headline:
    mine = tuple(check for code in codes for check in checks if check.code == code)
    results = {check.result for check in mine}
    worst = next((result for result in _WORST_FIRST if result in results), "none")
    return Headline(worst, mine)


def _shown(check: Check, words: Words) -> ShownCheck:
    known = f"verify.name_{check.code.replace('.', '_')}"
    name = words(known) if known in all_words() else check.code
    result = "none" if check.cause is Code.LOOK_MISSING else _CHECK_RESULTS[check.result]
    if check.cause is None:
        return ShownCheck(check.code, name, result, "", "")
    reason, remedy = words.code(check.cause, check.values)
    return ShownCheck(check.code, name, result, reason, remedy)


def _looks(tx: Connection, desk: Desk, visit: Visit) -> tuple[Look, ...]:
    found = []
    for row in acts_of(tx, visit.case, ActKind.LOOK):
        signed = open_act(row.raw, certificates=desk.agent.knowledge.find).act
        consistent = signed.details.get("result") == CONSISTENT
        found.append(Look(f"{signed.officer.name} {signed.officer.number}", row.at, consistent))
    return tuple(found)


def _items(facts: Facts) -> tuple[Item, ...]:
    levels = default_approval_levels()
    return tuple(
        Item(
            str(entry.get("item", "")),
            str(entry.get("current", "")),
            str(entry.get("proposed", "")),
            levels.needs_number(str(entry.get("item", ""))),
        )
        for entry in facts.body.get("items", ())
    )


def _decisions(desk: Desk, visit: Visit) -> tuple[Decision, ...] | None:
    with desk.agent.store.read() as tx:
        items = _items(facts_of(tx, require_case(tx, visit.case)))
    if not items:
        return None
    return tuple(
        Decision(
            item=item.item,
            correct=visit.form.get(f"decision.{number}") == "correct",
            approval_number=visit.form.get(f"approval.{number}", "").strip() or None,
        )
        for number, item in enumerate(items)
    )


def _register(desk: Desk) -> Register | None:
    return None if desk.agent.settings.register is None else desk.register()


def _ticked(visit: Visit, name: str) -> bool:
    return visit.form.get(name) == "on"


_WORST_FIRST = ("failed", "open", "none", "pending", "passed")
_CHECK_RESULTS = {
    Result.PASSED: "passed",
    Result.NOT_APPLICABLE: "passed",
    Result.PENDING: "pending",
    Result.FAILED: "failed",
    Result.INDETERMINATE: "open",
    Result.REDACTED: "open",
}
_RESULTS = {"TOTAL-PASSED": "passed", "TOTAL-FAILED": "failed", "INDETERMINATE": "open"}
