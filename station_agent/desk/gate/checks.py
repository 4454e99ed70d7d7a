"""G1 to G9, `proof` and `approval`: one function per question, each answered 通过, 不通过 or 待定 from the material alone.

Which of them a case needs stands in its case type. Late letters (迟发) fail nothing. There is no override.
Source: DOMAIN 3, Gate G.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.cases.approval import ApprovalLevels, require_approval
from hub.cases.body import check_body
from hub.cases.citizen_id import require_citizen_id
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import SHANGHAI
from hub.protocol.verdict import Check, Result, Verdict, failed, indeterminate, not_applicable, passed
from hub.signing.envelopes import check_envelope
from hub.signing.purposes import SealPurpose
from hub.signing.receipts import check_receipt
from hub.signing.seal_check import SealFinding, check_seal
from hub.signing.seal_lists import SealBook, check_seal_state
from hub.signing.trust import Trust
from station_agent.desk.gate.approval_acts import check_approval_acts, check_attested_original
from station_agent.desk.gate.impression import check_looks
from station_agent.desk.gate.material import Material
from station_agent.desk.gate.outcome import narrowed

ScanToPdf = Callable[[bytes], bytes]
"""The PDF of a scan, in a limited child process: the same bytes that the sender sealed."""
CountPages = Callable[[bytes], int]
"""Number of pages of a scan, in a limited child process. Raises: Refused when it is none."""


NO_SEAL_REGISTER = SealBook()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the gate is judged by: trust and time of judging, approval levels, readers of scans, persons for two looks, and
    what the hub states of seals."""

    trust: Trust
    now: datetime
    levels: ApprovalLevels
    scan_to_pdf: ScanToPdf
    count_pages: CountPages
    two_looks_from: int = 3
    seals: SealBook = NO_SEAL_REGISTER


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the checks of one verdict share; `finding` is None when there is no sealed letter."""

    material: Material
    rules: Rules
    finding: SealFinding | None


def judge(material: Material, rules: Rules) -> Verdict:
    """Return the gate's verdict: every check that the case type asks for, in its order."""
    names = material.case_type.gate_checks(material.body)
    if (flaw := _body_flaw(material)) is not None:
        # The other questions cannot be put to a text that is not of its case type.
        rest = tuple(indeterminate(name, flaw.code, flaw.field) for name in names if name != "G1")
        return Verdict((failed("G1", flaw.code, flaw.field, **flaw.values), *rest))
    scene = _Scene(material, rules, _seal_finding(material, rules))
    return Verdict(tuple(_CHECKS[name](scene) for name in names))


def _body_flaw(material: Material) -> Refused | None:
    envelope = material.inquiry.envelope
    today = material.received_at.astimezone(SHANGHAI).date()
    try:
        check_body(material.case_type, Kind.INQUIRY, envelope.body, envelope.attachments, today=today)
    except Refused as refusal:
        return refusal
    return None


def _seal_finding(material: Material, rules: Rules) -> SealFinding | None:
    letter = material.file(Role.LETTER)
    rule = material.case_type.letter
    if letter is None or rule is None:
        return None
    purpose = SealPurpose(rule.seal)
    return check_seal(letter, trust=rules.trust, at=material.received_at, now=rules.now, purpose=purpose)


def _g1(scene: _Scene) -> Check:
    """The right kind, to this site, from the site that opened the case and holds the record, received by the hub."""
    material, rules = scene.material, scene.rules
    envelope = material.inquiry.envelope
    if envelope.to != material.station:
        return failed("G1", Code.OTHER_ADDRESSEE, to=envelope.to)
    opened = envelope.case.startswith(f"{envelope.type}-{envelope.from_}-")
    if envelope.case != material.case or not opened or material.first.envelope.from_ != envelope.from_:
        return failed("G1", Code.OTHER_CASE, envelope.case)
    rule = material.case_type.letter
    if rule is not None and material.body.get("letter_kind", rule.kind) != rule.kind:
        return failed("G1", Code.OTHER_LETTER_KIND, kind=rule.kind)
    if stranger := _held_elsewhere(material):
        return failed("G1", Code.RECORD_ELSEWHERE, station=stranger)
    if material.flaws:
        flaw = material.flaws[0]
        return failed("G1", flaw.code, flaw.detail, **flaw.values)
    at, now = material.received_at, rules.now
    verdict = check_envelope(material.inquiry, trust=rules.trust, at=at, now=now)
    return narrowed("G1", verdict + check_receipt(material.receipt, trust=rules.trust, at=at, now=now))


def _g2(scene: _Scene) -> Check:
    """Every file is the one that was signed for, the sealed letter is the scan, and the page count is as stated."""
    material, rules, finding = scene.material, scene.rules, scene.finding
    for item in material.inquiry.envelope.attachments:
        raw = material.files.get(item.digest)
        if raw is None:
            return indeterminate("G2", Code.FILE_NOT_HERE, item.name)
        if digest_of(raw) != item.digest or len(raw) != item.size:
            return failed("G2", Code.SEAL_INVALID, f"{item.role.value} {item.digest}")
    scan = material.file(Role.SCAN)
    if scan is None or finding is None:
        return passed("G2")
    try:
        if finding.prefix_digest != digest_of(rules.scan_to_pdf(scan)):
            return failed("G2", Code.LETTER_NOT_THE_SCAN)
        pages = rules.count_pages(scan)
    except Refused as error:
        return failed("G2", error.code, error.detail, **error.values)
    if pages != material.body.get("pages"):
        return failed("G2", Code.PAGES_DIFFER, stated=material.body.get("pages"), counted=pages)
    return passed("G2")


def _g3(scene: _Scene) -> Check:
    """The electronic seal: valid, of this kind, in force when the letter was received, the sender's own."""
    material, finding = scene.material, scene.finding
    if finding is None:
        return failed("G3", Code.NO_LETTER)
    check = narrowed("G3", finding.verdict + Verdict((_seal_state(scene, finding),)))
    if check.result is Result.FAILED:
        return check
    if finding.certified is None or finding.certified.station != material.inquiry.envelope.from_:
        return failed("G3", Code.SEAL_OF_OTHER_STATION)
    return check


def _seal_state(scene: _Scene, finding: SealFinding) -> Check:
    """The seal was in force when the hub received the letter, by the hub's list of seals; without a list, not asked."""
    if finding.certified is None:
        return not_applicable("seal.state", "no certificate")
    rules, at = scene.rules, scene.material.received_at
    return check_seal_state(finding.certified.x5t, book=rules.seals, at=at, now=rules.now)


def _g4(scene: _Scene) -> Check:
    """Approval on file: three people's own signatures over this very text, and the seal that was approved."""
    material, rules, finding = scene.material, scene.rules, scene.finding
    seal = finding.certified.x5t if finding is not None and finding.certified is not None else None
    return check_approval_acts(material, trust=rules.trust, now=rules.now, seal=seal)


def _g5(scene: _Scene) -> Check:
    """The people of the letter are those of the case and of the register, and their numbers are valid."""
    material, rules = scene.material, scene.rules
    letter = persons_of(material.body)
    if not letter:
        return failed("G5", Code.PERSONS_DIFFER, difference="—")
    today = rules.now.astimezone(SHANGHAI).date()
    for id18 in letter:
        try:
            require_citizen_id(id18, today=today)
        except Refused as error:
            return failed("G5", error.code)
    if (case := persons_of(material.first.envelope.body)) != letter:
        return failed("G5", Code.PERSONS_DIFFER, difference=_difference(letter, case))
    names = material.circumstances.names
    if names is not None:
        known = {id18: names.get(id18, "") for id18 in letter}
        if known != letter:
            return failed("G5", Code.PERSONS_DIFFER, difference=_difference(letter, known))
    return passed("G5")


def _g6(scene: _Scene) -> Check:
    """Not withdrawn, and not used for a return before."""
    material = scene.material
    if any(signed.envelope.kind is Kind.WITHDRAW for signed in material.envelopes):
        return failed("G6", Code.LETTER_WITHDRAWN)
    if material.circumstances.used_in is not None:
        return failed("G6", Code.LETTER_ALREADY_USED, case=material.circumstances.used_in)
    return passed("G6")


def _g7(scene: _Scene) -> Check:
    """The human look at the ink impression."""
    material, rules = scene.material, scene.rules
    return check_looks(material, trust=rules.trust, now=rules.now, two_from=rules.two_looks_from)


def _g8(scene: _Scene) -> Check:
    """No open case about the same person that must be settled first (C05, C08, C10)."""
    material = scene.material
    disputes = material.circumstances.disputes
    return failed("G8", Code.OPEN_DISPUTE, case="、".join(disputes)) if disputes else passed("G8")


def _g9(scene: _Scene) -> Check:
    """The officer attested that the scan is of the original."""
    material = scene.material
    return check_attested_original(material)


def _proof(scene: _Scene) -> Check:
    """Every item has its own proof, and it is here."""
    material = scene.material
    proofs = {item.digest for item in material.inquiry.envelope.attachments if item.role is Role.PROOF}
    for entry in material.body.get("items", ()):
        if entry["proof"] not in proofs or entry["proof"] not in material.files:
            return failed("proof", Code.PROOF_MISSING, item=entry["item"])
    return passed("proof")


def _approval(scene: _Scene) -> Check:
    """Each correction that the station may not make by itself carries its approval's number."""
    material, rules = scene.material, scene.rules
    decisions = material.circumstances.decisions
    asked = {entry["item"] for entry in material.body.get("items", ())}
    decided = {decision.item: decision for decision in decisions or ()}
    if strangers := sorted(set(decided) - asked):
        return failed("approval", Code.ITEM_NOT_ASKED, item=strangers[0])
    for item in sorted(asked):
        if decisions is not None and not (item in decided and decided[item].correct):
            continue
        try:
            require_approval(rules.levels, item, decided[item].approval_number if item in decided else None)
        except Refused as error:
            # Before the officer has decided, a missing number is still to come; after that it is missing.
            make = indeterminate if decisions is None else failed
            return make("approval", error.code, error.detail, **error.values)
    return passed("approval")


def _held_elsewhere(material: Material) -> str | None:
    """Return the station that holds a record which the letter takes for the sender's (return) or the receiver's (correct)."""
    holders = material.circumstances.holders
    if holders is None or material.circumstances.used_in is not None:
        return None  # not looked up; or moved by this very letter, which G6 tells
    returns = material.case_type.register_operation == "return"
    wanted = material.inquiry.envelope.from_ if returns else material.station
    held = (holders.get(id18, wanted) for id18 in persons_of(material.body))
    return next((station for station in held if station != wanted), None)


def persons_of(body: Mapping[str, object]) -> dict[str, str]:
    """Return the name of each citizen number that an inquiry's body names (C06 `persons`, C04 `person`)."""
    listed = body.get("persons")
    entries = listed if isinstance(listed, list) else [body.get("person")]
    return {entry["id18"]: entry["name"] for entry in entries if isinstance(entry, dict)}


def _difference(letter: Mapping[str, str], case: Mapping[str, str]) -> str:
    # Tails only: this text is printed and read on the telephone.
    return "、".join(f"…{id18[-4:]}" for id18 in sorted({key for key, _ in set(letter.items()) ^ set(case.items())}))


_CHECKS: Mapping[str, Callable[[_Scene], Check]] = {
    "G1": _g1,
    "G2": _g2,
    "G3": _g3,
    "G4": _g4,
    "G5": _g5,
    "G6": _g6,
    "G7": _g7,
    "G8": _g8,
    "G9": _g9,
    "proof": _proof,
    "approval": _approval,
}
