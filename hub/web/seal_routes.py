"""Handlers of seals: the signed list, stations' statements, alarms."""

from aiohttp import web

from hub.exchange.seal_list import current_seal_list
from hub.exchange.statements import alarms_for, take_statement
from hub.protocol.exchange import Alarms
from hub.protocol.media_types import JOSE
from hub.web.context import HUB, caller_of, json_response


async def get_seals(request: web.Request) -> web.StreamResponse:
    """The signed list of seals as they are now."""
    caller_of(request)
    raw = await current_seal_list(request.app[HUB])
    return web.Response(body=raw, headers={"Content-Type": JOSE, "Cache-Control": "no-store"})


async def post_statement(request: web.Request) -> web.StreamResponse:
    """Take a signed statement of the caller's station."""
    caller = caller_of(request)
    new = await take_statement(await request.read(), caller=caller.station, hub=request.app[HUB])
    return web.Response(status=201 if new else 204)


async def get_alarms(request: web.Request) -> web.StreamResponse:
    """The alarms that concern the calling station."""
    caller = caller_of(request)
    raws = await alarms_for(caller.station, hub=request.app[HUB])
    return json_response(Alarms(alarms=tuple(raw.decode() for raw in raws)))
