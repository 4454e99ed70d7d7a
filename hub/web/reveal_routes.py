"""Handler of looks in full: those at cases of the calling station."""

import sqlalchemy as sa
from aiohttp import web

from hub.protocol.identifiers import StationId
from hub.protocol.reveals import RevealItem, Reveals
from hub.store.desk import reveals_for
from hub.web.context import HUB, caller_of, json_response, number_of

AT_ONCE = 100


async def get_reveals(request: web.Request) -> web.StreamResponse:
    """Who was shown a case of the calling station in full, behind a number."""
    station = caller_of(request).station
    after = number_of(request.query.get("after"), field="after", default=0)
    return json_response(await request.app[HUB].readers.read(lambda tx: _page(tx, station, after)))


def _page(tx: sa.Connection, station: StationId, after: int) -> Reveals:
    found = reveals_for(tx, station, after=after, limit=AT_ONCE + 1)
    items = tuple(RevealItem(number=number, act=raw.decode()) for number, _, raw in found[:AT_ONCE])
    return Reveals(reveals=items, more=len(found) > AT_ONCE)
