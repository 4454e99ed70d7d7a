"""Handlers about the service itself: is it alive, does it take envelopes, what does it offer."""

from aiohttp import web

from hub.protocol.media_types import JSON
from hub.web.context import HUB, json_response

OPENAPI = web.AppKey("openapi", bytes)


async def get_openapi(request: web.Request) -> web.StreamResponse:
    """The OpenAPI document, made at start."""
    return web.Response(body=request.app[OPENAPI], content_type=JSON)


async def get_health(_request: web.Request) -> web.StreamResponse:
    """The process answers."""
    return web.Response(text="ok\n")


async def get_ready(request: web.Request) -> web.StreamResponse:
    """Whether envelopes are taken, with every reason why not; 503 when there is one."""
    readiness = request.app[HUB].watch.readiness()
    return json_response(readiness, status=200 if readiness.ready else 503, headers={"Cache-Control": "no-store"})
