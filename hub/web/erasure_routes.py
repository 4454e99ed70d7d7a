"""Handler of erasures: the notices that concern the calling station."""

from aiohttp import web

from hub.exchange.erasing import erasures_page
from hub.web.context import HUB, caller_of, json_response, number_of


async def get_erasures(request: web.Request) -> web.StreamResponse:
    """The notices of erased cases of the calling station, behind a leaf."""
    caller = caller_of(request)
    after = number_of(request.query.get("after"), field="after", default=0)
    page = await request.app[HUB].readers.read(lambda tx: erasures_page(tx, caller.station, after=after))
    return json_response(page)
