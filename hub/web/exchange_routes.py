"""Handlers of the exchange itself: sign in, submit, fetch, wait, registry."""

import asyncio
import contextlib
import re

from aiohttp import web

from hub.exchange.accept import accept, rejection
from hub.exchange.deliver import mailbox_page, newest_cursor, sent_page
from hub.exchange.prove import growth_since
from hub.exchange.registry import register_own_certificate
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.exchange import Directory
from hub.protocol.media_types import EVENT_STREAM, JOSE, PEM, PKIX_CRL
from hub.store.stations import stations_known
from hub.web.context import HUB, TOKENS, caller_of, json_response, number_of
from hub.web.pace import read_body
from hub.web.problems import problem_response

MAX_CERTIFICATE = 64 * 1024
_JOSE = {"Content-Type": JOSE}


async def post_token(request: web.Request) -> web.StreamResponse:
    """Token endpoint (RFC 6749, 3.2; RFC 7523)."""
    await read_body(request, request.app[HUB].settings.limits)
    form = await request.post()
    token = await request.app[TOKENS].issue(form)
    return json_response(token, headers={"Cache-Control": "no-store"})


async def post_envelope(request: web.Request) -> web.StreamResponse:
    """Take an envelope; the answer is its signed receipt, 201 at first, 200 for the same bytes again."""
    caller = caller_of(request)
    hub = request.app[HUB]
    raw = await read_body(request, hub.settings.limits)
    try:
        accepted = await accept(raw, caller=caller.station, hub=hub)
    except Refused as refusal:
        return problem_response(refusal, receipt=rejection(raw, refusal, hub=hub))
    return web.Response(body=accepted.receipt, status=200 if accepted.repeated else 201, headers=_JOSE)


async def get_mailbox(request: web.Request) -> web.StreamResponse:
    """The caller's deliveries after a cursor."""
    caller = caller_of(request)
    hub = request.app[HUB]
    most = hub.settings.limits.mailbox_page
    after = number_of(request.query.get("after"), field="after", default=0)
    limit = number_of(request.query.get("limit"), field="limit", default=100)
    page = await mailbox_page(hub.readers, caller.station, after=after, limit=max(1, min(limit, most)))
    return json_response(page)


async def get_sent(request: web.Request) -> web.StreamResponse:
    """What the caller has sent, after a cursor."""
    caller = caller_of(request)
    hub = request.app[HUB]
    most = hub.settings.limits.mailbox_page
    after = number_of(request.query.get("after"), field="after", default=0)
    limit = number_of(request.query.get("limit"), field="limit", default=100)
    page = await sent_page(hub.readers, caller.station, after=after, limit=max(1, min(limit, most)))
    return json_response(page)


async def get_growth(request: web.Request) -> web.StreamResponse:
    """The trail's newest checkpoint, and the proof that it adds to the tree that the caller has seen."""
    caller_of(request)
    size = number_of(request.query.get("since"), field="since", default=0)
    return json_response(await request.app[HUB].readers.read(lambda tx: growth_since(tx, size)))


async def get_events(request: web.Request) -> web.StreamResponse:
    """Event stream: `mailbox` with the newest cursor as its id whenever there is something new, `checkpoint` when there is one
    to cosign, `seals` when something befell a seal, `case-acts` when a case was urged or a limit extended (WHATWG HTML, 9.2)."""
    caller = caller_of(request)
    hub, office = request.app[HUB], request.app[TOKENS]
    seen = number_of(request.headers.get("Last-Event-ID"), field="Last-Event-ID", default=0)
    response = web.StreamResponse(headers={"Content-Type": EVENT_STREAM, "Cache-Control": "no-store"})
    await response.prepare(request)
    woken = hub.wake_ups.listen(caller.station, most=hub.settings.limits.streams_per_station)
    seals, acts = hub.wake_ups.seals, hub.wake_ups.case_acts
    offered = hub.offers.offered  # the present one is asked for by whoever signs in
    try:
        await response.write(b"retry: 2000\n\n")
        while hub.wake_ups.wakes(caller.station, woken) and not office.is_cut(caller):
            woken.clear()
            newest = await newest_cursor(hub.readers, caller.station)
            if newest > seen:
                seen = newest
                await response.write(b'id: %d\nevent: mailbox\ndata: {"cursor":%d}\n\n' % (newest, newest))
            if hub.wake_ups.seals != seals:
                seals = hub.wake_ups.seals
                await response.write(b"event: seals\ndata: {}\n\n")
            if hub.wake_ups.case_acts != acts:
                acts = hub.wake_ups.case_acts
                # An agent one version behind passes over a name that it does not know.
                await response.write(b"event: case-acts\ndata: {}\n\n")
            if (offer := hub.offers.offered) is not None and offer is not offered:
                offered = offer
                await response.write(b'event: checkpoint\ndata: {"size":%d}\n\n' % offer.size)
            if await _woken(woken, hub.settings.limits.heartbeat_s):
                continue
            # A comment: it keeps proxies from closing the stream, and a write is how a dead client is noticed.
            await response.write(b":\n\n")
    except (ConnectionResetError, ConnectionAbortedError):
        pass
    finally:
        hub.wake_ups.forget(caller.station, woken)
    return response


async def _woken(woken: asyncio.Event, timeout_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), timeout_s)
        return True
    return False


async def get_certificate(request: web.Request) -> web.StreamResponse:
    """A registered certificate, or the hub's own, by its x5t#S256."""
    x5t = request.match_info["x5t"]
    if re.fullmatch(r"[0-9A-Za-z_-]{43}", x5t, re.ASCII) is None:
        raise Refused(Code.CERTIFICATE_UNKNOWN)
    hub = request.app[HUB]
    own = {certified.x5t: certified for certified in hub.own_certificates}
    certified = own.get(x5t) or hub.trust.certificate(x5t)
    if certified is None:
        raise Refused(Code.CERTIFICATE_UNKNOWN)
    return web.Response(body=certified.pem, content_type=PEM)


async def post_certificate(request: web.Request) -> web.StreamResponse:
    """Register a certificate of the caller's own station."""
    caller = caller_of(request)
    raw = await read_body(request, request.app[HUB].settings.limits)
    if len(raw) > MAX_CERTIFICATE:
        raise Refused(Code.REQUEST_TOO_LARGE, values={"limit": MAX_CERTIFICATE})
    new = await register_own_certificate(raw, caller=caller.station, hub=request.app[HUB])
    return web.Response(status=201 if new else 204)


async def get_crl(request: web.Request) -> web.StreamResponse:
    """The revocation list in force, DER."""
    book = request.app[HUB].trust
    book.refresh()
    if book.crl is None:
        raise Refused(Code.CRL_MISSING)
    return web.Response(body=book.crl.der, content_type=PKIX_CRL)


async def get_directory(request: web.Request) -> web.StreamResponse:
    """All stations."""
    caller_of(request)
    return json_response(Directory(stations=await request.app[HUB].readers.read(stations_known)))
