"""Handlers of the trail: the checkpoint, tiles and entry bundles (C2SP tlog-tiles), without signing in."""

from aiohttp import web

from hub.exchange.tiles import tile_of
from hub.store.trail_log import head_of
from hub.web.context import HUB

OCTETS = "application/octet-stream"
# A tile of a given path is the same for ever; only the checkpoint moves.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
NEWEST = {"Cache-Control": "no-cache"}


async def get_checkpoint(request: web.Request) -> web.StreamResponse:
    """The newest checkpoint, a signed note."""
    head = await request.app[HUB].readers.read(head_of)
    return web.Response(text=head.checkpoint, content_type="text/plain", charset="utf-8", headers=NEWEST)


async def get_tile(request: web.Request) -> web.StreamResponse:
    """A hash tile or an entry bundle."""
    path = f"tile/{request.match_info['tile']}"
    raw = await request.app[HUB].readers.read(lambda tx: tile_of(tx, path))
    return web.Response(body=raw, content_type=OCTETS, headers=FOR_EVER)
