"""A witness's key: its name in the log, and the agent's signed word that its station cosigns with it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.media_types import WITNESS_TYP
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.verdict import Verdict
from hub.protocol.witness import WitnessKey
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust, check_certificate
from hub.trail.note import KeyType, VerifierKey, parse_verifier_key


@dataclass(frozen=True, slots=True)
class SignedWitnessKey:
    """An introduction whose signature is right: `raw` as received."""

    raw: bytes
    stated: WitnessKey
    key: VerifierKey
    certified: Certified


def witness_name(origin: str, station: StationId) -> str:
    """Return the name under which a station cosigns the log `origin`."""
    return f"{origin}/witness/{station}"


def introduce_witness(key: VerifierKey, *, station: StationId, at: datetime, signer: Signer) -> bytes:
    """Return the agent's introduction of its witness key (compact JWS)."""
    stated = WitnessKey(station=station, key=key.text, at=format_instant(at))
    return sign_jws(encode_json(stated), typ=WITNESS_TYP, signer=signer)


def open_witness_key(raw: bytes, *, origin: str, certificates: CertificateSource) -> SignedWitnessKey:
    """Return the introduction in `raw`, its signature verified.

    Raises: Refused (`jws.*`, `json.*`, `time.form`, `note.key_*`, `witness.name` for another station's or log's name,
    `certificate.station` when the signer is another station's).
    """
    opened = verify_jws(raw, typ=WITNESS_TYP, certificates=certificates)
    stated = decode_strict(opened.payload, WitnessKey)
    parse_instant(stated.at, field="/at")
    key = parse_verifier_key(stated.key)
    if key.key_type is not KeyType.COSIGNATURE:
        raise Refused(Code.NOTE_KEY_TYPE)
    if key.name != witness_name(origin, stated.station):
        raise Refused(Code.WITNESS_NAME, field="/key", detail=key.name)
    if opened.certified.station != stated.station:
        raise Refused(Code.CERTIFICATE_STATION, field="/station", detail=f"certificate of {opened.certified.station}")
    return SignedWitnessKey(raw, stated, key, opened.certified)


def check_witness_key(signed: SignedWitnessKey, *, trust: Trust, now: datetime) -> Verdict:
    """Say whether an agent's certificate, good when it was signed, stands behind the key."""
    at = parse_instant(signed.stated.at)
    kind = CertificateKind.AGENT
    return Verdict(check_certificate(signed.certified, kind=kind, trust=trust, at=at, now=now, prefix="witness"))
