"""Handler of administrators' acts about late cases: those about cases of the calling station."""

import sqlalchemy as sa
from aiohttp import web

from hub.protocol.case_acts import CaseActItem, CaseActs
from hub.protocol.identifiers import StationId
from hub.store.case_acts import case_acts_for
from hub.web.context import HUB, caller_of, json_response, number_of

AT_ONCE = 100


async def get_case_acts(request: web.Request) -> web.StreamResponse:
    """What administrators urged and extended of the calling station's cases, behind a number."""
    station = caller_of(request).station
    after = number_of(request.query.get("after"), field="after", default=0)
    return json_response(await request.app[HUB].readers.read(lambda tx: _page(tx, station, after)))


def _page(tx: sa.Connection, station: StationId, after: int) -> CaseActs:
    found = case_acts_for(tx, station, after=after, limit=AT_ONCE + 1)
    items = tuple(CaseActItem(number=number, act=raw.decode()) for number, raw in found[:AT_ONCE])
    return CaseActs(acts=items, more=len(found) > AT_ONCE)
