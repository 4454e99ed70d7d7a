"""Stations' signed alarms about letters already acted on, by the agent's own key."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocol.alarm import SealAlarm
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import ALARM_TYP
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Verdict, failed, passed
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, stated_payload, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedAlarm:
    """An alarm whose signature is right: `raw` as received, named by `digest`."""

    raw: bytes
    digest: Digest
    alarm: SealAlarm
    certified: Certified


def sign_alarm(alarm: SealAlarm, *, signer: Signer) -> bytes:
    """Return the compact JWS of `alarm`. Raises: Refused (`cert.purpose`)."""
    _require_agent(signer.certified)
    return sign_jws(encode_json(alarm), typ=ALARM_TYP, signer=signer)


def open_alarm(raw: bytes, *, certificates: CertificateSource) -> SignedAlarm:
    """Return the alarm in `raw`, its signature verified. Raises: Refused (`jws.*`, `json.*`, `time.form`, `cert.purpose`)."""
    opened = verify_jws(raw, typ=ALARM_TYP, certificates=certificates)
    alarm = decode_strict(opened.payload, SealAlarm)
    for text in (alarm.at, alarm.received_at, alarm.compromised_since):
        parse_instant(text)
    _require_agent(opened.certified)
    return SignedAlarm(raw, digest_of(raw), alarm, opened.certified)


def stated_alarm(raw: bytes) -> SealAlarm:
    """Return what an alarm says, its signature not verified again: for one that was verified when it was taken."""
    return decode_strict(stated_payload(raw), SealAlarm)


def check_alarm(signed: SignedAlarm, *, trust: Trust, at: datetime, now: datetime) -> Verdict:
    """Say whether the agent speaks for its own station and was certified at `at`."""
    code = "alarm.station"
    own = signed.certified.station == signed.alarm.station
    station = passed(code) if own else failed(code, Code.ENVELOPE_SENDER, f"certificate of {signed.certified.station}")
    kind = CertificateKind.AGENT
    return Verdict(
        (station, *check_certificate(signed.certified, kind=kind, trust=trust, at=at, now=now, prefix="alarm"))
    )


def _require_agent(certified: Certified) -> None:
    if CertificateKind.AGENT not in certified.kinds:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
