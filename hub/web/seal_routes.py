"""Handlers of seals: the signed list, registered impressions, stations' statements, alarms."""

from aiohttp import web

from hub.exchange.seal_list import current_seal_list
from hub.exchange.specimens import specimen_file, state_specimens
from hub.exchange.statements import alarms_for, take_statement
from hub.protocol.exchange import Alarms
from hub.protocol.identifiers import parse_digest, parse_station
from hub.protocol.media_types import JOSE
from hub.web.blob_routes import OCTETS
from hub.web.context import HUB, caller_of, json_response


async def get_seals(request: web.Request) -> web.StreamResponse:
    """The signed list of seals as they are now."""
    caller_of(request)
    raw = await current_seal_list(request.app[HUB])
    return web.Response(body=raw, headers={"Content-Type": JOSE, "Cache-Control": "no-store"})


async def get_specimens(request: web.Request) -> web.StreamResponse:
    """The hub's signed word on the impressions registered with a station's seals."""
    caller, station = caller_of(request), parse_station(request.match_info["station"])
    raw = await state_specimens(station, caller=caller.station, hub=request.app[HUB])
    return web.Response(body=raw, headers={"Content-Type": JOSE, "Cache-Control": "no-store"})


async def get_specimen(request: web.Request) -> web.StreamResponse:
    """The file of one impression."""
    caller, station = caller_of(request), parse_station(request.match_info["station"])
    digest = parse_digest(request.match_info["digest"])
    raw = await specimen_file(station, digest, caller=caller.station, hub=request.app[HUB])
    return web.Response(body=raw, headers={"Content-Type": OCTETS, "Cache-Control": "no-store"})


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
