"""Signed events of a station: what its agent states for the trail."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.media_types import EVENT_TYP
from hub.protocol.station_event import StationEvent
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Verdict
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate


@dataclass(frozen=True, slots=True)
class SignedStationEvent:
    """An event whose signature is right: `raw` as received, named by `digest`."""

    raw: bytes
    digest: Digest
    event: StationEvent
    certified: Certified


def sign_station_event(event: StationEvent, *, signer: Signer) -> bytes:
    """Return the compact JWS of `event`."""
    return sign_jws(encode_json(event), typ=EVENT_TYP, signer=signer)


def open_station_event(raw: bytes, *, certificates: CertificateSource) -> SignedStationEvent:
    """Return the event in `raw`, its signature verified.

    Raises: Refused (`jws.*`, `json.*`, `time.form`; `certificate.station` when the signer is another station's).
    """
    opened = verify_jws(raw, typ=EVENT_TYP, certificates=certificates)
    event = decode_strict(opened.payload, StationEvent)
    parse_instant(event.at, field="/at")
    if opened.certified.station != event.station:
        raise Refused(Code.CERTIFICATE_STATION, field="/station", detail=f"certificate of {opened.certified.station}")
    return SignedStationEvent(raw, digest_of(raw), event, opened.certified)


def check_station_event(signed: SignedStationEvent, *, trust: Trust, at: datetime, now: datetime) -> Verdict:
    """Say whether an agent's certificate, good at `at`, stands behind the event."""
    kind = CertificateKind.AGENT
    return Verdict(check_certificate(signed.certified, kind=kind, trust=trust, at=at, now=now, prefix="event"))
