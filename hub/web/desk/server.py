"""The hub's desk as a process: opens the data folder, serves the pages, and keeps the index of cases up to date."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from hub.exchange.limits import usual_reckoning
from hub.exchange.search_index import begin, index_some
from hub.pages.drafts import keep_draft
from hub.pages.edge import Pages
from hub.pages.serving import listening, serve_pages
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError
from hub.web.desk.frame import frame_of
from hub.web.desk.ground import Ground, open_ground
from hub.web.desk.officials import Official
from hub.web.desk.routes import ROUTES
from hub.web.desk.rules import require_rule

log = logging.getLogger(__name__)
PACKAGE = "hub.web.desk"
LOOK_EVERY_S = 1.0


PAGES: Pages[Ground, Official] = Pages(
    package=PACKAGE,
    cookie="hanxun_hub_desk",
    routes=ROUTES,
    frame=frame_of,
    require_rule=require_rule,
    keep_typed=keep_draft,
    statuses={Code.CASE_UNKNOWN: HTTPStatus.NOT_FOUND, Code.DESK_REASON: HTTPStatus.UNPROCESSABLE_ENTITY},
)


async def keep_index(ground: Ground) -> None:
    """Keep the index of cases behind what the hub files, until cancelled."""
    rules = usual_reckoning()
    await asyncio.to_thread(begin, ground.engine, rules)
    while True:
        try:
            done = await asyncio.to_thread(index_some, ground.readers, ground.engine, rules)
        except (DatabaseError, HanxunError) as error:
            # The store is busy or away: what is filed meanwhile is indexed later.
            log.warning("index stands still error=%s", type(error).__name__)
            done = 0
        await asyncio.sleep(0 if done else LOOK_EVERY_S)


async def serve_desk(
    data: Path,
    passphrase: bytes,
    *,
    host: str | None = None,
    port: int | None = None,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Serve the desk of the hub in `data` until SIGTERM, SIGINT or `stop`; `ready` gets the address.

    `host` and `port` replace those of `[desk]`. Raises: Refused (`desk.listen`, as `open_ground`), OSError when the address
    is taken.
    """
    ground = open_ground(data, passphrase)
    indexing = asyncio.create_task(keep_index(ground))
    try:
        where = listening(data, ground.settings.desk, passphrase, host=host, port=port)
        await serve_pages(PAGES, ground, ground.sessions, where, ready=ready, stop=stop, clock=clock)
    finally:
        indexing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await indexing
        ground.close()
