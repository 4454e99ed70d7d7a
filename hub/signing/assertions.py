"""How an agent says who it is: `private_key_jwt` (RFC 7523), signed by its certificate's key and spent once.

The token is opened by this package's own strict JWS; joserfc judges the registered claims.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.strict_json import encode_json, parse_strict
from hub.signing.certificates import CertificateSource, Certified
from hub.signing.jws import sign_jws, verify_jws
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind

# draft-ietf-oauth-rfc7523bis, 3: a type of its own, so that no other signed thing passes for a sign-in.
ASSERTION_TYP = "client-authentication+jwt"
LIFETIME = timedelta(seconds=120)
LEEWAY = timedelta(seconds=30)
JtiClaim = Callable[[str, datetime], bool]
"""Takes (jti, time until which it must be remembered); True when it was not seen before."""


def make_assertion(signer: Signer, audience: str, now: datetime, jti: str) -> bytes:
    """Return the client assertion of the signer's station for `audience` (the hub's address), good for two minutes.

    `jti` must be new for each (a UUID). Raises: Refused (`cert.purpose`) when the signer is no agent.
    """
    _require_agent(signer.certified)
    issued = int(now.timestamp())
    claims = {
        "iss": signer.certified.station,
        "sub": signer.certified.station,
        "aud": audience,
        "jti": jti,
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
    }
    return sign_jws(encode_json(claims), typ=ASSERTION_TYP, signer=signer)


def read_assertion(
    raw: bytes,
    certificates: CertificateSource,
    audience: str,
    now: datetime,
    *,
    claim_jti: JtiClaim | None = None,
) -> Certified:
    """Return the certificate of the agent that `raw` speaks for; whether it is trusted is for `check_certificate`.

    Raises: NotPermitted (`assertion.invalid`, `assertion.expired`, `assertion.repeated`).
    """
    try:
        opened = verify_jws(raw, typ=ASSERTION_TYP, certificates=certificates)
        _require_agent(opened.certified)
        claims = parse_strict(opened.payload)
        station: ClaimsOption = {"essential": True, "value": str(opened.certified.station)}
        registry = JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=int(LEEWAY.total_seconds()),
            iss=station,
            sub=station,
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        registry.validate(claims)
    except (Refused, JoseError) as error:
        too_early = isinstance(error, InvalidClaimError) and error.claim in ("iat", "nbf")
        expired = isinstance(error, ExpiredTokenError) or too_early
        code = Code.ASSERTION_EXPIRED if expired else Code.ASSERTION_INVALID
        raise NotPermitted(code, detail=str(error)[:120]) from error
    expires_at = _expiry(claims["iat"], claims["exp"])
    if not isinstance(claims["jti"], str) or len(claims["jti"]) > 64:
        raise NotPermitted(Code.ASSERTION_INVALID, detail="jti")
    if claim_jti is not None and not claim_jti(claims["jti"], expires_at + LEEWAY):
        raise NotPermitted(Code.ASSERTION_REPEATED)
    return opened.certified


def _expiry(iat: object, exp: object) -> datetime:
    # A long life would have to be remembered for as long, and a stolen one used for as long.
    if not isinstance(iat, int) or not isinstance(exp, int) or not 0 < exp - iat <= LIFETIME.total_seconds():
        raise NotPermitted(Code.ASSERTION_INVALID, detail="exp")
    return datetime.fromtimestamp(exp, UTC)


def _require_agent(certified: Certified) -> None:
    if CertificateKind.AGENT not in certified.kinds or certified.station is None:
        raise Refused(Code.CERT_PURPOSE, detail=f"{certified.kind} certificate")
