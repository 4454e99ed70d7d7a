"""One good example of every signed statement that goes between hub and stations, and of the documents around them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from asn1crypto import cms, core, tsp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol import media_types
from hub.protocol.administration import (
    AdministrationKind,
    AdministrativeAct,
    AdministrativeApproval,
    Answer,
    LostDetails,
)
from hub.protocol.alarm import SealAlarm
from hub.protocol.enrolment import Enrolment, EnrolmentStatement
from hub.protocol.envelope import Officer
from hub.protocol.erasure import ErasedContent, ErasureNotice
from hub.protocol.identifiers import EnvelopeId
from hub.protocol.instants import format_instant
from hub.protocol.receipt import TrailPosition
from hub.protocol.restore import RestoreStatement
from hub.protocol.seal_status import SealEntry, SealEvent, SealState, SealStatusList
from hub.protocol.specimens import RegisteredSpecimen, SealSpecimens, SpecimenStatement
from hub.protocol.station_event import StationEvent, StationEventKind
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.trail_keys import TimeStampAuthority
from hub.protocol.witness import LeafProofs, Witnessed, WitnessKey
from hub.signing.administration import open_administration, open_approval
from hub.signing.alarms import open_alarm
from hub.signing.enrolments import open_enrolment
from hub.signing.erasures import open_erasure
from hub.signing.jws import sign_jws
from hub.signing.keys import Signer
from hub.signing.purposes import DEFAULT_PURPOSES, OfficerRole
from hub.signing.restores import open_restore
from hub.signing.seal_lists import open_seal_list
from hub.signing.specimen_statements import open_specimens
from hub.signing.station_events import open_station_event
from hub.signing.time_stamps import read_answer
from hub.trail.keys import make_statement, open_trail_keys
from hub.trail.note import KeyType, make_signer
from hub.trail.position import parse_position
from hub.trail.witness_key import open_witness_key, witness_name
from station_agent.enrol import read_offer
from tests.signing.builders import CASE, NOW, OTHER_STATION, STATION, SampleProvince
from tests.trail.builders import ORIGIN, a_log, a_witness
from tests.trail.test_position import positions

Read = Callable[[bytes], object]
AT, DIGEST = format_instant(NOW), "0" * 64
ID = EnvelopeId("019ab42e-7a5b-7d3c-8e2f-0123456789ab")


@dataclass(frozen=True, slots=True)
class Statement:
    """How it is read, its media type, what it says, and who may say it."""

    read: Read
    typ: str
    struct: msgspec.Struct
    signer: Signer

    @property
    def token(self) -> bytes:
        """The statement, signed."""
        return sign_jws(encode_json(self.struct), typ=self.typ, signer=self.signer)


def statements() -> dict[str, Statement]:
    """Return every kind by name, all of one small province."""
    province = SampleProvince()
    hub, agent = province.hub(), province.agent()
    officer = province.officer("管理员", "900001", OfficerRole.ADMINISTRATOR)
    x5t = province.seal().certified.x5t
    by = {"certificates": province.certificates}
    m = media_types
    made = {
        "seal-list": Statement(partial(open_seal_list, **by), m.SEALS_TYP, _seal_list(x5t), hub),
        "specimens": Statement(partial(open_specimens, **by), m.SPECIMENS_TYP, _specimens(x5t), hub),
        "alarm": Statement(partial(open_alarm, **by), m.ALARM_TYP, _alarm(x5t), agent),
        "administration": Statement(partial(open_administration, **by), m.ADMINISTRATION_TYP, _act(x5t), officer),
        "approval": Statement(partial(open_approval, **by), m.APPROVAL_TYP, _approval(), officer),
        "enrolment": Statement(partial(open_enrolment, **by), m.ENROLMENT_TYP, _enrolment(), hub),
        "station-event": Statement(partial(open_station_event, **by), m.EVENT_TYP, _event(), agent),
        "witness-key": Statement(partial(open_witness_key, origin=ORIGIN, **by), m.WITNESS_TYP, _witness_key(), agent),
        "trail-keys": Statement(
            partial(open_trail_keys, trust=province.trust), m.TRAIL_KEYS_TYP, _trail_keys(hub), province.root
        ),
    }
    act, approval = (made[name].token.decode() for name in ("administration", "approval"))
    made["erasure"] = Statement(partial(open_erasure, **by), m.ERASURE_TYP, _erasure(act, approval), hub)
    made["restore"] = Statement(partial(open_restore, **by), m.RESTORE_TYP, _restore(act, approval), hub)
    return made


def documents() -> dict[str, tuple[Read, bytes]]:
    """Return what comes unsigned, or holds signed things: its reader and an example."""
    province = SampleProvince()
    hub, crl = province.hub(), province.crls[-1].der
    offer = Enrolment(
        roots=province.root.certified.pem.decode(), hub_certificate=hub.certified.pem.decode(), statement="a.b.c"
    )
    position = positions()[0]
    proofs = LeafProofs(checkpoint=position.checkpoint, proofs=(), time_stamp=None)
    witnessed = Witnessed(size=9, cosigned=7, by=("w",), of=2, needed="1", checkpoint=position.checkpoint, witnesses=())
    return {
        "enrolment-document": (
            lambda raw: read_offer(raw, crl, purposes=DEFAULT_PURPOSES),
            msgspec.json.encode(offer),
        ),
        "trail-position": (lambda raw: parse_position(decode_strict(raw, TrailPosition)), encode_json(position)),
        "leaf-proofs": (lambda raw: decode_strict(raw, LeafProofs), encode_json(proofs)),
        "witnessed": (lambda raw: decode_strict(raw, Witnessed), encode_json(witnessed)),
        "time-stamp-answer": (read_answer, _time_stamp_answer()),
    }


def _time_stamp_answer() -> bytes:
    token = cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"x")})
    return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _seal_list(x5t: str) -> SealStatusList:
    events = (
        SealEvent(state=SealState.REGISTERED, at=AT),
        SealEvent(state=SealState.LOST, at=AT, compromised_since=AT),
    )
    entry = SealEntry(seal=x5t, station=STATION, events=events)
    return SealStatusList(number=7, at=AT, origin=ORIGIN, required=False, administrators=(x5t,), seals=(entry,))


def _specimens(x5t: str) -> SpecimenStatement:
    one = RegisteredSpecimen(digest=DIGEST, size=9, registered_at=AT)
    return SpecimenStatement(origin=ORIGIN, at=AT, station=STATION, seals=(SealSpecimens(seal=x5t, specimens=(one,)),))


def _alarm(x5t: str) -> SealAlarm:
    return SealAlarm(
        id=ID,
        at=AT,
        station=STATION,
        sender=OTHER_STATION,
        cases=(CASE,),
        letter=DIGEST,
        serial="HQ-1",
        seal=x5t,
        received_at=AT,
        compromised_since=AT,
        list_number=7,
        problem_class="错",
        facts="印章遗失",
        harm="已办理回迁",
        proposal="核实",
        fault="未定",
    )


def _by() -> Officer:
    return Officer(number="900001", name="管理员")


def _act(x5t: str) -> AdministrativeAct:
    details = msgspec.to_builtins(LostDetails(compromised_since=AT, reason="遗失"))
    kind = AdministrationKind.LOSE_SEAL
    return AdministrativeAct(
        id=ID, act=kind, origin=ORIGIN, at=AT, by=_by(), subject=x5t, details=details, expires=None
    )


def _approval() -> AdministrativeApproval:
    return AdministrativeApproval(id=ID, act=DIGEST, origin=ORIGIN, at=AT, by=_by(), answer=Answer.APPROVED)


def _enrolment() -> EnrolmentStatement:
    return EnrolmentStatement(name="hub", origin=ORIGIN, trail_key=a_log().key.text, at=AT)


def _event() -> StationEvent:
    return StationEvent(id=ID, event=StationEventKind.READING, station=STATION, case=CASE, subject=DIGEST, at=AT)


def _witness_key() -> WitnessKey:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    signer = make_signer(witness_name(ORIGIN, STATION), key, KeyType.COSIGNATURE)
    return WitnessKey(station=STATION, key=signer.key.text, at=AT)


def _trail_keys(signer: Signer) -> msgspec.Struct:
    authority = TimeStampAuthority(name="tsa", certificate=signer.certified.pem.decode(), trial=True)
    return make_statement(
        number=1, at=NOW, log=a_log().key, witnesses=(a_witness().key,), quorum=1, authorities=(authority,)
    )


def _erasure(act: str, approval: str) -> ErasureNotice:
    content = ErasedContent(envelopes=(DIGEST,), files=(DIGEST,))
    return ErasureNotice(
        origin=ORIGIN,
        case=CASE,
        stations=(STATION, OTHER_STATION),
        at=AT,
        content=content,
        signatures=(act, approval),
    )


def _restore(act: str, approval: str) -> RestoreStatement:
    return RestoreStatement(
        number=1,
        at=AT,
        reason="磁盘损坏",
        origin=ORIGIN,
        size=7,
        checkpoint="x",
        last=3,
        next=9,
        signatures=(act, approval),
    )
