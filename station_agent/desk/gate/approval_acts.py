"""G4 and G9: the acts of drafter, head, custodian and the one who scanned, each judged by that person's own certificate."""

from datetime import datetime
from typing import Any

from hub.cases.separation import require_separate_persons
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import Check, Result, Verdict, failed, passed
from hub.signing.acts import SignedAct, check_act
from hub.signing.purposes import OfficerRole
from hub.signing.trust import Trust
from station_agent.desk.draft import LATER_FIELDS
from station_agent.desk.gate.material import Material
from station_agent.desk.gate.outcome import narrowed

_ROLES = {
    ActKind.DRAFT: (OfficerRole.WINDOW,),
    ActKind.APPROVAL: (OfficerRole.HEAD,),
    ActKind.SEAL_USE: (OfficerRole.CUSTODIAN,),
    ActKind.SCAN: (OfficerRole.WINDOW,),
}


def check_approval_acts(material: Material, *, trust: Trust, now: datetime, seal: str | None) -> Check:
    """Say whether draft, approval, seal use and scan form one chain about this letter, by the people who may do them.

    `seal` is the x5t#S256 of the seal on the letter. Source: DOMAIN 3, G4; M2.
    """
    acts = {kind: material.act(kind) for kind in _ROLES}
    for kind, act in acts.items():
        if act is None:
            return failed("G4", Code.APPROVAL_MISSING, kind.value)
    draft, approval, seal_use, scan = (act for act in acts.values() if act is not None)
    if (broken := _broken_link(material, draft, approval, seal_use, scan, seal)) is not None:
        return broken
    undecided: Check | None = None
    for kind, act in acts.items():
        if act is None:
            continue
        check = _judge(act, material, trust, now, _ROLES[kind])
        if check.result is Result.FAILED:
            return check
        if check.result is not Result.PASSED and (undecided is None or undecided.result is Result.PENDING):
            undecided = check
    try:
        require_separate_persons(
            drafter=draft.act.officer.number,
            approver=approval.act.officer.number,
            custodian=seal_use.act.officer.number,
        )
    except Refused as error:
        return failed("G4", error.code)
    return undecided or passed("G4")


def check_attested_original(material: Material) -> Check:
    """Say whether the inquiry and the signed scan act both state that the scan is of the original (G9)."""
    scan = material.act(ActKind.SCAN)
    attachment = material.attachment(Role.SCAN)
    if scan is None or attachment is None or scan.act.subject != attachment.digest:
        return failed("G9", Code.NOT_ATTESTED)
    if scan.act.details.get("attested_original") is not True or material.body.get("original_attested") is not True:
        return failed("G9", Code.NOT_ATTESTED)
    return passed("G9")


def _judge(act: SignedAct, material: Material, trust: Trust, now: datetime, roles: tuple[OfficerRole, ...]) -> Check:
    if act.act.station != material.inquiry.envelope.from_ or act.act.case != material.case:
        return failed("G4", Code.ACT_OF_OTHER_CASE, act.act.act.value)
    verdict: Verdict = check_act(act, trust=trust, at=material.received_at, now=now, roles=roles)
    return narrowed("G4", verdict)


def _broken_link(
    material: Material, draft: SignedAct, approval: SignedAct, seal_use: SignedAct, scan: SignedAct, seal: str | None
) -> Check | None:
    body = material.body
    text = digest_of(encode_json({key: value for key, value in body.items() if key not in LATER_FIELDS}))
    attachment = material.attachment(Role.SCAN)
    links: tuple[tuple[str, Any, Any], ...] = (
        ("draft: text", draft.act.subject, text),
        ("approval: draft", approval.act.subject, draft.digest),
        ("approval: letter number", approval.act.details.get("letter_number"), body.get("letter_number")),
        ("seal use: approval", seal_use.act.subject, approval.digest),
        ("seal use: letter number", seal_use.act.details.get("letter_number"), body.get("letter_number")),
        ("seal use: custodian", seal_use.act.details.get("custodian"), seal_use.act.officer.number),
        ("seal use: seal", seal_use.act.details.get("seal"), seal),
        ("scan: file", scan.act.subject, attachment.digest if attachment else None),
        ("scan: pages", scan.act.details.get("pages"), body.get("pages")),
    )
    for place, found, wanted in links:
        if found != wanted or wanted is None:
            return failed("G4", Code.APPROVAL_OF_OTHER_TEXT, place)
    return None
