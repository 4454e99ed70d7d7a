"""Joining a hub: fetch what it says of itself, have the root confirmed by a person, check everything else against that root.

First contact can verify nothing, not even over TLS: what comes is only an offer, and nothing of it is stored before its root
is confirmed. Over TLS the offer is then fetched again, from a hub whose certificate that root vouches for.
"""

import re
import ssl
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.protocol.codes import Code
from hub.protocol.enrolment import Enrolment, EnrolmentStatement
from hub.protocol.errors import Refused
from hub.signing.certificates import Certified, known, read_certificate
from hub.signing.crl import Crl, read_crl
from hub.signing.enrolments import check_enrolment, open_enrolment
from hub.signing.purposes import Purposes
from hub.signing.trust import Trust
from hub.trail.note import parse_verifier_key
from station_agent.transport import client_context, make_session, require_guarded, unreachable

MAX_DOCUMENT = 512 * 1024
MAX_CRL = 64 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=30.0)
_ADDRESS = re.compile(r"https?://[^/\s]+")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a hub said of itself: the `roots` to be confirmed, its own `hub_certificate`, its `statement` (compact JWS) and
    the revocation list. Trusted for nothing yet."""

    roots: tuple[Certified, ...]
    hub_certificate: Certified
    statement: bytes
    crl: Crl


async def fetch_offer(hub: str, *, purposes: Purposes, roots: tuple[Certified, ...] = ()) -> Offer:
    """Return what the hub at the address `hub` says of itself; with confirmed `roots`, only over a line they vouch for.

    Raises: Refused (`enrolment.form`, `station.hub_plain`, `cert.form`, `crl.form`), Unavailable (E501, `hub.tls_*`) when it
    does not answer.
    """
    if _ADDRESS.fullmatch(hub) is None:
        raise Refused(Code.ENROLMENT_FORM, field="--hub", detail=hub[:80])
    require_guarded(hub)
    async with make_session(client_context(roots) if roots else _before_trust()) as session:
        document = await _get(session, f"{hub}/v1/enrolment", MAX_DOCUMENT)
        crl = await _get(session, f"{hub}/v1/crl", MAX_CRL)
    return read_offer(document, crl, purposes=purposes)


def read_offer(document: bytes, crl: bytes, *, purposes: Purposes) -> Offer:
    """Return what a hub's enrolment document and its revocation list say. Nothing is trusted or verified by this.

    Raises: Refused (`enrolment.form`, `cert.form`, `crl.form`).
    """
    try:
        enrolment = msgspec.json.decode(document, type=Enrolment)
        pems = x509.load_pem_x509_certificates(enrolment.roots.encode())
    except (msgspec.DecodeError, ValueError, x509.InvalidVersion) as error:
        raise Refused(Code.ENROLMENT_FORM, detail=type(error).__name__) from error
    return Offer(
        roots=tuple(read_certificate(pem.public_bytes(Encoding.DER), purposes=purposes) for pem in pems),
        hub_certificate=read_certificate(enrolment.hub_certificate.encode(), purposes=purposes),
        statement=enrolment.statement.encode(),
        crl=read_crl(crl),
    )


def accept_offer(
    offer: Offer, *, roots: tuple[Certified, ...], purposes: Purposes, now: datetime
) -> EnrolmentStatement:
    """Return the hub's statement if a root that was confirmed vouches for the hub's certificate, and that signed it.

    Raises: Refused (`root.not_confirmed`, `jws.*`, `enrolment.trail_key`, NotVerified with every check).
    """
    if not roots:
        raise Refused(Code.ROOT_NOT_CONFIRMED)
    signed = open_enrolment(offer.statement, certificates=known([offer.hub_certificate]))
    check_enrolment(signed, trust=Trust(roots, crls=(offer.crl,), purposes=purposes), now=now).require()
    statement = signed.statement
    try:
        key = parse_verifier_key(statement.trail_key)
    except Refused as error:
        raise Refused(Code.ENROLMENT_TRAIL_KEY, detail=error.code.value) from error
    if key.name != statement.origin:
        raise Refused(Code.ENROLMENT_TRAIL_KEY, detail=statement.origin)
    return statement


async def _get(session: aiohttp.ClientSession, url: str, most: int) -> bytes:
    try:
        async with session.get(url, allow_redirects=False, timeout=_TIMEOUT) as answer:
            if answer.status != 200:
                raise Refused(Code.ENROLMENT_FORM, detail=f"HTTP {answer.status}")
            raw = await answer.content.read(most + 1)
            while chunk := await answer.content.read(most + 1 - len(raw)) if len(raw) <= most else b"":
                raw += chunk
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unreachable(error) from error
    if len(raw) > most:
        raise Refused(Code.ENROLMENT_FORM, detail="too large")
    return raw


def _before_trust() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Nothing is known yet that could vouch for the hub: what comes over this line counts only once a person has confirmed
    # its root's fingerprint, and is then fetched again over a line that this root vouches for.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
