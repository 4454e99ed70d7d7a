"""What a station that joins may ask before it can sign in: which hub this is, signed, with the roots to be confirmed."""

from aiohttp import web

from hub.exchange.hub import Hub
from hub.protocol.enrolment import Enrolment, EnrolmentStatement
from hub.protocol.instants import format_instant
from hub.signing.enrolments import sign_enrolment
from hub.web.context import HUB, json_response


async def get_enrolment(request: web.Request) -> web.StreamResponse:
    """The enrolment document, signed afresh: it holds nothing secret and nothing that is trusted by itself."""
    return json_response(enrolment_of(request.app[HUB]), headers={"Cache-Control": "no-store"})


def enrolment_of(hub: Hub) -> Enrolment:
    """Return who the hub says it is now."""
    signer = hub.signer
    statement = EnrolmentStatement(
        name=signer.certified.name,
        origin=hub.trail.key.name,
        trail_key=hub.trail.key.text,
        at=format_instant(hub.clock()),
    )
    return Enrolment(
        roots=b"".join(root.pem for root in hub.trust.trust.roots).decode(),
        hub_certificate=signer.certified.pem.decode(),
        statement=sign_enrolment(statement, signer=signer).decode(),
    )
