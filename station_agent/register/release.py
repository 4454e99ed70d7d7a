"""May this change be made? The act, the evidence and the gate are judged again here, by the register's own trust."""

from dataclasses import dataclass, replace
from datetime import datetime

from hub.cases.catalogue import Catalogue
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.media_types import JOSE
from hub.signing.acts import SignedAct, check_act, open_act
from hub.signing.certificates import CertificateSource, known, read_certificate
from hub.signing.purposes import OfficerRole
from hub.signing.seal_lists import SealBook
from hub.signing.trust import Trust
from hub.trail.evidence.opened import joined_trust
from hub.trail.evidence.parts import EvidenceParts
from hub.trail.evidence.seal_states import seal_book_in
from hub.trail.evidence.verify import check_evidence
from station_agent.desk.gate.checks import Rules, judge, persons_of
from station_agent.desk.gate.material import Circumstances, Material, make_material
from station_agent.register.acts import Operation, RegisterDetails, parse_details
from station_agent.register.interface import ChangeRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """A change as an officer has signed it: the act is genuine, its signer a window officer of the acting station."""

    signed: SignedAct
    details: RegisterDetails


def open_request(request: ChangeRequest, operation: Operation, *, trust: Trust, now: datetime) -> Asked:
    """Return the change that `request` asks for.

    Raises: Refused (`jws.*`, `register.act_form`, `register.other_operation`, `register.evidence_differs`, NotVerified).
    """
    certified = read_certificate(request.certificate, purposes=trust.purposes)
    signed = open_act(request.act, certificates=known((certified,)))
    check_act(signed, trust=trust, at=now, now=now, roles=(OfficerRole.WINDOW,)).require()
    if signed.act.act is not ActKind.REGISTER:
        raise Refused(Code.REGISTER_ACT_FORM, detail=signed.act.act.value)
    details = parse_details(signed.act.details, subject=signed.act.subject)
    if details.operation is not operation:
        raise Refused(Code.REGISTER_OTHER_OPERATION, values={"operation": details.operation.value})
    return Asked(signed, details)


def require_container(
    asked: Asked, evidence: bytes | None, *, rules: Rules, catalogue: Catalogue
) -> tuple[Material, SealBook]:
    """Return the case's material, and what the file's lists say of seals, if the file is the one signed for and holds.

    Raises: Refused (`register.evidence_missing`, `register.evidence_differs`, `station.other_case`, NotVerified).
    """
    if evidence is None:
        raise Refused(Code.REGISTER_EVIDENCE_MISSING)
    if digest_of(evidence) != asked.signed.act.subject:
        raise Refused(Code.REGISTER_EVIDENCE_DIFFERS)
    verdict, parts = check_evidence(evidence, trust=rules.trust, now=rules.now)
    verdict.require()
    if parts is None:
        raise Refused(Code.REGISTER_EVIDENCE_MISSING)
    if parts.case != asked.signed.act.case:
        raise Refused(Code.OTHER_CASE, detail=parts.case)
    seals, _ = seal_book_in(
        parts, trust=joined_trust(parts, rules.trust), now=rules.now, max_age=rules.trust.crl_max_age
    )
    material = make_material(
        station=asked.signed.act.station,
        case=parts.case,
        catalogue=catalogue,
        envelopes=parts.envelopes,
        receipts=parts.receipts,
        files={digest: file.raw for digest, file in parts.attachments.items()},
        looks=[file.raw for file in parts.attachments.values() if file.media_type == JOSE],
        certificates=_source(parts, rules.trust),
    )
    return material, seals


def require_gate(asked: Asked, material: Material, *, rules: Rules, circumstances: Circumstances) -> None:
    """Evaluate the gate for the acting officer's station, on the evidence alone and the register's own `circumstances`.

    Raises: Refused (`register.other_operation`, E404, NotVerified).
    """
    operation = asked.details.operation.value
    if material.case_type.register_operation != operation:
        raise Refused(Code.REGISTER_OTHER_OPERATION, values={"operation": operation})
    if set(asked.details.persons) != set(persons_of(material.body)):
        raise Refused(Code.PERSONS_DIFFER, values={"difference": "登记操作 / register act"})
    judge(replace(material, circumstances=circumstances), rules).require()


def letter_of(material: Material) -> str | None:
    """Return the digest of the sealed letter, if the case has one."""
    attachment = material.attachment(Role.LETTER)
    return None if attachment is None else attachment.digest


def require_station(found: str | None, wanted: str) -> None:
    """Let pass only an officer of the station that holds the matter. Raises: NotPermitted (`register.other_station`)."""
    if found != wanted:
        raise NotPermitted(Code.REGISTER_OTHER_STATION, values={"station": found})


def _source(parts: EvidenceParts, trust: Trust) -> CertificateSource:
    return known(read_certificate(raw, purposes=trust.purposes) for raw in parts.certificates)
