"""Handlers about the service itself: is it alive, does it take envelopes, what does it offer."""

from aiohttp import web

from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable
from hub.protocol.media_types import JSON
from hub.web.context import HUB

OPENAPI = web.AppKey("openapi", bytes)


async def get_openapi(request: web.Request) -> web.StreamResponse:
    """The OpenAPI document, made at start."""
    return web.Response(body=request.app[OPENAPI], content_type=JSON)


async def get_health(_request: web.Request) -> web.StreamResponse:
    """The process answers."""
    return web.Response(text="ok\n")


async def get_ready(request: web.Request) -> web.StreamResponse:
    """Envelopes are taken. Raises: Unavailable while stopping or after damage."""
    if not request.app[HUB].writer.serving:
        raise Unavailable(Code.HUB_STOPPING)
    return web.Response(text="ok\n")
