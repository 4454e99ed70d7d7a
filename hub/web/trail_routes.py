"""Handlers of the trail: checkpoint, tiles and entries without signing in; cosigning and proofs for stations."""

from aiohttp import web

from hub.exchange.station_events import log_events
from hub.exchange.tiles import tile_of
from hub.exchange.witnessing import (
    MAX_LEAVES_ASKED,
    cosigned_checkpoint,
    file_cosignature,
    offer_for,
    prove_leaves,
    read_cosignature,
    register_witness,
    witness_of,
    witnessed,
)
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.station_event import StationEvents
from hub.protocol.strict_json import decode_strict
from hub.protocol.trail_keys import TrailKeysList
from hub.store.trail_keys import trail_keys_installed
from hub.web.context import HUB, caller_of, json_response, number_of

OCTETS = "application/octet-stream"
# A tile of a given path is the same for ever; only the checkpoint moves.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
NEWEST = {"Cache-Control": "no-cache"}


async def get_checkpoint(request: web.Request) -> web.StreamResponse:
    """The newest checkpoint, a signed note, with the cosignatures it has."""
    note = await request.app[HUB].readers.read(cosigned_checkpoint)
    return web.Response(text=note, content_type="text/plain", charset="utf-8", headers=NEWEST)


async def get_tile(request: web.Request) -> web.StreamResponse:
    """A hash tile or an entry bundle."""
    path = f"tile/{request.match_info['tile']}"
    raw = await request.app[HUB].readers.read(lambda tx: tile_of(tx, path))
    return web.Response(body=raw, content_type=OCTETS, headers=FOR_EVER)


async def get_trail_keys(request: web.Request) -> web.StreamResponse:
    """The statements of the trail's keys, oldest first."""
    raws = await request.app[HUB].readers.read(trail_keys_installed)
    return json_response(TrailKeysList(statements=tuple(raw.decode() for raw in raws)), headers=NEWEST)


async def get_witnesses(request: web.Request) -> web.StreamResponse:
    """How far the trail is cosigned, and by which stations."""
    caller_of(request)
    return json_response(await request.app[HUB].readers.read(witnessed))


async def post_witness(request: web.Request) -> web.StreamResponse:
    """Take the witness key of the caller's station."""
    caller = caller_of(request)
    raw = await request.read()
    new = await register_witness(raw, caller=caller.station, hub=request.app[HUB])
    return web.Response(status=201 if new else 204)


async def get_offer(request: web.Request) -> web.StreamResponse:
    """What the caller is asked to cosign: an add-checkpoint request (C2SP tlog-witness); 204: nothing new."""
    caller_of(request)
    hub = request.app[HUB]
    old = number_of(request.query.get("old"), field="old", default=0)
    offered = hub.offers.offered
    raw = None if offered is None else await hub.readers.read(lambda tx: offer_for(tx, offered, old))
    if raw is None:
        return web.Response(status=204)
    return web.Response(body=raw, content_type="text/plain", charset="utf-8", headers=NEWEST)


async def post_cosignature(request: web.Request) -> web.StreamResponse:
    """Take the caller's cosignature: the signed checkpoint with its line under it."""
    caller, hub = caller_of(request), request.app[HUB]
    raw = await request.read()
    witness = await hub.readers.read(lambda tx: witness_of(tx, caller.station))
    taken = read_cosignature(raw, log_key=hub.trail.key, witness=witness)
    await hub.writer.run(lambda tx: file_cosignature(tx, taken))
    return web.Response(status=204)


async def get_proofs(request: web.Request) -> web.StreamResponse:
    """Inclusion proofs of the leaves asked for, against one cosigned checkpoint."""
    caller_of(request)
    asked = request.query.getall("leaf", [])
    if len(asked) > MAX_LEAVES_ASKED:
        raise Refused(Code.REQUEST_FORM, field="leaf")
    leaves = [number_of(text, field="leaf") for text in asked]
    return json_response(await request.app[HUB].readers.read(lambda tx: prove_leaves(tx, leaves)))


async def post_events(request: web.Request) -> web.StreamResponse:
    """Log what happened at the caller's station."""
    caller = caller_of(request)
    asked = decode_strict(await request.read(), StationEvents)
    logged = await log_events([text.encode() for text in asked.events], caller=caller.station, hub=request.app[HUB])
    return json_response(logged)
